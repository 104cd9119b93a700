import { ImageError } from '../errors/index.ts'

/*
 * ELF-64, little-endian. include/uapi/linux/elf.h: Elf64_Ehdr, Elf64_Phdr.
 */
const EHDR = {
  class: 4,
  data: 5,
  machine: 18,
  phoff: 32,
  phentsize: 54,
  phnum: 56,
  end: 64,
} as const
const PHDR = { type: 0, offset: 8, vaddr: 16, filesz: 32, size: 56 } as const
const PT_LOAD = 1
/** `e_machine` of arm64, include/uapi/linux/elf-em.h. */
export const EM_AARCH64 = 183

/** Where the arm64 Image header, which a vmlinux begins with in memory, has its "ARM\x64". */
const IMAGE_MAGIC = 56

interface Segment {
  readonly offset: number
  readonly address: bigint
  readonly fileSize: number
}

/** An ELF file for arm64. Those for other machines are named elsewhere, as what they are. */
export function isElf(bytes: Buffer): boolean {
  return (
    bytes.length >= EHDR.end &&
    bytes.toString('latin1', 0, 4) === '\x7fELF' &&
    bytes[EHDR.class] === 2 &&
    bytes[EHDR.data] === 1 &&
    bytes.readUInt16LE(EHDR.machine) === EM_AARCH64
  )
}

/**
 * The Image in a vmlinux: its segments as they lie in memory, from the first on. That is what
 * `objcopy -O binary` makes of it in a kernel's build.
 *
 * @throws {@link ImageError} `FORMAT`: no Linux kernel, or damaged
 * @see arch/arm64/kernel/vmlinux.lds.S (v6.12): .head.text, which holds the Image's header, comes first
 */
export function flattenElf(path: string, bytes: Buffer): Buffer {
  const segments = readSegments(path, bytes)
  const start = segments.reduce(
    (least, { address }) => (address < least ? address : least),
    2n ** 64n,
  )
  const ends = segments.map(({ address, fileSize }) => Number(address - start) + fileSize)
  const size = Math.max(0, ...ends)
  // What lies in a file one after the other does not lie further apart in memory than alignment asks for.
  if (size > 2 * bytes.length + 2 ** 24) throw damaged(path, `its segments are ${size} bytes apart`)
  const image = Buffer.alloc(size)
  for (const { offset, address, fileSize } of segments)
    bytes.copy(image, Number(address - start), offset, offset + fileSize)
  if (image.toString('latin1', IMAGE_MAGIC, IMAGE_MAGIC + 4) !== 'ARM\x64')
    throw new ImageError('FORMAT', `${path} is an ELF file for arm64, and no Linux kernel`, {
      why: 'of ELF files tsvmm loads vmlinux only',
      try: ['objcopy -O binary makes a flat binary of it'],
    })
  return image
}

function readSegments(path: string, bytes: Buffer): Segment[] {
  const table = Number(bytes.readBigUInt64LE(EHDR.phoff))
  const entrySize = bytes.readUInt16LE(EHDR.phentsize)
  const count = bytes.readUInt16LE(EHDR.phnum)
  if (entrySize < PHDR.size || table + count * entrySize > bytes.length)
    throw damaged(path, 'its program headers are not in the file')
  const headers = Array.from({ length: count }, (_, index) =>
    bytes.subarray(table + index * entrySize, table + (index + 1) * entrySize),
  )
  return headers
    .filter(header => header.readUInt32LE(PHDR.type) === PT_LOAD)
    .map(header => {
      const offset = Number(header.readBigUInt64LE(PHDR.offset))
      const fileSize = Number(header.readBigUInt64LE(PHDR.filesz))
      if (offset + fileSize > bytes.length) throw damaged(path, 'a segment is not in the file')
      return { offset, fileSize, address: header.readBigUInt64LE(PHDR.vaddr) }
    })
    .filter(({ fileSize }) => fileSize > 0)
}

function damaged(path: string, why: string): ImageError {
  return new ImageError('FORMAT', `${path} is a damaged ELF file`, {
    why,
    try: ['copy or build it again'],
  })
}
