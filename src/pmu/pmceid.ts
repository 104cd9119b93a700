/** A run of 32 events: which register has a bit for each, from which bit on. */
const RUNS = [
  { register: 0, shift: 0n, first: 0x0000 },
  { register: 1, shift: 0n, first: 0x0020 },
  { register: 0, shift: 32n, first: 0x4000 },
  { register: 1, shift: 32n, first: 0x4020 },
] as const

const BITS = Array.from({ length: 32 }, (_, bit) => bit)

/**
 * The common events that a PMU says it counts, in order. The upper halves (IDhi) are of PMUv3 for
 * Armv8.1 and later, and 0 before. Of events in no register nothing is said.
 *
 * @see Arm DDI 0487, PMCEID0_EL0 and PMCEID1_EL0
 * @see drivers/perf/arm_pmuv3.c, __armv8pmu_probe_pmu() (v6.12)
 */
export function decodePmceid(pmceid0: bigint, pmceid1: bigint): number[] {
  const registers = [pmceid0, pmceid1]
  return RUNS.flatMap(({ register, shift, first }) => {
    const half = Number(BigInt.asUintN(32, (registers[register] ?? 0n) >> shift))
    return BITS.filter(bit => (half >>> bit) & 1).map(bit => first + bit)
  })
}
