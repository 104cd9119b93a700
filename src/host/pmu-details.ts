import { basename } from 'node:path'
import { PMUS, readHostPmus, type HostPmu } from './pmus.ts'
import { strictly, type Tolerate } from './problems.ts'
import { nonsense, parseNumber } from './sysfs.ts'
import { THIS_HOST, type HostTree } from './tree.ts'

/** Numbers, all of them: what PMUv3 has in `caps/`, `branches` only where there is BRBE. */
const ARM_CAPS = ['slots', 'bus_slots', 'bus_width', 'threshold_max', 'branches'] as const

/**
 * The files of `caps/` that are there, those of PMUv3 and those of any other driver: a number if the
 * text is one. `slots` and `bus_slots` count, `bus_width` is in bytes, `threshold_max` is the
 * largest a threshold can be; 0 is what a PMU does not have.
 */
export type PmuCaps = Readonly<
  Partial<Record<(typeof ARM_CAPS)[number], number>> & Record<string, number | string | undefined>
>

/** A PMU with all that its driver says of it. */
export interface HostPmuDetails extends HostPmu {
  /** Empty on drivers without any, as those of Apple's PMUs. */
  readonly caps: PmuCaps
  /**
   * Event numbers by the driver's names: what the PMU can count of what the driver has a name for.
   * An event that takes more than its number to count is left out; arm64 has none.
   */
  readonly events: Readonly<Record<string, number>>
}

/**
 * As {@link readHostPmus}, with capabilities and events. Those of a PMU that vanishes while it is
 * read are not complete.
 *
 * @throws {@link HostError} `SYSFS` naming the file that is missing, unreadable or nonsense
 * @see drivers/perf/arm_pmuv3.c, `slots_show`, `armv8pmu_events_sysfs_show` (v6.12)
 * @see Documentation/ABI/testing/sysfs-bus-event_source-devices-events (v6.12)
 */
export function readHostPmuDetails(
  tree: HostTree = THIS_HOST,
  tolerate: Tolerate = strictly,
): HostPmuDetails[] {
  return readHostPmus(tree, tolerate).map(pmu => {
    const directory = `${PMUS}/${pmu.name}`
    return {
      ...pmu,
      caps: readAll(tree, `${directory}/caps`, decodeCap, tolerate),
      events: readAll(tree, `${directory}/events`, decodeEvent, tolerate),
    }
  })
}

/** What is in the files of a directory, by their names; those that decode to nothing are left out. */
function readAll<Value>(
  tree: HostTree,
  directory: string,
  decode: (tree: HostTree, path: string, content: string) => Value | undefined,
  tolerate: Tolerate,
): Record<string, Value> {
  const read = (path: string) => {
    const content = tree.read(path)
    return content === undefined ? undefined : decode(tree, path, content)
  }
  const names = tolerate(() => tree.list(directory)) ?? []
  return Object.fromEntries(
    names.flatMap(name => {
      const value = tolerate(() => read(`${directory}/${name}`))
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function decodeCap(tree: HostTree, path: string, content: string): number | string {
  const value = parseNumber(content)
  if (value !== undefined) return value
  if (ARM_CAPS.some(cap => path.endsWith(`/${cap}`)))
    throw nonsense(tree, path, content, 'a number')
  return content
}

/** `event=0x0011`. Names with a dot are units and scales of events. */
function decodeEvent(tree: HostTree, path: string, content: string): number | undefined {
  if (basename(path).includes('.')) return undefined
  const terms = content.split(',')
  const event = terms.find(term => term.startsWith('event='))
  const value = parseNumber(event?.slice('event='.length) ?? '')
  if (value === undefined) throw nonsense(tree, path, content, 'a perf event')
  return terms.length === 1 ? value : undefined
}
