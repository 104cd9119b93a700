/*
 * The PE/COFF header that EFI programs begin with, little-endian; kernels with an EFI stub are such
 * programs, too. include/linux/pe.h (v6.12): "MZ", at 60 the offset of
 *
 *     0  "PE\0\0"
 *     4  u16 machine
 *     6  u16 number of sections
 *    20  u16 size of the optional header
 *    24  optional header, then the sections, 40 bytes each:
 *        16  u32 bytes in the file
 *        20  u32 where in the file
 */
const POINTER = 60
const MACHINE = 4
const SECTIONS = 6
const OPTIONAL_SIZE = 20
const HEADER_SIZE = 24
const SECTION = { size: 40, rawSize: 16, rawOffset: 20 } as const

const MACHINES: Readonly<Record<number, string>> = {
  0x14c: 'x86 (32 bit)',
  0x1c0: 'Arm (32 bit)',
  0x1c2: 'Arm (32 bit)',
  0x1c4: 'Arm (32 bit)',
  0x5064: 'RISC-V',
  0x6264: 'LoongArch',
  0x8664: 'x86-64',
  0xaa64: 'arm64',
}

/** The machine an EFI program is for; undefined if it does not say, or `head` is too short. */
export function peMachine(head: Buffer): string | undefined {
  const at = peOffset(head)
  if (at === undefined || !isPe(head, at)) return undefined
  return MACHINES[head.readUInt16LE(at + MACHINE)]
}

/**
 * Where the contents of an EFI program end in its file at the earliest, in bytes: as far as `head` shows
 * its headers. 0 if it is no EFI program.
 */
export function peContentEnd(head: Buffer): number {
  const at = peOffset(head)
  if (at === undefined) return 0
  if (at + HEADER_SIZE > head.length) return at + HEADER_SIZE
  if (!isPe(head, at)) return 0
  const count = head.readUInt16LE(at + SECTIONS)
  const table = at + HEADER_SIZE + head.readUInt16LE(at + OPTIONAL_SIZE)
  const end = table + count * SECTION.size
  if (end > head.length) return end
  const ends = Array.from({ length: count }, (_, index) => {
    const section = table + index * SECTION.size
    const size = head.readUInt32LE(section + SECTION.rawSize)
    return size === 0 ? 0 : head.readUInt32LE(section + SECTION.rawOffset) + size
  })
  return Math.max(end, ...ends)
}

function peOffset(head: Buffer): number | undefined {
  if (head.length < POINTER + 4 || head.toString('latin1', 0, 2) !== 'MZ') return undefined
  return head.readUInt32LE(POINTER)
}

function isPe(head: Buffer, at: number): boolean {
  return at + HEADER_SIZE <= head.length && head.toString('latin1', at, at + 4) === 'PE\0\0'
}
