/*
 * Machines as `describeHost` would find them, and what their KVM could say: for what only looks at facts.
 */
import fc from 'fast-check'
import type { HostCpu, HostFacts } from '../../../src/host/index.ts'
import type { Machine } from '../../../src/look/facts.ts'
import type { Answer, ProbedPmu } from '../../../src/pmu/probe.ts'

/** Some CPUs, numbered on from those before. */
export interface Group extends Partial<Omit<HostCpu, 'cpu' | 'clusterId'>> {
  readonly count: number
  readonly clusterId?: number | ((index: number) => number)
  readonly state?: 'online' | 'offline' | 'absent'
  /** Name of the PMU they have. */
  readonly pmu?: string
}

/** Perf types in the order of the CPUs, from 8. */
export function hostOf(...groups: readonly Group[]): HostFacts {
  const all = groups.flatMap(group => Array.from({ length: group.count }, (_, i) => ({ group, i })))
  const cpusWhere = (is: (group: Group) => boolean) =>
    all.flatMap(({ group }, cpu) => (is(group) ? [cpu] : []))
  const names = [...new Set(groups.flatMap(({ pmu }) => pmu ?? []))]
  return {
    possible: all.map((_, cpu) => cpu),
    present: cpusWhere(({ state }) => state !== 'absent'),
    online: cpusWhere(({ state = 'online' }) => state === 'online'),
    offline: cpusWhere(({ state = 'online' }) => state !== 'online'),
    uncovered: cpusWhere(({ pmu }) => pmu === undefined),
    cores: all.map(({ group, i }, cpu) => coreOf(group, cpu, i)),
    pmus: names.map((name, index) => {
      const cpus = cpusWhere(({ pmu }) => pmu === name)
      return { name, type: 8 + index, cpus, caps: {}, events: {} }
    }),
    affinity: undefined,
    cpuset: undefined,
    problems: [],
  }
}

function coreOf(group: Group, cpu: number, index: number): HostCpu {
  const { midr, capacity, packageId, nodeId, clusterId, coreId, threads } = group
  return {
    cpu,
    midr,
    capacity,
    packageId,
    nodeId,
    clusterId: typeof clusterId === 'function' ? clusterId(index) : clusterId,
    coreId,
    threads,
  }
}

/** With a KVM that takes PMUs with 6 counters; but with an errno, it refuses. */
export function withKvm(host: HostFacts, refused: Readonly<Record<string, string>> = {}): Machine {
  const answer = (errno?: string): Answer => ({ call: 'call', ok: errno === undefined, errno })
  const pmus = host.pmus.map((pmu): ProbedPmu => {
    const setPmu = answer(refused[pmu.name])
    return { pmu, setPmu, ...(setPmu.ok && { counters: 6, isDefault: answer() }) }
  })
  const absent = answer('ENXIO')
  return {
    host,
    kvm: {
      apiVersion: 12,
      pmus: {
        pmuV3: true,
        pmus,
        setPmu: answer(),
        setNrCounters: absent,
        filter: answer(),
        filterEvents: 1024,
        strict: absent,
        fixedCountersOnly: { is: 'absent', answers: [absent] },
        milliseconds: 1,
      },
    },
  }
}

const A53 = 0x410fd034n
const A55 = 0x411fd050n
const A72 = 0x410fd082n
const A76 = 0x414fd0b0n
const N1 = 0x413fd0c1n
const ICESTORM = 0x611f0221n
const FIRESTORM = 0x611f0231n
const THUNDERX2 = 0x431f0af1n

export const UNIFORM = hostOf({
  count: 4,
  midr: A72,
  packageId: 0,
  clusterId: 0,
  pmu: 'armv8_pmuv3_0',
})

export const BIG_LITTLE = hostOf(
  { count: 4, midr: A53, capacity: 485, packageId: 0, clusterId: 0, pmu: 'armv8_cortex_a53' },
  { count: 2, midr: A72, capacity: 1024, packageId: 0, clusterId: 1, pmu: 'armv8_cortex_a72' },
)

export const RK3588 = hostOf(
  { count: 4, midr: A55, capacity: 414, packageId: 0, clusterId: 0, pmu: 'armv8_cortex_a55' },
  { count: 2, midr: A76, capacity: 1024, packageId: 0, clusterId: 1, pmu: 'armv8_cortex_a76' },
  { count: 2, midr: A76, capacity: 1024, packageId: 0, clusterId: 2, pmu: 'armv8_cortex_a76' },
)

/** One cluster with three kinds of core, of which two are the same but for their clock. */
export const PHONE = hostOf(
  { count: 4, midr: A55, capacity: 261, packageId: 0, clusterId: 0, pmu: 'armv8_cortex_a55' },
  { count: 3, midr: A76, capacity: 871, packageId: 0, clusterId: 0, pmu: 'armv8_cortex_a76' },
  { count: 1, midr: A76, capacity: 1024, packageId: 0, clusterId: 0, pmu: 'armv8_cortex_a76' },
)

export const M1 = hostOf(
  { count: 4, midr: ICESTORM, packageId: 0, clusterId: 0, pmu: 'apple_icestorm_pmu' },
  { count: 4, midr: FIRESTORM, packageId: 0, clusterId: 1, pmu: 'apple_firestorm_pmu' },
)

/** Two sockets with 128 cores each, in clusters of 2; with the numbers that ACPI tables give. */
export const TWO_SOCKETS = hostOf(
  ...[0, 1].map((socket): Group => {
    const clusterId = (index: number) => 60 + socket * 4000 + Math.floor(index / 2) * 20
    const packageId = socket === 0 ? 36 : 4036
    return { count: 128, midr: N1, packageId, nodeId: socket, clusterId, pmu: 'armv8_pmuv3_0' }
  }),
)

/** One socket as four NUMA nodes, four threads a core. */
export const QUADRANTS = hostOf(
  ...[0, 1, 2, 3].map((nodeId): Group => {
    const threads = [0, 1, 2, 3]
    return { count: 16, midr: THUNDERX2, packageId: 0, nodeId, threads, pmu: 'armv8_pmuv3_0' }
  }),
)

/** CPUs that are offline or not there, and one that runs without a PMU. */
export const HOLES = hostOf(
  { count: 3, midr: A72, packageId: 0, clusterId: 0, pmu: 'armv8_pmuv3_0' },
  { count: 1, state: 'offline', pmu: 'armv8_pmuv3_0' },
  { count: 1, midr: A53, packageId: 0, clusterId: 1 },
  { count: 1, state: 'offline' },
  { count: 2, state: 'absent' },
)

export const NO_PMU = hostOf({ count: 2, midr: A72, packageId: 0 })

/** Any machine, likely and unlikely ones. */
export const hosts = fc
  .array(
    fc.record(
      {
        count: fc.integer({ min: 1, max: 12 }),
        midr: fc.constantFrom(A53, A72, N1, 0n),
        capacity: fc.constantFrom(512, 1024),
        packageId: fc.nat(2),
        nodeId: fc.nat(2),
        clusterId: fc.oneof(
          fc.nat(3),
          fc.constant((index: number) => index >> 1),
        ),
        state: fc.constantFrom('online', 'online', 'offline', 'absent'),
        pmu: fc.oneof(
          fc.constantFrom('armv8_cortex_a53', 'armv8_cortex_a72'),
          fc.string({ unit: 'binary' }),
        ),
      },
      { requiredKeys: ['count'] },
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map(groups => hostOf(...groups))
