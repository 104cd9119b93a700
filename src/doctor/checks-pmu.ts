import { renderCpuList, renderCpus, renderHostPmu } from '../host/index.ts'
import { renderAnswer, renderEventCounters } from '../pmu/judge.ts'
import type { PmuProbe } from '../pmu/probe.ts'
import { judgeChoice } from './choice.ts'
import { pass, withKnown, type Check, type Finding } from './check.ts'
import type { DoctorFacts } from './facts.ts'
import { withPart } from './kvm-part.ts'
import { judgePerf } from './perf.ts'

/** The CPUs, and what PMU a guest can have on them. Without one, guests run all the same. */
export const PMU_CHECKS = [
  {
    id: 'cpu.files',
    about: 'what the kernel says of CPUs and PMUs can be read, and can be true',
    needs: [],
    judge: judgeFiles,
  },
  {
    id: 'cpu.online',
    about: 'CPUs that do not run',
    needs: [],
    judge: judgeOnline,
  },
  {
    id: 'cpu.allowed',
    about: 'CPUs this process may not use',
    needs: [],
    judge: judgeAllowed,
  },
  {
    id: 'pmu.host',
    about: 'the host has core PMUs with a driver',
    needs: ['host.arch'],
    judge: judgeHostPmus,
  },
  {
    id: 'pmu.cpus',
    about: 'CPUs without a PMU',
    needs: ['pmu.host'],
    judge: judgeCovered,
  },
  {
    id: 'pmu.kvm',
    about: 'KVM has a PMU for guests: KVM_CAP_ARM_PMU_V3, KVM_CAP_VCPU_ATTRIBUTES',
    needs: ['kvm.api'],
    judge: judgeCapabilities,
  },
  {
    id: 'pmu.attributes',
    about: 'what can be set of it: SET_PMU, FILTER, SET_NR_COUNTERS, STRICT, FIXED_COUNTERS_ONLY',
    needs: ['pmu.kvm'],
    judge: judgeAttributes,
  },
  {
    id: 'pmu.accepted',
    about: "which of the host's PMUs KVM takes for a guest",
    needs: ['pmu.host', 'pmu.kvm'],
    judge: judgeAccepted,
  },
  {
    id: 'pmu.choice',
    about: 'several kinds of core, and what --pmu makes of them',
    needs: ['pmu.accepted'],
    judge: judgeChoice,
  },
  {
    id: 'pmu.perf',
    about: 'settings of perf that take counters from guests',
    needs: ['pmu.host'],
    judge: judgePerf,
  },
] as const satisfies readonly Check[]

function judgeFiles({ host }: DoctorFacts): Finding {
  return withKnown(host, ({ problems }) =>
    problems.length === 0
      ? pass('nothing is wrong with the files of CPUs and PMUs')
      : {
          verdict: 'WARN',
          found:
            problems.length === 1
              ? `${problems[0]}`
              : `${problems[0]}; and ${problems.length - 1} more`,
          remedy: ['tsvmm probe'],
        },
  )
}

function judgeOnline({ host }: DoctorFacts): Finding {
  return withKnown(host, ({ online, present, offline }) => {
    const down = present.filter(cpu => !online.includes(cpu))
    if (down.length > 0)
      return {
        verdict: 'WARN',
        found: `${renderCpus(online)}; offline: ${renderCpuList(down)}`,
        why: 'no vCPU can be there, and a PMU that has only these CPUs is of no use',
        remedy: [`sudo chcpu -e ${renderCpuList(down)}`],
      }
    const absent = offline.length === 0 ? '' : `; ${offline.length} more are possible`
    return pass(`${renderCpus(online)}, all that are there${absent}`)
  })
}

function judgeAllowed({ host }: DoctorFacts): Finding {
  return withKnown(host, ({ online, affinity }) => {
    if (affinity === undefined)
      return { verdict: 'SKIP', found: 'not known: /proc/self/status does not tell' }
    if (affinity.length === online.length) return pass('this process may use all of them')
    return {
      verdict: 'WARN',
      found: `this process may use ${renderCpus(affinity)} of ${renderCpuList(online)}`,
      why: 'taskset, a cpuset or a container keeps it there, and with it its vCPUs',
      remedy: [`taskset -c ${renderCpuList(online)} tsvmm doctor    # does not widen a cpuset`],
    }
  })
}

function judgeHostPmus({ host }: DoctorFacts): Finding {
  return withKnown(host, ({ pmus }) =>
    pmus.length > 0
      ? pass(pmus.map(pmu => renderHostPmu(pmu)).join(', '))
      : {
          verdict: 'WARN',
          found: 'the host has no core PMU',
          why: 'no directory of /sys/bus/event_source/devices has a file cpus: no driver, no PMU in the device tree or ACPI tables, or a hypervisor keeps it',
          remedy: ['sudo dmesg | grep -i pmu'],
          see: ['drivers/perf/arm_pmu.c (v6.12)'],
        },
  )
}

function judgeCovered({ host }: DoctorFacts): Finding {
  return withKnown(host, ({ pmus, online, affinity, uncovered }) => {
    if (pmus.length === 0) return { verdict: 'SKIP', found: 'not judged: there is no core PMU' }
    const bare = uncovered.filter(cpu => online.includes(cpu))
    if (bare.length === 0) return pass('every CPU that runs has one')
    const covered = online.filter(cpu => !bare.includes(cpu))
    const isAlone = affinity?.every(cpu => bare.includes(cpu)) ?? false
    return {
      verdict: 'WARN',
      found: `none on ${renderCpus(bare)}${isAlone ? ', and this process may use no other' : ''}`,
      why: 'a vCPU there has no PMU, and KVM_ARM_VCPU_INIT with one fails with ENODEV',
      remedy: [
        `taskset -c ${renderCpuList(covered)} tsvmm run --pmu IMAGE    # where there is one`,
      ],
    }
  })
}

const NEEDED = ['KVM_CAP_ARM_PMU_V3', 'KVM_CAP_VCPU_ATTRIBUTES'] as const

function judgeCapabilities(facts: DoctorFacts): Finding {
  return withPart(facts, 'capabilities', capabilities => {
    const valueOf = (wanted: string) => capabilities.find(({ name }) => name === wanted)?.value
    const missing = NEEDED.filter(name => (valueOf(name) ?? 0) === 0)
    if (missing.length === 0) return pass(NEEDED.join(', '))
    return {
      verdict: 'WARN',
      found: `no PMU for guests: not ${missing.join(', ')}`,
      why: 'the kernel has no PMUv3 it could share: every core needs one, with the driver, and Linux 6.15 on Apple cores',
      see: ['arch/arm64/kvm/pmu-emul.c, kvm_host_pmu_init() (v7.3)'],
    }
  })
}

/** Why KVM's answers about PMUs say nothing, if they do. */
function withoutAnswers({ pmuV3, unasked, pmus }: PmuProbe): Finding | undefined {
  if (!pmuV3 || pmus.length === 0)
    return { verdict: 'SKIP', found: 'not judged: guests have no PMU here' }
  if (!unasked) return undefined
  return {
    verdict: 'SKIP',
    found: 'not known: this process may use no CPU that has a PMU, and KVM asks for one',
  }
}

function judgeAttributes(facts: DoctorFacts): Finding {
  return withPart(facts, 'pmus', probe => {
    const nothing = withoutAnswers(probe)
    if (nothing !== undefined) return nothing
    const rows: [string, boolean][] = [
      ['SET_PMU', probe.setPmu.ok],
      ['FILTER', probe.filter.ok],
      ['SET_NR_COUNTERS', probe.setNrCounters.ok],
      ['STRICT', probe.strict.ok],
      ['FIXED_COUNTERS_ONLY', probe.fixedCountersOnly.is === 'available'],
    ]
    const names = (wanted: boolean) =>
      rows.filter(([, has]) => has === wanted).map(([name]) => name)
    const found = `${names(true).join(', ') || 'none'}; not ${names(false).join(', ') || 'anything'}`
    if (probe.setPmu.ok || probe.pmus.length < 2) return pass(found)
    return {
      verdict: 'WARN',
      found,
      why: 'without SET_PMU (Linux 5.18) a guest gets whichever of the PMUs the kernel picks',
      remedy: ['boot Linux 5.18 or later'],
    }
  })
}

function judgeAccepted(facts: DoctorFacts): Finding {
  return withPart(facts, 'pmus', probe => {
    const nothing = withoutAnswers(probe)
    if (nothing !== undefined) return nothing
    const { setPmu, pmus } = probe
    const given = ({ setPmu: answer }: (typeof pmus)[number]) =>
      answer.ok || (!setPmu.ok && pmus.length === 1)
    const refused = pmus.filter(pmu => !given(pmu))
    const words = pmus.filter(given).map(({ pmu, counters }) => {
      const has = counters === undefined ? '' : `, ${renderEventCounters(counters)}`
      return `${pmu.name}${has}`
    })
    if (refused.length === 0) return pass(words.join('; '))
    return {
      verdict: 'WARN',
      found: [...words, `refused: ${refused.map(({ pmu }) => pmu.name).join(', ')}`].join('; '),
      why: refused.map(({ setPmu }) => renderAnswer(setPmu)).join('; '),
      remedy: ['tsvmm probe pmus'],
    }
  })
}
