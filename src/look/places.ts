import { groupBy } from '../host/group-by.ts'
import type { HostCpu, HostFacts, HostPmuDetails } from '../host/index.ts'

/** All that is to be said of CPUs of which the same is to be said. */
export interface Kind {
  readonly state: 'online' | 'offline' | 'absent'
  readonly midr: bigint | undefined
  readonly capacity: number | undefined
  /** Threads of a core, where there is more than one. */
  readonly threads: number | undefined
  readonly pmu: HostPmuDetails | undefined
}

/** A part of a machine: a package, a node, a cluster, all of it, or some CPUs of a kind. */
export interface Place {
  /** `package 0, node 0`; empty for what has no name. */
  readonly name: string
  readonly cpus: readonly number[]
  /** None: its CPUs are of a kind. */
  readonly parts: readonly Place[]
  readonly kind: Kind | undefined
}

interface Level {
  readonly word: string
  readonly idOf: (cpu: HostCpu) => number | undefined
  /** Its number is of use even where it divides nothing: `numactl` takes those of nodes. */
  readonly isNamedAlone: boolean
}

const LEVELS: readonly Level[] = [
  { word: 'package', idOf: cpu => cpu.packageId, isNamedAlone: false },
  { word: 'node', idOf: cpu => cpu.nodeId, isNamedAlone: true },
  { word: 'cluster', idOf: cpu => cpu.clusterId, isNamedAlone: false },
]

/** More neighbours than this that are alike are one part: `64 clusters of 2`. */
const MOST_ALIKE = 4

/**
 * A machine divided into packages, NUMA nodes, clusters and kinds of CPU, as far as that divides
 * anything: what says nothing is left out, and what is the only part of something is one with it.
 * CPUs of which nobody knows where they are, as those that are offline, are parts of the whole.
 */
export function placesOf(host: HostFacts): Place {
  const kindOf = kinds(host)
  const levels = LEVELS.filter(({ idOf }) => {
    const ids = new Set(host.cores.map(idOf))
    ids.delete(undefined)
    return ids.size > 1
  })
  return place('', host.cores, divide(host.cores, levels, kindOf))
}

function divide(
  cpus: readonly HostCpu[],
  [level, ...finer]: readonly Level[],
  kindOf: KindOf,
): readonly Place[] {
  if (level === undefined) return divideByKind(cpus, kindOf)
  const { word, idOf, isNamedAlone } = level
  const byId = groupBy(cpus, idOf)
  const nowhere = byId.get(undefined) ?? []
  byId.delete(undefined)
  const isAlone = byId.size === 1 && nowhere.length === 0
  if (byId.size === 0 || (isAlone && !isNamedAlone)) return divide(cpus, finer, kindOf)
  const known = [...byId].map(([id, members]) =>
    place(`${word} ${id}`, members, divide(members, finer, kindOf)),
  )
  const rest = nowhere.length > 0 ? divide(nowhere, finer, kindOf) : []
  return [...joinAlike(known, word), ...rest]
}

function divideByKind(cpus: readonly HostCpu[], kindOf: KindOf): readonly Place[] {
  return [...groupBy(cpus, kindOf)].map(([kind, members]) => ({
    name: '',
    cpus: members.map(({ cpu }) => cpu),
    parts: [],
    kind,
  }))
}

function place(name: string, cpus: readonly HostCpu[], parts: readonly Place[]): Place {
  const [only, second] = parts
  if (only === undefined || second !== undefined)
    return { name, cpus: cpus.map(({ cpu }) => cpu), parts, kind: undefined }
  return { ...only, name: [name, only.name].filter(word => word !== '').join(', ') }
}

function joinAlike(places: readonly Place[], word: string): readonly Place[] {
  const runs: [Place, ...Place[]][] = []
  for (const place of places) {
    const run = runs.at(-1)
    if (run !== undefined && areAlike(run[0], place)) run.push(place)
    else runs.push([place])
  }
  return runs.flatMap(run => (run.length > MOST_ALIKE ? joined(run, word) : run))
}

function areAlike(a: Place, b: Place): boolean {
  return a.kind !== undefined && a.kind === b.kind && a.cpus.length === b.cpus.length
}

function joined(run: readonly [Place, ...Place[]], word: string): Place {
  const name = `${run.length} ${word}s of ${run[0].cpus.length}`
  return { ...run[0], name, cpus: run.flatMap(({ cpus }) => cpus) }
}

/** The kind of a CPU. */
type KindOf = (cpu: HostCpu) => Kind

/** Two CPUs are of a kind if they get the same object. */
export function kinds({ online, present, pmus }: HostFacts): KindOf {
  const isOnline = new Set(online)
  const isPresent = new Set(present)
  // The first one that has a CPU, as for everybody else.
  const pmuOf = new Map(pmus.toReversed().flatMap(pmu => pmu.cpus.map(cpu => [cpu, pmu])))
  const known = new Map<string, Kind>()
  return ({ cpu, midr, capacity, threads = [] }) => {
    const kind: Kind = {
      state: isOnline.has(cpu) ? 'online' : isPresent.has(cpu) ? 'offline' : 'absent',
      midr,
      capacity,
      threads: threads.length > 1 ? threads.length : undefined,
      pmu: pmuOf.get(cpu),
    }
    const key = [kind.state, midr, capacity, kind.threads, kind.pmu?.type, kind.pmu?.name].join()
    const same = known.get(key) ?? kind
    known.set(key, same)
    return same
  }
}
