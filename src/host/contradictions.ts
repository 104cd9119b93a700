import { renderCpuList, renderCpus } from './cpulist.ts'
import { groupBy } from './group-by.ts'
import type { HostCpu, HostFacts } from './facts.ts'
import type { HostPmu } from './pmus.ts'

/** What is looked at. */
type Facts = Omit<HostFacts, 'problems'>

/**
 * What of the facts about a machine cannot be true at once: a sentence each, without its full stop.
 * CPUs of different types with one PMU can be (ACPI), and so can PMUs with CPUs that are offline.
 */
export function contradictionsOf(facts: Facts): string[] {
  return [...ofCpus(facts), ...ofPmus(facts.pmus), ...ofThreads(facts.cores)]
}

function ofCpus({ possible, present, online, pmus, affinity, cpuset }: Facts): string[] {
  const known = { possible: new Set(possible), present: new Set(present), online: new Set(online) }
  const unless = (is: keyof typeof known, what: string, cpus: readonly number[] = []) => {
    const others = cpus.filter(cpu => !known[is].has(cpu))
    return others.length > 0 ? [`${are(others)} ${what}, but not ${is}`] : []
  }
  return [
    ...unless('possible', 'present', present),
    ...unless('present', 'online', online),
    ...pmus.flatMap(({ name, cpus }) => unless('possible', `of the PMU ${name}`, cpus)),
    ...unless('online', 'in the affinity of this process', affinity),
    ...unless('online', 'in the cpuset of this process', cpuset?.cpus),
    ...(affinity?.length === 0 ? ['this process may run on none of the CPUs that are online'] : []),
  ]
}

function ofPmus(pmus: readonly HostPmu[]): string[] {
  const sharedTypes = [...groupBy(pmus, ({ type }) => type)].filter(([, some]) => some.length > 1)
  return [
    ...sharedTypes.map(([type, some]) => `${named(some)} have the same perf type, ${type}`),
    ...sharedCpus(pmus).map(({ cpus, owners }) => `${are(cpus)} of ${named(owners)}`),
  ]
}

/** CPUs that more than one PMU claims, which no CPU can have; those together that the same ones claim. */
export function sharedCpus(
  pmus: readonly HostPmu[],
): { readonly cpus: readonly number[]; readonly owners: readonly HostPmu[] }[] {
  const claims = pmus.flatMap((pmu, index) => pmu.cpus.map(cpu => ({ cpu, index })))
  const disputed = [...groupBy(claims, ({ cpu }) => cpu)].filter(([, some]) => some.length > 1)
  const byOwners = groupBy(disputed, ([, some]) => some.map(({ index }) => index).join())
  return [...byOwners.values()].map(some => ({
    cpus: some.map(([cpu]) => cpu),
    owners: (some[0]?.[1] ?? []).flatMap(({ index }) => pmus[index] ?? []),
  }))
}

/** CPUs by what they say their threads are: the same of all that are named, and of no others. */
function ofThreads(cores: readonly HostCpu[]): string[] {
  const speakers = cores.filter(({ threads }) => threads !== undefined)
  const groups = [...groupBy(speakers, ({ threads }) => threads?.join()).values()]
  const groupOf = new Map(groups.flatMap(group => group.map(({ cpu }) => [cpu, group])))
  return groups.flatMap(group => {
    const threads = group[0]?.threads ?? []
    const isThread = new Set(threads)
    const cpus = group.map(({ cpu }) => cpu)
    const strangers = cpus.filter(cpu => !isThread.has(cpu))
    const others = threads.filter(cpu => (groupOf.get(cpu) ?? group) !== group)
    const list = renderCpuList(threads) || 'none'
    return [
      ...(strangers.length > 0
        ? [`${are(strangers)} not among the threads of the own core: ${list}`]
        : []),
      ...(others.length > 0
        ? [
            `the threads of a core are ${list} for ${renderCpus(cpus)}, and others for ${renderCpus(others)}`,
          ]
        : []),
      ...ofPlaces(
        'packages',
        cpus,
        group.map(({ packageId }) => packageId),
      ),
      ...ofPlaces(
        'clusters',
        cpus,
        group.map(({ clusterId }) => clusterId),
      ),
    ]
  })
}

function ofPlaces(
  word: string,
  cpus: readonly number[],
  ids: readonly (number | undefined)[],
): string[] {
  const known = new Set(ids.filter(id => id !== undefined))
  return known.size > 1
    ? [`${are(cpus)} threads of a core, but in different ${word}: ${[...known].join(', ')}`]
    : []
}

/** `the PMUs a and b`. */
function named(pmus: readonly HostPmu[]): string {
  return `the PMUs ${pmus.map(({ name }) => name).join(' and ')}`
}

/** `CPU 3 is`, `CPUs 0-3 are`. */
function are(cpus: readonly number[]): string {
  return `${renderCpus(cpus)} ${cpus.length === 1 ? 'is' : 'are'}`
}
