import type { Answer, PmuProbe, ProbedPmu } from '../pmu/probe.ts'
import type { Cell, Painted } from './table.ts'

/** `accepted`, or the errno that KVM refused with. */
export function verdict({ ok, errno }: Answer): Painted {
  return ok ? { text: 'accepted', style: 'green' } : { text: errno ?? 'no', style: 'red' }
}

/** What KVM says of a PMU: whether a guest can have it, its counters, whether it is the default. */
export function guestCells(probed: ProbedPmu | undefined): readonly Cell[] {
  if (probed === undefined) return [undefined, undefined, undefined]
  const { setPmu, counters, isDefault } = probed
  return [verdict(setPmu), counters, isDefault && (isDefault.ok ? 'yes' : 'no')]
}

/** Something that KVM can or cannot do for the PMU of a guest. */
export interface Ability {
  readonly name: string
  readonly is: 'available' | 'absent' | 'something else'
  readonly detail: readonly string[]
  readonly answers: readonly Answer[]
}

export function abilities(probe: PmuProbe): Ability[] {
  const { strict, filter, filterEvents, setPmu, setNrCounters, fixedCountersOnly } = probe
  const ability = (name: string, answer: Answer, detail: readonly string[] = []): Ability => ({
    name,
    is: answer.ok ? 'available' : 'absent',
    detail: answer.ok ? detail : [],
    answers: [answer],
  })
  return [
    ability('SET_PMU', setPmu),
    ability('STRICT', strict),
    ability('FILTER', filter, filterEvents === undefined ? [] : [`${filterEvents} events`]),
    ability('SET_NR_COUNTERS', setNrCounters),
    {
      name: 'FIXED_COUNTERS_ONLY',
      is: fixedCountersOnly.is === 'something-else' ? 'something else' : fixedCountersOnly.is,
      detail: [],
      answers: fixedCountersOnly.answers,
    },
  ]
}
