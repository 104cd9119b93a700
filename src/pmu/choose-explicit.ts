import { renderCpuList, renderCpus, renderHostPmu } from '../host/index.ts'
import { grant, guestPmu, refuse, refuseCounters } from './answers.ts'
import type { PmuDecision } from './decision.ts'
import { didYouMean } from './did-you-mean.ts'
import {
  affinities,
  bareCpus,
  covers,
  isDown,
  isRefusedByKvm,
  objectionTo,
  renderAnswer,
  renderUsed,
  share,
} from './judge.ts'
import type { PmuQuestion } from './question.ts'
import { PMU_MODES, renderPmuMode } from './request.ts'

/* The modes that are a wish, met or refused. */

export function chooseFixed(question: PmuQuestion): PmuDecision {
  const problem = fixedProblem(question)
  if (problem !== undefined)
    return refuse(question, 'NO_FIXED', {
      reason: `FIXED_COUNTERS_ONLY cannot be had: ${problem}`,
      suggestions: ['--pmu=auto', ...coveredAffinity(question)],
    })
  return {
    kind: 'fixed',
    cpus: question.allowedCpus,
    pinned: false,
    strict: false,
    counters: 0,
    reason: 'FIXED_COUNTERS_ONLY was asked for',
    notices: ['the guest has the cycle counter and no event counters (FIXED_COUNTERS_ONLY)'],
  }
}

/** The CPUs on which it could be had, if the others are all that is wrong. */
function coveredAffinity(question: PmuQuestion): string[] {
  const bare = withoutUsablePmu(question)
  const covered = question.allowedCpus.filter(cpu => !bare.includes(cpu))
  const heals = bare.length > 0 && covered.length > 0
  return heals && fixedProblem({ ...question, allowedCpus: covered }) === undefined
    ? [`--vcpu-affinity ${renderCpuList(covered)}`]
    : []
}

/** The allowed CPUs that have no PMU which KVM takes. */
function withoutUsablePmu(question: PmuQuestion): number[] {
  const taken = question.probe.pmus.filter(probed => !isRefusedByKvm(question, probed))
  return question.allowedCpus.filter(cpu => !taken.some(({ pmu }) => pmu.cpus.includes(cpu)))
}

/** Why FIXED_COUNTERS_ONLY cannot be had with this question, if it cannot. */
function fixedProblem(question: PmuQuestion): string | undefined {
  const { probe, request } = question
  const { is, answers } = probe.fixedCountersOnly
  if (is === 'absent')
    return `this kernel does not have it (${answers.map(renderAnswer).join('; ')})`
  if (is === 'something-else')
    return `its number means something else to this kernel (${answers.map(renderAnswer).join('; ')})`
  const bare = withoutUsablePmu(question)
  if (bare.length > 0) return `no PMU that KVM takes covers ${renderCpus(bare)}`
  if (request.counters !== undefined) return 'it has no event counters for --pmu-counters'
  if (request.filter !== undefined) return 'it excludes --pmu-filter'
  if (request.strict === 'on') return 'it excludes --pmu-strict=on'
  return undefined
}

const NOT_REFUSED =
  'on CPUs without this PMU the counters stand still and KVM does not refuse the vCPUs: only --vcpu-affinity keeps them off'

/** The kernel picks the PMU of the CPU a vCPU happens to be made on: safe if there is but one. */
export function chooseDefault(question: PmuQuestion): PmuDecision {
  const { allowedCpus, probe } = question
  const covering = probe.pmus.filter(({ pmu }) => covers(pmu, allowedCpus))
  const only = covering.find(probed => !isRefusedByKvm(question, probed)) ?? covering[0]
  const bare = bareCpus(question)
  if (bare.length > 0)
    return refuse(question, 'NO_COMMON', {
      reason: `no PMU of the host covers ${renderCpus(bare)}, and the kernel picks that of the CPU a vCPU is made on`,
      suggestions: [...affinities(question, probe.pmus), '--pmu=auto'],
    })
  const forAll = probe.pmus.find(({ isDefault }) => isDefault?.ok)
  if (probe.pmus.some(({ isDefault }) => isDefault?.ok === false) && only?.isDefault?.ok !== true)
    return refuse(question, 'LOTTERY', {
      reason: `this kernel picks one PMU for the whole host, ${forAll ? renderHostPmu(forAll.pmu) : 'and none of these'}, wherever the vCPUs may run (as Linux before 6.3 did)`,
      suggestions: [...(forAll ? affinities(question, [forAll]) : []), '--pmu=auto'],
    })
  if (only === undefined)
    return refuse(question, 'LOTTERY', {
      reason: `the kernel's own pick is a lottery: it is the PMU of whichever of the ${renderUsed(question)} the first vCPU is made on`,
      suggestions: [...affinities(question, probe.pmus), '--pmu=auto'],
    })
  const objection = objectionTo(question, only)
  if (objection !== undefined)
    return refuse(question, 'NO_COMMON', { reason: objection.reason, suggestions: ['--pmu=auto'] })
  const given = guestPmu(question, only, `the kernel picks it on the ${renderUsed(question)}`)
  return {
    ...given,
    notices: [...given.notices, ...(probe.pmus.length > 1 ? [NOT_REFUSED] : [])],
    kind: 'default',
    pmu: only.pmu,
    strict: false,
  }
}

export function chooseNamed(question: PmuQuestion, name: string): PmuDecision {
  const { allowedCpus, affinityGiven, request, probe } = question
  const wanted = probe.pmus.find(({ pmu }) => pmu.name === name || String(pmu.type) === name)
  if (wanted === undefined) return refuseUnknown(question, name)
  const objection = objectionTo(question, wanted)
  const mayPin =
    request.fallback === 'pin' && !affinityGiven && share(wanted.pmu, allowedCpus).length > 0
  if (objection === undefined || (objection.kind === 'cpus' && mayPin))
    return grant(question, wanted, `it was asked for (${renderPmuMode(request.mode)})`)
  if (objection.kind === 'counters') return refuseCounters(question, wanted, objection)
  const [first = 0] = wanted.pmu.cpus
  return refuse(question, 'NO_COMMON', {
    reason: objection.reason,
    suggestions: [
      ...(isDown(question, wanted)
        ? [`echo 1 | sudo tee /sys/devices/system/cpu/cpu${first}/online`]
        : affinities(question, [wanted])),
      '--pmu=auto',
    ],
  })
}

function refuseUnknown(question: PmuQuestion, name: string): PmuDecision {
  const names = question.probe.pmus.map(({ pmu }) => pmu.name)
  // Most people know the core, few know what the kernel makes of it.
  const part = name.length > 2 ? name.toLowerCase() : undefined
  const near =
    names.find(known => part !== undefined && known.includes(part)) ??
    didYouMean(name, [...names, ...PMU_MODES])
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name
  const what = /^\d+$/.test(name)
    ? `has the perf type ${shown}`
    : `is called ${JSON.stringify(shown)}`
  return {
    kind: 'refused',
    problem: 'UNKNOWN',
    reason: `no core PMU of this host ${what}${near === undefined ? '' : `; did you mean ${near}?`}`,
    notices: [],
    perPmu: question.probe.pmus.map(({ pmu }) => ({
      pmu,
      reason: `there is ${renderHostPmu(pmu)}`,
    })),
    suggestions: (near === undefined ? names : [near]).map(name => `--pmu=${name}`),
  }
}
