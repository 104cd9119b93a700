/**
 * Numbers of the flattened device tree (Devicetree Specification v0.4, chapter 5). Everything is
 * big-endian; the blob is
 *
 *   header | memory reservations (8-aligned) | structure (4-aligned) | strings
 */
export const FDT_MAGIC = 0xd00dfeed
export const FDT_VERSION = 17
export const FDT_LAST_COMPATIBLE_VERSION = 16

/** Offsets of the header's 32-bit fields, with their names in the specification. */
export const HEADER = {
  magic: 0,
  totalsize: 4,
  off_dt_struct: 8,
  off_dt_strings: 12,
  off_mem_rsvmap: 16,
  version: 20,
  last_comp_version: 24,
  boot_cpuid_phys: 28,
  size_dt_strings: 32,
  size_dt_struct: 36,
} as const
export const HEADER_SIZE = 40

/** An entry is an address and a size of 64 bits each; one of zeros ends the list. */
export const RESERVATION_SIZE = 16

export const TOKEN = {
  FDT_BEGIN_NODE: 1,
  FDT_END_NODE: 2,
  FDT_PROP: 3,
  FDT_NOP: 4,
  FDT_END: 9,
} as const

/** Structure-block items start at multiples of 4. */
export function alignToCell(offset: number): number {
  return Math.ceil(offset / 4) * 4
}
