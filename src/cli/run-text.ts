import type { PmuDecision } from '../pmu/decision.ts'
import type { RunStatistics } from '../vm/run-loop.ts'

/** What the guest gets, and why, in a line. */
export function renderDecision(decision: PmuDecision): string {
  const since = `since ${decision.reason}`
  switch (decision.kind) {
    case 'off':
      return `tsvmm: guest PMU: none, ${decision.reason}`
    case 'host-pmu':
      return `tsvmm: guest PMU: ${decision.pmu.name}${decision.strict ? ' (STRICT)' : ''}, ${since}`
    case 'default':
      return `tsvmm: guest PMU: ${decision.pmu.name} (the kernel's default), ${since}`
    case 'fixed':
      return `tsvmm: guest PMU: the cycle counter (FIXED_COUNTERS_ONLY), ${since}`
    case 'none':
    case 'refused':
      return [`tsvmm: guest PMU: none, ${since}`, ...decision.suggestions].join('\n  with a PMU: ')
  }
}

/** What the guest has done so far, in a line. */
export function renderStatus(statistics: RunStatistics | undefined): string {
  if (statistics === undefined) return 'tsvmm: the guest does not run yet'
  const { exits, unmappedAccesses, repins } = statistics
  const counts = Object.entries(exits).map(([kind, count]) => `${kind} ${count}`)
  return [
    `tsvmm: exits: ${counts.join(', ') || 'none'}`,
    `accesses nobody answered: ${unmappedAccesses}`,
    `put back on CPUs of the PMU: ${repins.total}`,
  ].join('; ')
}
