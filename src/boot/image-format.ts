import { ImageError } from '../errors/index.ts'
import { EM_AARCH64 } from './elf.ts'
import type { PageSize } from './page-size.ts'
import { peContentEnd, peMachine } from './pe.ts'

/** What the first bytes of a guest image say about how to load it. */
export interface ImageLayout {
  /** `Image`: an arm64 kernel with its header. `flat`: code from the first byte, no header. */
  readonly kind: 'flat' | 'Image'
  /** Where it is loaded, and entered: bytes from the start of RAM. */
  readonly loadOffset: number
  /** Bytes of RAM it takes from there on: the file, and memory behind it that the image claims. */
  readonly memSize: number
  /** The only pages the kernel can have, where it says so. */
  readonly pageSize?: PageSize
}

/** As much of an image's start as {@link decodeImageLayout} looks at. */
export const IMAGE_HEAD_SIZE = 1024

/** Where flat images go, and kernels from before 3.17, whose header gives no size. */
const DEFAULT_LOAD_OFFSET = 0x8_0000

/** Nothing that is meant to be loaded takes more; it keeps header fields within exact numbers. */
const PLAUSIBLE_SIZE = 2n ** 40n

/*
 * Header of an arm64 Image, little-endian (Documentation/arch/arm64/booting.rst, v6.12):
 *
 *    0  u32 code0, code1
 *    8  u64 text_offset   where to load it, from a 2 MiB boundary
 *   16  u64 image_size    memory it needs from there, BSS included; 0 before 3.17
 *   24  u64 flags         bit 0: big-endian; bits 1-2: page size, 0 is unknown
 *   56  u32 magic         "ARM\x64"
 */
const TEXT_OFFSET = 8
const IMAGE_SIZE = 16
const FLAGS = 24
const MAGIC = 56
const FLAG_BIG_ENDIAN = 1n
/** By bits 1-2 of the flags. */
const PAGE_SIZES = [undefined, 4096, 16384, 65536] as const

/** Instructions are at multiples of it. */
const CODE_ALIGNMENT = 4n

/**
 * How an image that starts with `head` is loaded.
 *
 * @param path for messages
 * @param head the first {@link IMAGE_HEAD_SIZE} bytes, or the whole file if it is shorter
 * @param fileSize bytes
 * @throws {@link ImageError} `FORMAT` for anything that is known to be something else
 */
export function decodeImageLayout(path: string, head: Buffer, fileSize: number): ImageLayout {
  if (hasText(head, MAGIC, 'ARM\x64')) return decodeHeader(path, head, fileSize)

  const foreign = FOREIGN.find(({ matches }) => matches(head))
  if (foreign === undefined)
    return { kind: 'flat', loadOffset: DEFAULT_LOAD_OFFSET, memSize: fileSize }
  throw new ImageError('FORMAT', `${path} is ${foreign.what(head)}`, {
    why: 'tsvmm loads flat binaries and arm64 kernels: Image, Image.gz, Image.zst, vmlinuz, vmlinux',
    try: [foreign.remedy(head)],
  })
}

function decodeHeader(path: string, head: Buffer, fileSize: number): ImageLayout {
  const textOffset = head.readBigUInt64LE(TEXT_OFFSET)
  const imageSize = head.readBigUInt64LE(IMAGE_SIZE)
  const flags = head.readBigUInt64LE(FLAGS)
  if ((flags & FLAG_BIG_ENDIAN) !== 0n)
    throw new ImageError('FORMAT', `${path} is a big-endian arm64 Image`, {
      why: 'tsvmm starts vCPUs little-endian',
      try: ['build the kernel without CONFIG_CPU_BIG_ENDIAN'],
    })
  const isOdd = textOffset % CODE_ALIGNMENT !== 0n && imageSize !== 0n
  if (textOffset > PLAUSIBLE_SIZE || imageSize > PLAUSIBLE_SIZE || isOdd)
    throw new ImageError(
      'FORMAT',
      `${path} is a damaged arm64 Image: text_offset 0x${textOffset.toString(16)}, image_size 0x${imageSize.toString(16)}`,
      { try: ['copy or build it again'] },
    )
  const contentEnd = peContentEnd(head)
  if (contentEnd > fileSize)
    throw new ImageError('FORMAT', `${path} is only the beginning of an arm64 Image`, {
      why: `it has ${fileSize} bytes, and its sections end after ${contentEnd}`,
      try: ['copy or download it again'],
    })
  const pageSize = PAGE_SIZES[Number((flags >> 1n) & 3n)]
  return {
    kind: 'Image',
    loadOffset: imageSize === 0n ? DEFAULT_LOAD_OFFSET : Number(textOffset),
    memSize: Math.max(fileSize, Number(imageSize)),
    ...(pageSize !== undefined && { pageSize }),
  }
}

interface ForeignFormat {
  readonly matches: (head: Buffer) => boolean
  readonly what: (head: Buffer) => string
  readonly remedy: (head: Buffer) => string
}

const USE_IMAGE = 'give arch/arm64/boot/Image of a kernel built for arm64'
/** By what {@link elfMachine} says. */
const ELF_REMEDIES: Readonly<Record<string, string>> = {
  'arm64, big-endian': 'build it without CONFIG_CPU_BIG_ENDIAN',
  'arm64, 32 bit': 'build it for 64 bits, without -mabi=ilp32',
}

/** What people hand to a VMM by mistake. The first that matches names it. */
const FOREIGN: readonly ForeignFormat[] = [
  format('an x86 kernel (bzImage)', USE_IMAGE, [0x202, 'HdrS']),
  format('a RISC-V kernel', USE_IMAGE, [MAGIC, 'RSC\x05']),
  format('a 32-bit Arm kernel (zImage)', USE_IMAGE, [0x24, '\x18\x28\x6f\x01']),
  {
    matches: head => hasText(head, 0, 'MZ'),
    what: head => `an EFI or Windows program for ${peMachine(head) ?? 'an unknown machine'}`,
    remedy: () => USE_IMAGE,
  },
  {
    matches: head => hasText(head, 0, '\x7fELF'),
    what: head => `an ELF file for ${elfMachine(head)}`,
    remedy: head => ELF_REMEDIES[elfMachine(head)] ?? USE_IMAGE,
  },
  compressed('xz', '\xfd7zXZ\0', 'xzcat'),
  compressed('bzip2', 'BZh', 'bzcat'),
  compressed('LZ4', '\x02\x21\x4c\x18', 'lz4cat'),
  compressed('LZ4', '\x04\x22\x4d\x18', 'lz4cat'),
  format('an initrd (cpio)', 'give it with --initrd', [0, '07070']),
  format('a disk image (qcow2)', USE_IMAGE, [0, 'QFI\xfb']),
  format('a script', USE_IMAGE, [0, '#!']),
  format('a U-Boot image (uImage)', USE_IMAGE, [0, '\x27\x05\x19\x56']),
  format('a device tree or FIT image', USE_IMAGE, [0, '\xd0\x0d\xfe\xed']),
]

function format(
  name: string,
  remedy: string,
  ...magics: readonly (readonly [number, string])[]
): ForeignFormat {
  return {
    matches: head => magics.every(([offset, text]) => hasText(head, offset, text)),
    what: () => name,
    remedy: () => remedy,
  }
}

function compressed(name: string, magic: string, tool: string): ForeignFormat {
  return format(`a file compressed with ${name}`, `unpack it first, with ${tool}`, [0, magic])
}

function elfMachine(head: Buffer): string {
  if (head.length < 20) return 'an unknown machine'
  const bigEndian = head[5] === 2
  const machine = bigEndian ? head.readUInt16BE(18) : head.readUInt16LE(18)
  return [
    ELF_MACHINES[machine] ?? `machine ${machine}`,
    // Of other machines the name says it, where it matters.
    ...(machine === EM_AARCH64 && head[4] === 1 ? ['32 bit'] : []),
    ...(bigEndian ? ['big-endian'] : []),
  ].join(', ')
}

/** `e_machine`, include/uapi/linux/elf-em.h. */
const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: 'x86 (32 bit)',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC (64 bit)',
  22: 's390',
  40: 'Arm (32 bit)',
  62: 'x86-64',
  [EM_AARCH64]: 'arm64',
  243: 'RISC-V',
  258: 'LoongArch',
}

/** `text` stands for the bytes with its characters' codes. */
function hasText(head: Buffer, offset: number, text: string): boolean {
  return head.toString('latin1', offset, offset + text.length) === text
}
