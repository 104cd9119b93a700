import { renderCpuList, renderHostPmu } from '../host/index.ts'
import { choosePmu } from '../pmu/choose.ts'
import { parsePmuInterrupt } from '../pmu/interrupt.ts'
import type { PmuDecision } from '../pmu/decision.ts'
import type { PmuProbe } from '../pmu/probe.ts'
import { pass, withKnown, type Finding } from './check.ts'
import type { DoctorFacts } from './facts.ts'
import { withPart } from './kvm-part.ts'

/** What `tsvmm run --pmu` would do here. */
export function judgeChoice(facts: DoctorFacts): Finding {
  return withKnown(facts.host, ({ affinity, online, offline }) =>
    withPart(facts, 'pmus', probe => {
      const allowedCpus = affinity ?? online
      if (allowedCpus.length === 0)
        return { verdict: 'SKIP', found: 'not judged: this process may use no CPU' }
      return judgeDecision(decide(probe, allowedCpus, offline), probe, allowedCpus)
    }),
  )
}

/** As of `--pmu` without anything else. */
export function decide(
  probe: PmuProbe,
  allowedCpus: readonly number[],
  offlineCpus: readonly number[],
): PmuDecision {
  return choosePmu({
    allowedCpus,
    affinityGiven: false,
    offlineCpus,
    probe,
    request: {
      mode: { kind: 'auto' },
      fallback: 'pin',
      strict: 'auto',
      interrupt: parsePmuInterrupt('ppi:7'),
    },
  })
}

function judgeDecision(
  decision: PmuDecision,
  probe: PmuProbe,
  allowedCpus: readonly number[],
): Finding {
  switch (decision.kind) {
    case 'host-pmu':
    case 'default':
      if (!decision.pinned)
        return pass(`--pmu gives guests ${renderHostPmu(decision.pmu)}, on every CPU they may use`)
      return {
        verdict: 'WARN',
        found: `--pmu keeps guests to CPUs ${renderCpuList(decision.cpus)}, those of ${decision.pmu.name}`,
        why: `no PMU covers all CPUs guests may use (${renderCpuList(allowedCpus)}), and a guest has the counters of one: elsewhere KVM refuses to run it`,
        remedy: waysToRun(probe, allowedCpus),
        see: ['docs/pmu.md', 'Documentation/virt/kvm/devices/vcpu.rst, 1.4 (v7.3)'],
      }
    case 'fixed':
      return pass('--pmu gives guests the cycle counter alone (FIXED_COUNTERS_ONLY), on every CPU')
    case 'none':
    case 'refused':
      return {
        verdict: 'WARN',
        found: `--pmu gives guests no PMU: ${decision.reason}`,
        remedy: decision.suggestions.map(option =>
          option.startsWith('-') ? `tsvmm run --pmu ${option} IMAGE` : option,
        ),
      }
    case 'off':
      return pass(decision.reason)
  }
}

/** One command for each PMU a guest can have, with the CPUs it is to stay on. */
function waysToRun({ pmus }: PmuProbe, allowedCpus: readonly number[]): string[] {
  return pmus.flatMap(({ pmu, setPmu }) => {
    const cpus = pmu.cpus.filter(cpu => allowedCpus.includes(cpu))
    return setPmu.ok && cpus.length > 0
      ? [`tsvmm run --pmu --vcpu-affinity ${renderCpuList(cpus)} IMAGE    # ${pmu.name}`]
      : []
  })
}
