import type { Answer, ProbedPmu } from '../pmu/probe.ts'
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
