import type { HostFacts } from '../host/index.ts'
import { pmuEventName, renderEventNumber } from '../pmu/events.ts'
import { renderAnswer } from '../pmu/judge.ts'
import type { PmuProbe } from '../pmu/probe.ts'
import { renderPmuVersion } from '../pmu/version.ts'
import type { GuestView } from '../vm/identify.ts'

/** No line of the lists is longer. */
const WIDTH = 80

/** Arm's name of an event, or its number. */
export function eventLabel(event: number): string {
  return pmuEventName(event) ?? renderEventNumber(event)
}

/** The version of a guest's PMU, of the PMU with this perf type; undefined if it is not known. */
export function versionSeen(views: readonly GuestView[], type: number): string | undefined {
  const pmuVer = views.find(({ pmu }) => pmu.type === type)?.pmuVer
  return pmuVer === undefined ? undefined : renderPmuVersion(pmuVer)
}

/** How many events the guests of each PMU see, all PMUs in one if they are alike. */
export function countOfEvents(views: readonly GuestView[]): string | undefined {
  const counts = views.flatMap(({ pmu, events }) =>
    events === undefined ? [] : [{ name: pmu.name, count: events.length }],
  )
  if (counts.length === 0) return undefined
  const alike = counts.length === views.length && new Set(counts.map(({ count }) => count)).size < 2
  return alike
    ? `${counts[0]?.count ?? 0}`
    : counts.map(({ name, count }) => `${count} (${name})`).join(', ')
}

/**
 * The events that guests see, once for all PMUs with the same, each list with what it leaves out;
 * and why they are not known of the others, unless the answers to the probe say so already.
 */
export function eventBlocks(
  views: readonly GuestView[],
  host: HostFacts | undefined,
  probe: PmuProbe,
): string[][] {
  const known = views.filter(view => view.events !== undefined)
  const keyOf = ({ events }: GuestView) => JSON.stringify(events)
  const lists = [...new Set(known.map(keyOf))].map(key => known.filter(v => keyOf(v) === key))
  const said = new Set(probe.pmus.map(({ setPmu }) => setPmu.call))
  const unknown = views.filter(({ events, answer }) => !events && !said.has(answer.call))
  return [
    ...lists.map(alike => eventList(alike, host)),
    unknown.map(({ pmu, answer }) => `${pmu.name}: events are not known: ${renderAnswer(answer)}`),
    probe.fixedCountersOnly.is === 'available' ? [FIXED_COUNTERS_ONLY] : [],
  ]
}

const FIXED_COUNTERS_ONLY =
  'Guests with FIXED_COUNTERS_ONLY see no events: the cycle counter is all they have.'

function eventList(alike: readonly GuestView[], host: HostFacts | undefined): string[] {
  const events = alike[0]?.events ?? []
  const names = alike.map(({ pmu }) => pmu.name).join(', ')
  return [
    `EVENTS of guests with ${names}: ${events.length}`,
    ...inColumns(events.map(eventLabel)),
    ...alike.flatMap(view => unseenLine(view, host)),
  ]
}

/** Whether PMCEID0_EL0 and PMCEID1_EL0 have a bit for it: 0x00 to 0x3f, and 0x4000 to 0x403f. */
function isInPmceid(event: number): boolean {
  return (event & ~0x403f) === 0
}

/** What the driver of the host has a name for, and a guest could see but does not. */
function unseenLine({ pmu, events = [] }: GuestView, host: HostFacts | undefined): string[] {
  const named = host?.pmus.find(({ type }) => type === pmu.type)?.events ?? {}
  // A driver with numbers of its own, as that of Apple's PMUs, has other names for them.
  const unseen = Object.entries(named).filter(
    ([name, event]) =>
      isInPmceid(event) && pmuEventName(event)?.toLowerCase() === name && !events.includes(event),
  )
  return unseen.length === 0
    ? []
    : [`The driver of ${pmu.name} has names for ${unseen.length} more, which guests do not see.`]
}

/** One below the other, to be read line by line. */
function inColumns(words: readonly string[]): string[] {
  const width = Math.max(0, ...words.map(word => word.length)) + 2
  const columns = Math.max(1, Math.floor(WIDTH / width))
  return Array.from({ length: Math.ceil(words.length / columns) }, (_, line) =>
    words
      .slice(line * columns, (line + 1) * columns)
      .map(word => `  ${word}`.padEnd(width))
      .join('')
      .trimEnd(),
  )
}
