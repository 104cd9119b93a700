/** What is to be seen of each machine of `machines/`. */
interface Wanted {
  readonly cpus: number
  /** Names, and on how many CPUs each is, in the order in which they are shown. */
  readonly pmus: readonly (readonly [string, number])[]
  /** Event counters of a guest; undefined where there is no KVM. */
  readonly counters?: number
  /** How many events guests with each PMU see. */
  readonly events?: readonly number[]
  readonly ipaBits?: number
  readonly gics?: readonly string[]
  /** What `--for tsvmm` advises: the first, and the others as comments. */
  readonly tsvmm: readonly string[]
}

const GICV3 = ['GICv3', 'ITS']

const server = (cpus: number, events: number): Wanted => ({
  cpus,
  pmus: [['armv8_pmuv3_0', cpus]],
  counters: 6,
  events: [events],
  ipaBits: 48,
  gics: GICV3,
  tsvmm: [`tsvmm run --pmu --cpus ${cpus}`],
})

export const ADVISED: Readonly<Record<string, Wanted>> = {
  altra: server(80, 46),
  'apple-m1': {
    cpus: 8,
    pmus: [
      ['apple_icestorm_pmu', 4],
      ['apple_firestorm_pmu', 4],
    ],
    counters: 1,
    events: [6, 6],
    ipaBits: 36,
    gics: GICV3,
    tsvmm: [
      'tsvmm run --pmu --vcpu-affinity 0-3 --cpus 4',
      '# tsvmm run --pmu --vcpu-affinity 4-7 --cpus 4',
    ],
  },
  graviton2: server(64, 46),
  graviton3: server(64, 55),
  graviton4: server(192, 70),
  'juno-r2': {
    cpus: 6,
    pmus: [
      ['armv8_cortex_a53', 4],
      ['armv8_cortex_a72', 2],
    ],
    counters: 6,
    events: [28, 25],
    ipaBits: 40,
    gics: ['GICv2'],
    tsvmm: [
      'tsvmm run --pmu --vcpu-affinity 0,3-5 --cpus 4',
      '# tsvmm run --pmu --vcpu-affinity 1-2 --cpus 2',
    ],
  },
  rk3399: {
    cpus: 6,
    pmus: [
      ['armv8_cortex_a53', 4],
      ['armv8_cortex_a72', 2],
    ],
    counters: 6,
    events: [28, 25],
    ipaBits: 40,
    gics: ['GICv2', ...GICV3],
    tsvmm: [
      'tsvmm run --pmu --vcpu-affinity 0-3 --cpus 4',
      '# tsvmm run --pmu --vcpu-affinity 4-5 --cpus 2',
    ],
  },
  rk3588: {
    cpus: 8,
    pmus: [
      ['armv8_cortex_a55', 4],
      ['armv8_cortex_a76', 4],
    ],
    counters: 6,
    events: [48, 42],
    ipaBits: 40,
    gics: GICV3,
    tsvmm: [
      'tsvmm run --pmu --vcpu-affinity 0-3 --cpus 4',
      '# tsvmm run --pmu --vcpu-affinity 4-7 --cpus 4',
    ],
  },
  'snapdragon-x-elite': { cpus: 12, pmus: [['armv8_pmuv3', 12]], tsvmm: [] },
}
