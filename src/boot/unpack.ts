import { Decompress } from 'fzstd'
import { ImageError } from '../errors/index.ts'
import { flattenElf, isElf } from './elf.ts'

/** The most a file to be unpacked may have: a vmlinux with all that debuggers want to know. */
export const MAX_WRAPPED = 2 ** 30

/** The most it may become: several times what a kernel with everything in it takes. */
const MAX_UNPACKED = 2 ** 28

/** An EFI zboot kernel in whose payload there is a packed one would be two; more is nonsense. */
const MAX_LAYERS = 4

/**
 * EFI zboot, drivers/firmware/efi/libstub/zboot-header.S (v6.12): "MZ", then
 *
 *    4  "zimg"
 *    8  u32 offset of the payload
 *   12  u32 size of the payload
 *   24  name of the compression, ends with a zero byte
 */
const ZBOOT = { offset: 8, size: 12, compression: 24, end: 56 } as const

interface Wrapping {
  readonly matches: (bytes: Buffer) => boolean
  /** @throws anything, if the bytes are damaged */
  readonly unwrap: (path: string, bytes: Buffer) => Buffer
}

const WRAPPINGS: readonly Wrapping[] = [
  { matches: bytes => startsWith(bytes, '\x1f\x8b'), unwrap: (_, bytes) => gunzip(bytes) },
  { matches: bytes => startsWith(bytes, '\x28\xb5\x2f\xfd'), unwrap: (_, bytes) => unzstd(bytes) },
  { matches: isZboot, unwrap: zbootPayload },
  { matches: isElf, unwrap: flattenElf },
]

/** Whether an image with this start must be unpacked before it can be loaded. */
export function isWrapped(head: Buffer): boolean {
  return WRAPPINGS.some(({ matches }) => matches(head))
}

/**
 * The image in a compressed file (gzip, zstd), in an EFI zboot kernel, or in an ELF vmlinux, and in
 * any of them within another.
 *
 * @param path for messages
 * @throws {@link ImageError} `FORMAT`: it is damaged, too large, or of a kind that cannot be unpacked
 */
export function unwrapImage(path: string, bytes: Buffer): Buffer {
  let image = bytes
  for (let layer = 0; layer < MAX_LAYERS; layer++) {
    const wrapping = WRAPPINGS.find(({ matches }) => matches(image))
    if (wrapping === undefined) return image
    image = attempt(path, () => wrapping.unwrap(path, image))
  }
  throw new ImageError('FORMAT', `${path} is packed more than ${MAX_LAYERS} times over`)
}

function attempt(path: string, unwrap: () => Buffer): Buffer {
  try {
    return unwrap()
  } catch (error) {
    if (error instanceof ImageError) throw error
    throw new ImageError('FORMAT', `${path} cannot be unpacked`, {
      why: error instanceof Error ? error.message : String(error),
      try: ['see whether the file is whole: its size, and its checksum if there is one'],
      cause: error,
    })
  }
}

function gunzip(bytes: Buffer): Buffer {
  try {
    // Asked for here: it takes longer to load than most images.
    const { gunzipSync } = process.getBuiltinModule('node:zlib')
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED })
  } catch (error) {
    const isTooMuch =
      error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    throw isTooMuch ? tooMuch() : error
  }
}

/** zlib of Node has zstd from 22.15 on only. */
function unzstd(bytes: Buffer): Buffer {
  const claimed = zstdSize(bytes)
  if (claimed > MAX_UNPACKED) throw tooMuch()
  const blocks: Uint8Array[] = []
  let size = 0
  const stream = new Decompress(block => {
    size += block.length
    if (size > MAX_UNPACKED) throw tooMuch()
    blocks.push(block.slice())
  })
  stream.push(bytes, true)
  return Buffer.concat(blocks)
}

function tooMuch(): RangeError {
  return new RangeError(`it would have more than ${MAX_UNPACKED} bytes`)
}

/**
 * What the header of a zstd frame makes a decoder allocate: the size of the content if it is in a
 * single segment, else the window. RFC 8878, 3.1.1.1.
 */
function zstdSize(bytes: Buffer): number {
  const descriptor = bytes[4] ?? 0
  const isSingle = (descriptor & 0x20) !== 0
  const offset = 5 + (isSingle ? ([0, 1, 2, 4][descriptor & 3] ?? 0) : 0)
  if (bytes.length < offset + (isSingle ? 2 ** (descriptor >> 6) : 1))
    throw new RangeError('it ends within its header')
  if (!isSingle) {
    const window = bytes.readUInt8(offset)
    return 2 ** (10 + (window >> 3)) * (1 + (window & 7) / 8)
  }
  switch (descriptor >> 6) {
    case 0:
      return bytes.readUInt8(offset)
    case 1:
      return bytes.readUInt16LE(offset) + 256
    case 2:
      return bytes.readUInt32LE(offset)
    default:
      return Number(bytes.readBigUInt64LE(offset))
  }
}

function isZboot(bytes: Buffer): boolean {
  return startsWith(bytes, 'MZ') && bytes.toString('latin1', 4, 8) === 'zimg'
}

function zbootPayload(path: string, bytes: Buffer): Buffer {
  if (bytes.length < ZBOOT.end) throw new RangeError('it ends within its header')
  const offset = bytes.readUInt32LE(ZBOOT.offset)
  const size = bytes.readUInt32LE(ZBOOT.size)
  if (offset + size > bytes.length)
    throw new RangeError(
      `its payload is ${size} bytes from ${offset} on, and it has only ${bytes.length}`,
    )
  const [compression = ''] = bytes.toString('latin1', ZBOOT.compression, ZBOOT.end).split('\0')
  if (compression !== 'gzip' && !compression.startsWith('zstd'))
    throw new ImageError(
      'FORMAT',
      `${path} is an EFI zboot kernel compressed with ${JSON.stringify(compression)}`,
      {
        why: 'tsvmm unpacks gzip and zstd',
        try: ['give arch/arm64/boot/Image of the kernel, or build it with CONFIG_KERNEL_GZIP'],
      },
    )
  return bytes.subarray(offset, offset + size)
}

function startsWith(bytes: Buffer, magic: string): boolean {
  return bytes.toString('latin1', 0, magic.length) === magic
}
