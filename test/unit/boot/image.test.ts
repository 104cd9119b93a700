import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { GuestImage } from '../../../src/boot/image.ts'
import { ImageError } from '../../../src/errors/index.ts'
import { NativeMemory } from '../../../src/native/memory.ts'
import { imageHeader } from './image-header.ts'

const MIB = 2 ** 20
const LOAD_OFFSET = 0x8_0000

/** 32 MiB of RAM whose last 4 MiB are taken; of larger RAM up to 252 MiB are free. */
const room = { ramSize: 32 * MIB, end: 28 * MIB, maxEnd: 252 * MIB }

describe('opening', () => {
  test('a flat image gives its facts', () => {
    const path = fileWith(Buffer.alloc(5000, 1))

    using image = new GuestImage(path)

    expect(image).toMatchObject({
      path,
      size: 5000,
      layout: { kind: 'flat', loadOffset: LOAD_OFFSET, memSize: 5000 },
    })
  })

  test('a packed image gives the facts of what is in it', () => {
    const path = fileWith(gzipSync(Buffer.alloc(5000, 1)))

    using image = new GuestImage(path)

    expect(image.layout).toEqual({ kind: 'flat', loadOffset: LOAD_OFFSET, memSize: 5000 })
    expect(image.size).toBeLessThan(100)
  })

  test('a packed image too large to be unpacked is TOO_LARGE', () => {
    const path = fileWith(gzipSync(Buffer.alloc(1)))
    truncateSync(path, 2 ** 31)

    expect(refusal(path)).toMatchObject({ code: 'TSVMM_IMAGE_TOO_LARGE' })
  })

  test('an image through a link is as good as the file', () => {
    const link = join(directory(), 'link')
    symlinkSync(fileWith(Buffer.alloc(4, 1)), link)

    using image = new GuestImage(link)

    expect(image.size).toBe(4)
  })

  test('a missing file is MISSING', () => {
    const path = join(directory(), 'nothing')

    expect(refusal(path)).toMatchObject({
      code: 'TSVMM_IMAGE_MISSING',
      message: `Fatal: Unable to open kernel ${path}: there is no such file`,
      exitStatus: 2,
    })
  })

  test('a path through a file is MISSING', () => {
    expect(refusal(join(fileWith(Buffer.of(1)), 'below'))).toMatchObject({
      code: 'TSVMM_IMAGE_MISSING',
    })
  })

  test('a file that cannot be opened is UNREADABLE, with the cause', () => {
    const path = join(directory(), 'loop')
    symlinkSync(path, path)

    expect(refusal(path)).toMatchObject({
      code: 'TSVMM_IMAGE_UNREADABLE',
      message: `Fatal: Unable to open kernel ${path}`,
      why: 'ELOOP: too many symbolic links encountered',
      cause: { code: 'ELOOP' },
    })
  })

  test('an empty file is EMPTY', () => {
    const path = fileWith(Buffer.alloc(0))

    expect(refusal(path)).toMatchObject({
      code: 'TSVMM_IMAGE_EMPTY',
      message: `${path} is empty`,
    })
  })

  test('a directory is NOT_A_FILE', () => {
    const path = directory()

    expect(refusal(path)).toMatchObject({
      code: 'TSVMM_IMAGE_NOT_A_FILE',
      message: `${path} is a directory, not a guest image`,
    })
  })

  test('a FIFO is NOT_A_FILE, at once, although nobody writes to it', () => {
    const path = join(directory(), 'fifo')
    execFileSync('mkfifo', [path])

    expect(refusal(path)).toMatchObject({
      code: 'TSVMM_IMAGE_NOT_A_FILE',
      message: `${path} is no regular file, as a guest image has to be`,
    })
  })

  test('a device is NOT_A_FILE', () => {
    expect(refusal('/dev/zero')).toMatchObject({ code: 'TSVMM_IMAGE_NOT_A_FILE' })
  })

  test('a file of a foreign format is refused by its name', () => {
    const path = fileWith(Buffer.from('\x7fELF'))

    expect(refusal(path)).toMatchObject({
      code: 'TSVMM_IMAGE_FORMAT',
      message: `${path} is an ELF file for an unknown machine`,
    })
  })
})

describe('loading', () => {
  test.each([1, 1023, 1024, 1025, 3 * MIB])('%i bytes arrive where they belong', size => {
    const bytes = Buffer.alloc(size, 'guest image ')
    const ram = NativeMemory.onHeap(room.ramSize)
    using image = new GuestImage(fileWith(bytes))

    image.load(ram, room)

    expect(ram.readBytes(LOAD_OFFSET, size).equals(bytes)).toBe(true)
    expect(ram.readU8(LOAD_OFFSET - 1)).toBe(0)
    expect(ram.readU8(LOAD_OFFSET + size)).toBe(0)
  })

  test('a packed image arrives unpacked', () => {
    const bytes = Buffer.alloc(3 * MIB, 'guest image ')
    const ram = NativeMemory.onHeap(room.ramSize)
    using image = new GuestImage(fileWith(gzipSync(bytes)))

    image.load(ram, room)

    expect(ram.readBytes(LOAD_OFFSET, bytes.length).equals(bytes)).toBe(true)
    expect(ram.readU8(LOAD_OFFSET + bytes.length)).toBe(0)
  })

  test('an Image goes to its text_offset', () => {
    const bytes = imageHeader({ textOffset: 0x1000n, imageSize: 0x2000n })
    const ram = NativeMemory.onHeap(room.ramSize)
    using image = new GuestImage(fileWith(bytes))

    image.load(ram, room)

    expect(ram.readBytes(0x1000, bytes.length).equals(bytes)).toBe(true)
  })

  test('an image that just fits is loaded', () => {
    const bytes = imageHeader({ textOffset: BigInt(27 * MIB), imageSize: BigInt(MIB) })
    const ram = NativeMemory.onHeap(room.ramSize)
    using image = new GuestImage(fileWith(bytes))

    image.load(ram, room)

    expect(ram.readBytes(27 * MIB, bytes.length).equals(bytes)).toBe(true)
  })

  test('an image one byte too large is refused with the RAM that would do, and RAM stays as it was', () => {
    const path = fileWith(imageHeader({ textOffset: BigInt(27 * MIB), imageSize: BigInt(MIB + 1) }))
    const ram = NativeMemory.onHeap(room.ramSize)
    using image = new GuestImage(path)

    const error = errorOf(() => image.load(ram, room))

    expect(error).toMatchObject({
      code: 'TSVMM_IMAGE_TOO_LARGE',
      message:
        `${path} (1025 KiB) does not fit into 32 MiB of RAM: ` +
        'it would end 28673 KiB from its start, and there is room up to 28 MiB',
      try: ['--mem 34M'],
    })
    expect(ram.readU8(27 * MIB + 56)).toBe(0)
  })

  test('an image for which no RAM has room is refused without a size to try', () => {
    const path = fileWith(imageHeader({ textOffset: 0n, imageSize: BigInt(253 * MIB) }))
    using image = new GuestImage(path)

    const error = errorOf(() => image.load(NativeMemory.onHeap(room.ramSize), room))

    expect(error).toMatchObject({
      code: 'TSVMM_IMAGE_TOO_LARGE',
      why: 'the room for images ends 252 MiB from the start of any RAM',
      try: [],
    })
  })

  test('a file that became shorter is UNREADABLE', () => {
    const path = fileWith(Buffer.alloc(5000, 1))
    using image = new GuestImage(path)
    truncateSync(path, 3000)

    const error = errorOf(() => image.load(NativeMemory.onHeap(room.ramSize), room))

    expect(error).toMatchObject({
      code: 'TSVMM_IMAGE_UNREADABLE',
      message: `${path} ended after 3000 of its 5000 bytes: it changed while it was read`,
    })
  })

  test('after its release an image cannot be loaded, and releasing it again is harmless', () => {
    const image = new GuestImage(fileWith(Buffer.alloc(5000, 1)))
    image[Symbol.dispose]()
    image[Symbol.dispose]()

    expect(errorOf(() => image.load(NativeMemory.onHeap(room.ramSize), room))).toMatchObject({
      cause: { code: 'EBADF' },
    })
  })
})

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'tsvmm-image-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

function fileWith(bytes: Uint8Array): string {
  const path = join(directory(), 'guest.flat')
  writeFileSync(path, bytes)
  return path
}

function refusal(path: string): ImageError {
  return errorOf(() => new GuestImage(path))
}

function errorOf(action: () => unknown): ImageError {
  try {
    action()
  } catch (error) {
    if (error instanceof ImageError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
