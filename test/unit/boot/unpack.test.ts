import fc from 'fast-check'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { decodeImageLayout } from '../../../src/boot/image-format.ts'
import { isWrapped, unwrapImage } from '../../../src/boot/unpack.ts'
import { ImageError } from '../../../src/errors/index.ts'
import { imageHeader, withSections } from './image-header.ts'

/** An arm64 Image that is told from others by its last bytes. */
const IMAGE = Buffer.concat([
  imageHeader({ textOffset: 0n, imageSize: 0x2000n }),
  Buffer.alloc(5000, 'tsvmm'),
])

const EFI_IMAGE = Buffer.concat([
  withSections(imageHeader({ textOffset: 0n, imageSize: 0x2000n }), [[512, 4000]]),
  Buffer.alloc(5000),
])

/** A zstd frame of one block that is not compressed (RFC 8878, 3.1.1). */
function zstd(content: Buffer): Buffer {
  // Single segment, content size in 4 bytes; then a last raw block.
  const header = Buffer.alloc(4 + 1 + 4 + 3)
  header.writeUInt32LE(0xfd2fb528)
  header[4] = 0xa0
  header.writeUInt32LE(content.length, 5)
  header.writeUIntLE((content.length << 3) | 1, 9, 3)
  return Buffer.concat([header, content])
}

function zboot(payload: Buffer, compression: string, offset = 64): Buffer {
  const header = Buffer.alloc(Math.max(offset, 64))
  header.write('MZ\0\0zimg', 'latin1')
  header.writeUInt32LE(offset, 8)
  header.writeUInt32LE(payload.length, 12)
  header.write(compression, 24, 'latin1')
  return Buffer.concat([header, payload, Buffer.alloc(16, 0xff)])
}

interface Segment {
  readonly type?: number
  readonly address: bigint
  readonly content: Buffer
}

function elf(segments: readonly Segment[], machine = 183): Buffer {
  const head = Buffer.alloc(64 + 56 * segments.length)
  head.write('\x7fELF\x02\x01\x01', 'latin1')
  head.writeUInt16LE(machine, 18)
  head.writeBigUInt64LE(64n, 32)
  head.writeUInt16LE(56, 54)
  head.writeUInt16LE(segments.length, 56)
  let offset = head.length
  segments.forEach(({ type = 1, address, content }, index) => {
    const at = 64 + 56 * index
    head.writeUInt32LE(type, at)
    head.writeBigUInt64LE(BigInt(offset), at + 8)
    head.writeBigUInt64LE(address, at + 16)
    head.writeBigUInt64LE(BigInt(content.length), at + 32)
    offset += content.length
  })
  return Buffer.concat([head, ...segments.map(({ content }) => content)])
}

const TEXT = 0xffff_8000_8000_0000n
const vmlinux = elf([
  { address: TEXT + 4096n, content: IMAGE.subarray(4096) },
  { address: TEXT, content: IMAGE.subarray(0, 4096) },
  { type: 4, address: 0n, content: Buffer.from('a note') },
])

describe('what is packed is unpacked to what was packed', () => {
  test.each<[string, Buffer]>([
    ['Image.gz', gzipSync(IMAGE)],
    ['Image.zst', zstd(IMAGE)],
    ['vmlinuz of a distribution, gzip', zboot(gzipSync(IMAGE), 'gzip')],
    ['vmlinuz of a distribution, zstd', zboot(zstd(IMAGE), 'zstd22')],
    ['vmlinux', vmlinux],
    ['vmlinux.gz', gzipSync(vmlinux)],
  ])('%s', (name, packed) => {
    expect(isWrapped(packed)).toBe(true)
    expect(unwrapImage(name, packed).equals(IMAGE)).toBe(true)
  })

  test('and what is not packed stays what it is', () => {
    expect(isWrapped(IMAGE)).toBe(false)
    expect(unwrapImage('Image', IMAGE)).toBe(IMAGE)
  })

  test('memory between two segments is zero', () => {
    const gap = elf([
      { address: TEXT, content: IMAGE },
      { address: TEXT + 0x4000n, content: Buffer.from('end') },
    ])
    const image = unwrapImage('vmlinux', gap)
    expect(image.length).toBe(0x4003)
    expect(image.subarray(IMAGE.length, 0x4000).every(byte => byte === 0)).toBe(true)
    expect(decodeImageLayout('vmlinux', image, image.length)).toMatchObject({ kind: 'Image' })
  })
})

describe('what cannot be unpacked is explained', () => {
  test.each<[string, Buffer, string, string | RegExp]>([
    ['half a gzip', gzipSync(IMAGE).subarray(0, 40), 'cannot be unpacked', /end of file/],
    ['the magic of a zstd', zstd(IMAGE).subarray(0, 4), 'cannot be unpacked', /within its header/],
    ['less than its header', zstd(IMAGE).subarray(0, 5), 'cannot be unpacked', /within its header/],
    ['half a zstd', zstd(IMAGE).subarray(0, 400), 'cannot be unpacked', /EOF/i],
    [
      'a zboot header and no more',
      zboot(IMAGE, 'gzip').subarray(0, 20),
      'cannot be unpacked',
      'it ends within its header',
    ],
    [
      'half a zboot',
      zboot(gzipSync(IMAGE), 'gzip').subarray(0, 70),
      'cannot be unpacked',
      /its payload is \d+ bytes from 64 on, and it has only 70/,
    ],
    [
      'a zstd that claims to be huge',
      Buffer.concat([Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40), IMAGE]),
      'cannot be unpacked',
      'it would have more than 268435456 bytes',
    ],
    [
      'a zstd with a window of terabytes',
      Buffer.concat([Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff), IMAGE]),
      'cannot be unpacked',
      'it would have more than 268435456 bytes',
    ],
    [
      'a gzip of very much',
      gzipSync(Buffer.alloc(2 ** 28 + 1), { level: 1 }),
      'cannot be unpacked',
      'it would have more than 268435456 bytes',
    ],
    ['a zboot of another kind', zboot(IMAGE, 'lzma'), 'compressed with "lzma"', /gzip and zstd/],
    [
      'a program',
      elf([{ address: 0x400000n, content: Buffer.alloc(100) }]),
      'is an ELF file for arm64, and no Linux kernel',
      'of ELF files tsvmm loads vmlinux only',
    ],
    ['an object file', elf([]), 'and no Linux kernel', /vmlinux only/],
    [
      'half a vmlinux',
      vmlinux.subarray(0, 300),
      'is a damaged ELF file',
      'a segment is not in the file',
    ],
    [
      'an ELF header and no more',
      vmlinux.subarray(0, 64),
      'is a damaged ELF file',
      'its program headers are not in the file',
    ],
    [
      'segments at both ends of memory',
      elf([
        { address: 0n, content: IMAGE },
        { address: TEXT, content: IMAGE },
      ]),
      'is a damaged ELF file',
      /its segments are \d+ bytes apart/,
    ],
  ])('%s', (name, packed, message, why) => {
    expect(() => unwrapImage(name, packed)).toThrow(
      expect.objectContaining({
        code: 'TSVMM_IMAGE_FORMAT',
        message: expect.stringContaining(message) as string,
        why: expect.stringMatching(why) as string,
      }),
    )
  })

  test('a file packed over and over is not unpacked for ever', () => {
    let packed = IMAGE
    for (let layer = 0; layer < 5; layer++) packed = gzipSync(packed)
    expect(() => unwrapImage('many', packed)).toThrow('many is packed more than 4 times over')
  })

  test('whatever is in a file, it gives an image that can be laid out, or an ImageError', () => {
    const packed = [
      IMAGE,
      EFI_IMAGE,
      gzipSync(IMAGE),
      zstd(IMAGE),
      zboot(gzipSync(IMAGE), 'gzip'),
      vmlinux,
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...packed),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 8 }),
        fc.nat(6000),
        (bytes, changes, length) => {
          const damaged = Buffer.from(bytes.subarray(0, length))
          for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value
          try {
            const image = unwrapImage('damaged', damaged)
            const { loadOffset, memSize } = decodeImageLayout('damaged', image, image.length)
            return loadOffset % 4 === 0 && memSize >= image.length && memSize <= 2 ** 40
          } catch (error) {
            return error instanceof ImageError
          }
        },
      ),
      { numRuns: 1000 },
    )
  }, 30_000)
})
