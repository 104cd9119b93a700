/**
 * The versions of the Performance Monitors Extension by ID_AA64DFR0_EL1.PMUVer. 2 and 3 are reserved.
 *
 * @see Arm DDI 0487, ID_AA64DFR0_EL1; arch/arm64/tools/sysreg (v6.12)
 */
const VERSIONS: Readonly<Record<number, string>> = {
  0x0: 'none',
  0x1: 'PMUv3 for Armv8.0',
  0x4: 'PMUv3 for Armv8.1',
  0x5: 'PMUv3 for Armv8.4',
  0x6: 'PMUv3 for Armv8.5',
  0x7: 'PMUv3 for Armv8.7',
  0x8: 'PMUv3 for Armv8.8',
  0x9: 'PMUv3 for Armv8.9',
  0xf: 'IMPLEMENTATION DEFINED',
}

/** `PMUv3 for Armv8.5`; `PMUVer 10` for what came later. */
export function renderPmuVersion(pmuVer: number): string {
  return VERSIONS[pmuVer] ?? `PMUVer ${pmuVer}`
}
