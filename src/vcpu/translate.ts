import type { VcpuState } from './state.ts'

/** The registers that say how EL1 and EL0 see memory. */
export type Translation = Pick<VcpuState, 'SCTLR_EL1' | 'TCR_EL1' | 'TTBR0_EL1' | 'TTBR1_EL1'>

/** Eight bytes of guest memory; undefined where there is none. */
type ReadU64 = (physical: bigint) => bigint | undefined

/** log2 of a page, by TG0 and TG1 of TCR_EL1. */
const GRANULES0 = [12n, 16n, 14n, undefined] as const
const GRANULES1 = [undefined, 14n, 12n, 16n] as const

/** The widest virtual address there is. */
const MAX_VIRTUAL_BITS = 52n

const ones = (count: bigint): bigint => (1n << count) - 1n

/** How many bits an address space of the two has, and where its tables begin. */
interface Space {
  readonly granule: bigint
  readonly bits: bigint
  readonly table: bigint
}

/**
 * The guest physical address of a virtual one, by a walk of the guest's own tables. The guest is not
 * to be trusted: whatever its registers and tables hold, this ends after five reads at most.
 *
 * @returns nothing if it is not mapped, or not as far as can be told
 * @see Arm DDI 0487, D8.2 "Translation process"
 */
export function translate(
  address: bigint,
  registers: Translation,
  readU64: ReadU64,
): bigint | undefined {
  const isMmuOn = (registers.SCTLR_EL1 & 1n) === 1n
  if (!isMmuOn) return address
  const space = spaceOf(address, registers)
  if (space === undefined) return undefined
  const { granule, bits } = space
  // Each level resolves as many bits as a page of descriptors has room for.
  const stride = granule - 3n
  const levels = (bits - granule + stride - 1n) / stride
  let table = space.table
  let known = bits
  for (let left = levels - 1n; left >= 0n; left--) {
    const shift = granule + stride * left
    const index = (address & ones(known)) >> shift
    const descriptor = readU64(table + index * 8n)
    if (descriptor === undefined || (descriptor & 1n) === 0n) return undefined
    const output = descriptor & ones(50n)
    // Bit 1 means a table; at the last level it means a page, and must be set.
    const isNext = (descriptor & 2n) !== 0n
    if (left === 0n && !isNext) return undefined
    if (left === 0n || !isNext) return ((output >> shift) << shift) | (address & ones(shift))
    table = (output >> granule) << granule
    known = shift
  }
  return undefined
}

function spaceOf(address: bigint, { TCR_EL1, ...registers }: Translation): Space | undefined {
  // Bit 55 chooses: those above it may be a tag.
  const isUpper = ((address >> 55n) & 1n) === 1n
  const field = (shift: bigint, width: bigint) => (TCR_EL1 >> shift) & ones(width)
  const granule = isUpper ? GRANULES1[Number(field(30n, 2n))] : GRANULES0[Number(field(14n, 2n))]
  const bits = 64n - (isUpper ? field(16n, 6n) : field(0n, 6n))
  if (granule === undefined || bits > MAX_VIRTUAL_BITS || bits <= granule) return undefined
  const isTagged = field(isUpper ? 38n : 37n, 1n) === 1n
  const above = (address & ones(isTagged ? 56n : 64n)) >> bits
  if (above !== (isUpper ? ones((isTagged ? 56n : 64n) - bits) : 0n)) return undefined
  const table = (isUpper ? registers.TTBR1_EL1 : registers.TTBR0_EL1) & ones(48n) & ~1n
  return { granule, bits, table }
}
