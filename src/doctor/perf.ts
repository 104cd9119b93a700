import { known, pass, withKnown, type Finding } from './check.ts'
import type { DoctorFacts } from './facts.ts'

/**
 * KVM makes the counters of guests as events of the kernel, which no setting forbids: it is other
 * takers of counters that matter.
 */
export function judgePerf({ settings, kernel }: DoctorFacts): Finding {
  return withKnown(settings, ({ perfEventParanoid, perfUserAccess, nmiWatchdog }) => {
    // The watchdog that takes a counter needs NMIs, which arm64 has only as pseudo-NMIs.
    const hasNmis = /(^|\s)irqchip\.gicv3_pseudo_nmi=[1yY]/.test(known(kernel)?.commandLine ?? '')
    if (nmiWatchdog === 1 && hasNmis)
      return {
        verdict: 'WARN',
        found: 'the NMI watchdog may take a counter of every CPU',
        why: 'kernel.nmi_watchdog is 1 and the kernel has pseudo-NMIs: a guest that wants all counters does not get them all at once',
        remedy: ['sudo sysctl kernel.nmi_watchdog=0'],
        see: ['kernel/watchdog_perf.c (v6.12)'],
      }
    const notes = [
      'nothing takes counters for good',
      ...(perfEventParanoid === undefined
        ? []
        : [`perf_event_paranoid is ${perfEventParanoid}, which does not concern guests`]),
      ...(perfUserAccess === 1 ? ['programs may read counters themselves (perf_user_access)'] : []),
    ]
    return pass(notes.join('; '))
  })
}
