import { UsageError } from '../errors/index.ts'
import { parseCpuList, renderCpuList } from '../host/cpulist.ts'

/** CPUs that share a PMU. `core` is what the PMU's name ends in; `none`: CPUs without a PMU. */
export interface Cluster {
  readonly core: string
  readonly cpus: readonly number[]
}

/** Which PMUs the emulated host has. No clusters: one PMU for all CPUs, as QEMU makes it. */
export interface Topology {
  readonly smp: number
  readonly clusters: readonly Cluster[]
}

export const DEFAULT_SMP = 4
/** Emulated CPUs share this machine's; with more than these a host takes minutes to boot. */
export const MAX_SMP = 64

/** Cores in the order of the CPUs, for the topologies with a name. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  uniform: [],
  biglittle: ['a53', 'a72'],
  tri: ['a53', 'a72', 'a76'],
}

/** What arm_pmuv3.c (v6.12) has a compatible for; older kernels know fewer. */
const CORTEX = [
  ...['a34', 'a35', 'a53', 'a55', 'a57', 'a65', 'a72', 'a73', 'a75', 'a76', 'a77', 'a78'],
  ...['a510', 'a520', 'a710', 'a715', 'a720', 'a725', 'x1', 'x2', 'x3', 'x4', 'x925'],
]
const NEOVERSE = ['e1', 'n1', 'n2', 'n3', 'v1', 'v2', 'v3']
/** Not a core: CPUs that no PMU covers. */
const NO_PMU = 'none'

/** The `compatible` of a core's PMU node; nothing for CPUs without a PMU. */
export function pmuCompatible(core: string): string | undefined {
  if (core === NO_PMU) return undefined
  return `arm,${NEOVERSE.includes(core) ? 'neoverse' : 'cortex'}-${core}-pmu`
}

/**
 * Parses `uniform`, `biglittle`, `tri` or the written form `a53:0-2,a72:3`. The number of CPUs is
 * `smp`, or what the topology asks for. Throws `UsageError`.
 */
export function parseTopology(text: string, smp: number | undefined): Topology {
  const cores = NAMED[text]
  if (cores === undefined) return checkCover(text, parseWritten(text), smp)
  const count = checkSmp(smp ?? DEFAULT_SMP)
  if (count < cores.length) {
    throw new UsageError(`--topology ${text} needs at least ${cores.length} CPUs, not ${count}`, {
      try: [`--smp ${DEFAULT_SMP}, or leave --smp out`],
    })
  }
  return { smp: count, clusters: split(count, cores) }
}

/** Shares CPUs out evenly; the first clusters get what does not divide. */
function split(smp: number, cores: readonly string[]): Cluster[] {
  let next = 0
  return cores.map((core, index) => {
    const size = Math.ceil((smp - next) / (cores.length - index))
    const cpus = Array.from({ length: size }, (_, i) => next + i)
    next += size
    return { core, cpus }
  })
}

/** `a53:0-2,a72:3`: a comma followed by a name begins the next cluster. */
function parseWritten(text: string): Cluster[] {
  return text.split(/,(?=[a-z])/i).map(part => {
    const [core = '', list, rest] = part.split(':')
    if (list === undefined || list === '' || rest !== undefined) {
      throw malformed(text, `"${part}" is not of the form core:cpus`)
    }
    if (![...CORTEX, ...NEOVERSE, NO_PMU].includes(core)) {
      throw malformed(text, `no kernel knows the PMU of a core "${core}"`, [
        `one of ${[...CORTEX, ...NEOVERSE].join(', ')}; ${NO_PMU} for CPUs without a PMU`,
      ])
    }
    return { core, cpus: parseCpuList(list) }
  })
}

/** Every CPU in one cluster, every core in one cluster. */
function checkCover(text: string, clusters: readonly Cluster[], smp: number | undefined): Topology {
  const all = clusters.flatMap(({ cpus }) => cpus)
  const count = checkSmp(smp ?? Math.max(...all) + 1)
  const twice = all.find((cpu, index) => all.indexOf(cpu) !== index)
  if (twice !== undefined) throw malformed(text, `CPU ${twice} is in two clusters`)
  const outside = all.filter(cpu => cpu >= count)
  if (outside.length > 0) {
    throw malformed(text, `there is no CPU ${renderCpuList(outside)} with --smp ${count}`)
  }
  const missing = Array.from({ length: count }, (_, cpu) => cpu).filter(cpu => !all.includes(cpu))
  if (missing.length > 0) {
    const list = renderCpuList(missing)
    throw malformed(text, `CPU ${list} is in no cluster`, [
      `${text},${NO_PMU}:${list} if no PMU is to cover it`,
    ])
  }
  const cores = clusters.map(({ core }) => core)
  const again = cores.find((core, index) => cores.indexOf(core) !== index)
  if (again !== undefined) {
    throw malformed(text, `${again} is there twice, and the kernel names PMUs after their core`)
  }
  return { smp: count, clusters }
}

/** Throws `UsageError` for a number of CPUs the emulated host cannot have. */
export function checkSmp(smp: number): number {
  if (Number.isInteger(smp) && smp >= 1 && smp <= MAX_SMP) return smp
  throw new UsageError(`the emulated host has 1 to ${MAX_SMP} CPUs, not ${smp}`, {
    try: [`--smp ${DEFAULT_SMP}`],
  })
}

function malformed(text: string, why: string, remedy: readonly string[] = []): UsageError {
  return new UsageError(`--topology ${text}: no such topology`, {
    why,
    try: remedy.length > 0 ? remedy : [`${Object.keys(NAMED).join(', ')}, or e.g. a53:0-2,a72:3`],
  })
}
