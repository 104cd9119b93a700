import { MIDR_NAMES } from './midr-names.ts'

/** What MIDR_EL1 says of a core. */
export interface Midr {
  /** Who made it, a code that Arm hands out: 0x41 is Arm itself. */
  readonly implementer: number
  /** The n of rnpm: a major revision. */
  readonly variant: number
  /** 0xf on everything that runs AArch64: the ID registers say it. */
  readonly architecture: number
  /** Which core of the implementer, 12 bits. */
  readonly part: number
  /** The m of rnpm: a minor revision. */
  readonly revision: number
  /** `Arm`; undefined if we do not know it. */
  readonly implementerName: string | undefined
  /** `Cortex-A72`; undefined if we do not know it. */
  readonly partName: string | undefined
}

/**
 * The fields of a MIDR_EL1, with names where we know them. The upper 32 bits are reserved and ignored.
 *
 * @see Arm DDI 0487, MIDR_EL1, Main ID Register
 */
export function decodeMidr(midr: bigint): Midr {
  const field = (lowest: number, bits: number) =>
    Number(BigInt.asUintN(bits, midr >> BigInt(lowest)))
  const implementer = field(24, 8)
  const part = field(4, 12)
  const known = MIDR_NAMES[implementer]
  return {
    implementer,
    variant: field(20, 4),
    architecture: field(16, 4),
    part,
    revision: field(0, 4),
    implementerName: known?.name,
    partName: known?.parts[part],
  }
}

/** `Cortex-A72 r0p3 (Arm)`, or, for a core we have no name for, `implementer 0x41, part 0xabc`. */
export function renderMidr(midr: bigint): string {
  const { variant, revision, implementerName, partName } = decodeMidr(midr)
  if (implementerName === undefined || partName === undefined) return renderPart(midr)
  return `${partName} r${variant}p${revision} (${implementerName})`
}

/** `Cortex-A72`, whatever its revision, or `implementer 0x41, part 0xabc`. */
export function renderPart(midr: bigint): string {
  const { implementer, part, partName } = decodeMidr(midr)
  const hex = (value: number, digits: number) => `0x${value.toString(16).padStart(digits, '0')}`
  return partName ?? `implementer ${hex(implementer, 2)}, part ${hex(part, 3)}`
}
