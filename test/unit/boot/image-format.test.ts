import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeImageLayout, IMAGE_HEAD_SIZE } from '../../../src/boot/image-format.ts'
import { ImageError } from '../../../src/errors/index.ts'
import { imageHeader, withSections } from './image-header.ts'

const MIB = 2 ** 20

describe('an arm64 Image', () => {
  test('goes where its header says and takes the memory it says', () => {
    const head = imageHeader({ textOffset: 0n, imageSize: BigInt(3 * MIB) })

    expect(decodeImageLayout('Image', head, 2 * MIB)).toEqual({
      kind: 'Image',
      loadOffset: 0,
      memSize: 3 * MIB,
      pageSize: 4096,
    })
  })

  test('takes at least its file', () => {
    const head = imageHeader({ textOffset: 0x1000n, imageSize: 1n })

    expect(decodeImageLayout('Image', head, 2 * MIB)).toEqual({
      kind: 'Image',
      loadOffset: 0x1000,
      memSize: 2 * MIB,
      pageSize: 4096,
    })
  })

  test('from before 3.17 goes to 512 KiB whatever its text_offset is', () => {
    const head = imageHeader({ textOffset: 0x1234_5678n, imageSize: 0n })

    expect(decodeImageLayout('Image', head, MIB).loadOffset).toBe(0x8_0000)
  })

  test('with an EFI stub is still an Image', () => {
    const head = imageHeader({ textOffset: 0n, imageSize: 1n })
    head.write('MZ', 0, 'latin1')

    expect(decodeImageLayout('Image', head, MIB).kind).toBe('Image')
  })

  test('that is big-endian is refused', () => {
    const head = imageHeader({ textOffset: 0n, imageSize: 1n, flags: 0xbn })

    expect(() => decodeImageLayout('Image', head, MIB)).toThrow(
      expect.objectContaining({
        code: 'TSVMM_IMAGE_FORMAT',
        message: 'Image is a big-endian arm64 Image',
      }),
    )
  })

  test.each([
    ['text_offset', { textOffset: 2n ** 63n, imageSize: 1n }],
    ['text_offset', { textOffset: 3n, imageSize: 1n }],
    ['image_size', { textOffset: 0n, imageSize: 2n ** 64n - 1n }],
  ])('whose %s no machine can have is refused', (_, fields) => {
    expect(() => decodeImageLayout('Image', imageHeader(fields), MIB)).toThrow(
      /damaged arm64 Image: text_offset 0x\w+, image_size 0x\w+/,
    )
  })
})

describe('an arm64 Image with an EFI stub', () => {
  const image = withSections(imageHeader({ textOffset: 0n, imageSize: BigInt(8 * MIB) }), [
    [0x1_0000, MIB],
    [0x1_0000 + MIB, MIB],
    [0, 0],
  ])

  test('is whole if its sections are', () => {
    expect(decodeImageLayout('Image', image, 2 * MIB + 0x1_0000).memSize).toBe(8 * MIB)
  })

  test('is refused if they are not', () => {
    expect(() => decodeImageLayout('Image', image, 2 * MIB + 0xffff)).toThrow(
      expect.objectContaining({
        code: 'TSVMM_IMAGE_FORMAT',
        message: 'Image is only the beginning of an arm64 Image',
        why: 'it has 2162687 bytes, and its sections end after 2162688',
      }),
    )
  })

  test.each([64, 100, 250, 330])('is refused if there are no more than %i bytes of it', length => {
    expect(() => decodeImageLayout('Image', image.subarray(0, length), length)).toThrow(
      'Image is only the beginning of an arm64 Image',
    )
  })
})

test.each([
  [0x0n, undefined],
  [0x2n, 4096],
  [0xcn, 16384],
  [0x6n, 65536],
])('flags 0x%x say what pages a kernel has: %s bytes', (flags, pageSize) => {
  const head = imageHeader({ textOffset: 0n, imageSize: 1n, flags })

  expect(decodeImageLayout('Image', head, MIB).pageSize).toBe(pageSize)
})

describe('a flat image', () => {
  test('goes to 512 KiB and takes its own size', () => {
    expect(decodeImageLayout('x.flat', Buffer.from([0x1f, 0x20, 0x03, 0xd5]), 4)).toEqual({
      kind: 'flat',
      loadOffset: 0x8_0000,
      memSize: 4,
    })
  })

  test('may be a single byte', () => {
    expect(decodeImageLayout('x.flat', Buffer.of(0), 1).kind).toBe('flat')
  })
})

describe('what cannot be loaded is called by its name', () => {
  test.each<[string, Buffer]>([
    ['an x86 kernel (bzImage)', at(0x202, 'HdrS')],
    ['a RISC-V kernel', at(56, 'RSC\x05')],
    ['a 32-bit Arm kernel (zImage)', at(0x24, '\x18\x28\x6f\x01')],
    ['an EFI or Windows program for an unknown machine', at(0, 'MZ')],
    ['an EFI or Windows program for x86-64', program(0x8664)],
    ['an EFI or Windows program for arm64', program(0xaa64)],
    ['an EFI or Windows program for an unknown machine', program(0x1234)],
    ['an ELF file for arm64, big-endian', at(0, '\x7fELF\x02\x02').fill(183, 19, 20)],
    ['an ELF file for arm64, 32 bit', at(0, '\x7fELF\x01\x01').fill(183, 18, 19)],
    ['an ELF file for arm64', at(0, '\x7fELF\x02\x01').fill(183, 18, 19)],
    ['an ELF file for x86-64', at(0, '\x7fELF\x02\x01').fill(62, 18, 19)],
    ['an ELF file for s390, big-endian', at(0, '\x7fELF\x02\x02').fill(22, 19, 20)],
    ['an ELF file for machine 513', at(0, '\x7fELF\x02\x01').fill(1, 18, 19).fill(2, 19, 20)],
    ['an ELF file for an unknown machine', Buffer.from('\x7fELF')],
    ['a file compressed with xz', at(0, '\xfd7zXZ\0')],
    ['a file compressed with bzip2', at(0, 'BZh9')],
    ['a file compressed with LZ4', at(0, '\x02\x21\x4c\x18')],
    ['a file compressed with LZ4', at(0, '\x04\x22\x4d\x18')],
    ['an initrd (cpio)', at(0, '070701')],
    ['a disk image (qcow2)', at(0, 'QFI\xfb')],
    ['a script', at(0, '#!/bin/sh')],
    ['a U-Boot image (uImage)', at(0, '\x27\x05\x19\x56')],
    ['a device tree or FIT image', at(0, '\xd0\x0d\xfe\xed')],
  ])('%s', (name, head) => {
    expect(() => decodeImageLayout('guest', head, MIB)).toThrow(
      expect.objectContaining({ code: 'TSVMM_IMAGE_FORMAT', message: `guest is ${name}` }),
    )
  })

  test('with what can be loaded, and what to do', () => {
    expect(() => decodeImageLayout('guest', at(0, 'BZh9'), MIB)).toThrow(
      expect.objectContaining({
        why: 'tsvmm loads flat binaries and arm64 kernels: Image, Image.gz, Image.zst, vmlinuz, vmlinux',
        try: ['unpack it first, with bzcat'],
      }),
    )
  })
})

test('whatever the bytes are, there is a layout that holds the file, or an ImageError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 600 }), bytes => {
      try {
        const layout = decodeImageLayout('guest', Buffer.from(bytes), bytes.length)
        expect(layout.memSize).toBeGreaterThanOrEqual(bytes.length)
      } catch (error) {
        expect(error).toBeInstanceOf(ImageError)
      }
    }),
  )
})

/** A file's head with `text` at `offset` and zeros elsewhere. */
function at(offset: number, text: string): Buffer {
  const head = Buffer.alloc(IMAGE_HEAD_SIZE)
  head.write(text, offset, 'latin1')
  return head
}

function program(machine: number): Buffer {
  const head = withSections(Buffer.alloc(64), [])
  head.writeUInt16LE(machine, 64 + 4)
  return head
}
