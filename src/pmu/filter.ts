import { UsageError } from '../errors/index.ts'
import {
  KVM_PMU_EVENT_ALLOW,
  KVM_PMU_EVENT_DENY,
  type kvm_pmu_event_filter,
  type ValueOf,
} from '../ioctl/index.ts'
import {
  LAST_PMU_EVENT,
  parsePmuEventRange,
  PMU_EVENTS,
  renderEventNumber,
  renderPmuEvent,
  type PmuEventRange,
} from './events.ts'

const ACTIONS = { allow: KVM_PMU_EVENT_ALLOW, deny: KVM_PMU_EVENT_DENY } as const
const OPPOSITE = { allow: 'deny', deny: 'allow' } as const
const PAST = { allow: 'allowed', deny: 'denied' } as const
const BOTH = ['allow', 'deny'] as const

export type PmuFilterAction = keyof typeof ACTIONS

export interface PmuFilterRange extends PmuEventRange {
  readonly action: PmuFilterAction
}

/**
 * Which events a guest may count, in the order the kernel is told: the last range that has an event
 * decides, and what no range has is the opposite of the first range's action.
 */
export type PmuFilter = readonly PmuFilterRange[]

/**
 * The filter that `--pmu-filter` asks for: each text is `allow:` or `deny:` and events with commas
 * between them, by number (`0x11`, `17`), name (`CPU_CYCLES`, `cpu_cycles`) or as a range of either
 * (`0x08-0x0b`). The events of one text become as few ranges as possible.
 *
 * @throws {@link UsageError} naming the text and its first item that cannot be meant
 */
export function parsePmuFilter(texts: readonly string[]): PmuFilter {
  return texts.flatMap(parseText)
}

function parseText(text: string): PmuFilterRange[] {
  const [, word, list = text] = /^([^:]*):(.*)$/s.exec(text) ?? []
  const texts = list.split(',').map(item => item.trim().replaceAll(/\s*-\s*/g, '-'))
  const items = texts.map(item =>
    item === '' ? { problem: 'an item is empty', instead: undefined } : parsePmuEventRange(item),
  )
  const refuse = (problem: string, actions: readonly PmuFilterAction[]) => {
    const right = items.flatMap((item, i) => ('first' in item ? texts[i] : item.instead) ?? [])
    const events = right.length > 0 ? right.join(',') : 'CPU_CYCLES,INST_RETIRED'
    return new UsageError(`--pmu-filter ${shorten(text)}: ${problem}`, {
      try: actions.map(action => commandFor([`${action}:${events}`])),
    })
  }
  const action = word?.trim()
  if (action === undefined) throw refuse('it begins with neither allow: nor deny:', BOTH)
  if (!isAction(action))
    throw refuse(`${JSON.stringify(shorten(action))} is neither allow nor deny`, BOTH)
  if (list.trim() === '') throw refuse('it names no event', [action])
  const wrong = items.find(item => 'problem' in item)
  if (wrong !== undefined) throw refuse(wrong.problem, [action])
  return merge(items.filter(item => 'first' in item)).map(range => ({ action, ...range }))
}

/** The fewest ranges with the same events, ascending. */
function merge(ranges: readonly PmuEventRange[]): PmuEventRange[] {
  const merged: { first: number; last: number }[] = []
  for (const { first, last } of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = merged.at(-1)
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last)
    else merged.push({ first, last })
  }
  return merged
}

function isAction(text: string): text is PmuFilterAction {
  return Object.hasOwn(ACTIONS, text)
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function commandFor(texts: readonly string[]): string {
  return texts.map(text => `--pmu-filter ${text}`).join(' ')
}

/** The texts that give this filter, e.g. `allow:0x08-0x0b,0x11`, numbers in place of names. */
export function renderPmuFilter(filter: PmuFilter): string[] {
  const texts: string[] = []
  filter.forEach(({ action, first, last }, i) => {
    const number = renderEventNumber(first)
    const range = first === last ? number : `${number}-${renderEventNumber(last)}`
    if (filter[i - 1]?.action === action) texts.push(`${texts.pop() ?? ''},${range}`)
    else texts.push(`${action}:${range}`)
  })
  return texts
}

/**
 * One payload per call of KVM_ARM_VCPU_PMU_V3_FILTER, to be made in this order. A range of all 65536
 * events is two payloads, since `nevents` has 16 bits.
 */
export function encodeFilter(filter: PmuFilter): ValueOf<typeof kvm_pmu_event_filter>[] {
  return filter.flatMap(({ action, first, last }) => {
    const payload = (base_event: number, nevents: number) => [
      { base_event, nevents, action: ACTIONS[action] },
    ]
    const count = last - first + 1
    return count > 0xffff
      ? [...payload(first, 0xffff), ...payload(first + 0xffff, count - 0xffff)]
      : payload(first, count)
  })
}

/**
 * What the kernel's bitmap says about an event once all ranges are in it. SW_INCR and CHAIN count
 * whatever it says; a guest only does not see them in PMCEID0_EL0 when they are denied.
 *
 * @see arch/arm64/kvm/pmu-emul.c, `kvm_arm_pmu_v3_set_attr` (v6.12)
 */
export function filterDecides(filter: PmuFilter, event: number): PmuFilterAction {
  const decisive = filter.findLast(({ first, last }) => first <= event && event <= last)
  return decisive?.action ?? unnamed(filter)
}

/**
 * Refuses a filter that the kernel would answer with EINVAL.
 *
 * @param eventCount 1024 where the host's PMUVer is PMUv3 for Armv8.0, else 65536. KVM goes by the
 *   host's sanitised ID_AA64DFR0_EL1, not by the PMU that was selected
 * @throws {@link UsageError} naming the first event that is beyond
 * @see arch/arm64/kvm/pmu-emul.c, `kvm_arm_pmu_v3_set_attr` (v6.12)
 */
export function checkFilter(filter: PmuFilter, eventCount: number): void {
  const wrong = filter.find(({ last }) => last >= eventCount)
  if (wrong === undefined) return
  const limit = renderEventNumber(eventCount - 1)
  const version = eventCount > 1024 ? 'any PMUv3' : 'PMUv3 for Armv8.0, which this host has'
  const text = renderPmuFilter([wrong]).join()
  const beyond = renderPmuEvent(Math.max(wrong.first, eventCount))
  const within = filter
    .filter(({ first }) => first < eventCount)
    .map(range => ({ ...range, last: Math.min(range.last, eventCount - 1) }))
  // Without its first range a filter may mean the opposite.
  const same = within[0] !== undefined && within[0].action === filter[0]?.action
  throw new UsageError(
    `--pmu-filter ${text}: ${beyond} is beyond ${limit}, the last event of ${version}`,
    {
      ...(eventCount > 1024 ? {} : { why: 'events from 0x400 on need PMUv3 for Armv8.1' }),
      try: [same ? commandFor(renderPmuFilter(within)) : `name only events up to ${limit}`],
      see: ['arch/arm64/kvm/pmu-emul.c kvm_arm_pmu_v3_set_attr'],
    },
  )
}

/**
 * What a filter does that its author may not expect, a sentence each, without its full stop.
 *
 * @see Documentation/virt/kvm/devices/vcpu.rst 1.3 (v6.12)
 */
export function filterNotices(filter: PmuFilter): string[] {
  return [...policyNotices(filter), ...eventNotices(filter)]
}

function policyNotices(filter: PmuFilter): string[] {
  const rest = unnamed(filter)
  const because = `since the first one says ${OPPOSITE[rest]}, events that none names are ${PAST[rest]}`
  if (filter.length > 0 && boundaries(filter).every(event => filterDecides(filter, event) === rest))
    return [
      `all events are ${PAST[rest]}: the --pmu-filter options cancel each other, and ${because}`,
    ]
  const idle = filter.filter(
    (range, i) => range.action === rest && !meets(range, filter.slice(0, i)),
  )
  return idle.length > 0 ? [`${commandFor(renderPmuFilter(idle))} changes nothing: ${because}`] : []
}

function eventNotices(filter: PmuFilter): string[] {
  const { CPU_CYCLES, SW_INCR, CHAIN } = PMU_EVENTS
  const isDenied = (event: number) => filterDecides(filter, event) === 'deny'
  const isNamed = (event: number) => meets({ first: event, last: event }, filter)
  const notices: string[] = []
  if (isDenied(CPU_CYCLES))
    notices.push(
      `the guest's cycle counter PMCCNTR_EL0 does not count, as ${renderPmuEvent(CPU_CYCLES)} is ` +
        'denied: add --pmu-filter allow:CPU_CYCLES as the last',
    )
  if (isDenied(SW_INCR) && isNamed(SW_INCR))
    notices.push(`${renderPmuEvent(SW_INCR)} counts although it is denied: KVM never filters it`)
  if (isDenied(CHAIN) && isNamed(CHAIN))
    notices.push(`denying ${renderPmuEvent(CHAIN)} has no effect: it only joins two counters`)
  return notices
}

function meets(range: PmuEventRange, filter: PmuFilter): boolean {
  return filter.some(({ first, last }) => first <= range.last && range.first <= last)
}

/** What becomes of events that no range has. */
function unnamed(filter: PmuFilter): PmuFilterAction {
  return OPPOSITE[filter[0]?.action ?? 'deny']
}

/** Events of which one at least is in every stretch that the filter treats alike. */
function boundaries(filter: PmuFilter): number[] {
  const events = filter.flatMap(({ first, last }) => [first, last + 1])
  return [0, ...events.filter(event => event <= LAST_PMU_EVENT)]
}
