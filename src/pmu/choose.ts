import { BugError, type PmuProblem } from '../errors/index.ts'
import { renderCpuList, renderHostPmu } from '../host/index.ts'
import type { PmuDecision, Refusal } from './decision.ts'
import { didYouMean } from './did-you-mean.ts'
import { filterNotices } from './filter.ts'
import {
  affinities,
  bareCpus,
  covers,
  inOrder,
  isRefusedByKvm,
  objectionTo,
  renderAnswer,
  renderCpus,
  renderUsed,
  share,
  type Objection,
} from './judge.ts'
import type { PmuProbe, ProbedPmu } from './probe.ts'
import { PMU_MODES, renderPmuMode, type PmuRequest } from './request.ts'

/** All a decision depends on. */
export interface PmuQuestion {
  /** CPUs the vCPUs may run on; at least one. */
  readonly allowedCpus: readonly number[]
  /** Whether somebody named them, rather than that they are all there are. */
  readonly affinityGiven: boolean
  readonly probe: PmuProbe
  /** Free of contradictions: see `checkPmuRequest`. */
  readonly request: PmuRequest
}

/**
 * Decides what PMU a guest gets. `auto`: the host PMU that covers all CPUs the vCPUs may use; else
 * FIXED_COUNTERS_ONLY; else, as the fallback says, the PMU with the most of these CPUs and the
 * vCPUs kept to them, or none. Any other mode is a wish that is met or refused. With a PMU that
 * does not cover a vCPU's CPU, KVM_RUN fails there with CPU_UNSUPPORTED.
 *
 * The same question always has the same answer; the order of CPUs and PMUs does not matter.
 *
 * @throws {@link BugError} if no CPU is allowed
 * @see docs/pmu.md; Documentation/virt/kvm/devices/vcpu.rst 1.4 (v7.3)
 */
export function choosePmu(given: PmuQuestion): PmuDecision {
  if (given.allowedCpus.length === 0) throw new BugError('a PMU was to be chosen for no CPU')
  const question = {
    ...given,
    allowedCpus: [...new Set(given.allowedCpus)].sort((a, b) => a - b),
    probe: { ...given.probe, pmus: inOrder(given.probe.pmus) },
  }
  const { mode } = question.request
  if (mode.kind === 'off') return { kind: 'off', reason: 'no PMU was asked for', notices: [] }
  const missing = noPmuAtAll(question) ?? unmetWish(question)
  if (missing !== undefined) return missing
  switch (mode.kind) {
    case 'auto':
      return chooseAuto(question)
    case 'fixed':
      return chooseFixed(question)
    case 'default':
      return chooseDefault(question)
    case 'named':
      return chooseNamed(question, mode.name)
  }
}

function noPmuAtAll(question: PmuQuestion): PmuDecision | undefined {
  const { probe } = question
  if (probe.pmus.length === 0)
    return without(
      question,
      'NONE_ON_HOST',
      'the host has no core PMU: no entry of /sys/bus/event_source/devices has CPUs',
    )
  if (!probe.pmuV3)
    return without(
      question,
      'UNSUPPORTED',
      'KVM of this host has no PMU for guests (KVM_CAP_ARM_PMU_V3 is 0)',
    )
  const { mode } = question.request
  if ((mode.kind === 'auto' || mode.kind === 'default') && isNowhere(question))
    return without(
      question,
      'NO_COMMON',
      `no PMU of the host covers any of the ${renderUsed(question)}`,
    )
  return undefined
}

/** Whether no allowed CPU has a PMU. */
function isNowhere(question: PmuQuestion): boolean {
  return bareCpus(question).length === question.allowedCpus.length
}

/** What the kernel lacks of a wish, whichever PMU is taken. */
function unmetWish(question: PmuQuestion): PmuDecision | undefined {
  const { probe, request } = question
  const mode = renderPmuMode(request.mode)
  if (request.counters !== undefined && !probe.setNrCounters.ok)
    return refuse(question, 'COUNTERS', {
      reason: `this kernel cannot limit the counters (--pmu-counters ${request.counters}): ${renderAnswer(probe.setNrCounters)}`,
      suggestions: [`${mode}    # with all counters of the PMU`],
    })
  if (request.filter !== undefined && !probe.filter.ok)
    return refuse(question, 'FILTER', {
      reason: `this kernel takes no event filter (--pmu-filter): ${renderAnswer(probe.filter)}`,
      suggestions: [`${mode}    # without a filter`],
    })
  if (request.strict === 'on' && !probe.strict.ok)
    return refuse(question, 'STRICT', {
      reason: `this kernel has no STRICT (--pmu-strict=on): ${renderAnswer(probe.strict)}`,
      suggestions: ['--pmu-strict=auto'],
    })
  return undefined
}

function chooseAuto(question: PmuQuestion): PmuDecision {
  const { allowedCpus, probe, request } = question
  const judged = probe.pmus.map(probed => ({
    probed,
    objection: objectionTo(question, probed),
  }))
  const best = judged.find(({ objection }) => objection === undefined)?.probed
  if (best !== undefined)
    return grant(question, best, `${renderHostPmu(best.pmu)} covers all ${renderUsed(question)}`)

  const none = `no PMU of the host covers all ${renderUsed(question)}`
  const fixed = chooseFixed(question)
  if (fixed.kind === 'fixed')
    return { ...fixed, reason: `${none}, and FIXED_COUNTERS_ONLY works on each of them` }

  const widest = judged
    .filter(({ objection }) => objection?.kind === 'cpus')
    .map(({ probed }) => ({ probed, size: share(probed.pmu, allowedCpus).length }))
    .sort((a, b) => b.size - a.size)[0]
  const short = judged.filter(({ objection }) => isCounters(objection))
  const few =
    short.find(({ probed }) => covers(probed.pmu, allowedCpus)) ??
    (widest === undefined
      ? short.find(({ probed }) => share(probed.pmu, allowedCpus).length > 0)
      : undefined)
  if (few?.objection !== undefined) return refuseCounters(question, few.probed, few.objection)
  if (request.fallback === 'pin' && widest !== undefined && widest.size > 0)
    return grant(
      question,
      widest.probed,
      `${none}, and of those that would do ${renderHostPmu(widest.probed.pmu)} covers the most`,
    )
  return without(question, 'NO_COMMON', none)
}

function refuseCounters(
  question: PmuQuestion,
  { counters = 0 }: ProbedPmu,
  { reason }: Objection,
): PmuDecision {
  const suggestions = [`--pmu-counters ${counters}    # the most`]
  return refuse(question, 'COUNTERS', { reason, suggestions })
}

function isCounters(objection: Objection | undefined): boolean {
  return objection?.kind === 'counters'
}

function chooseFixed(question: PmuQuestion): PmuDecision {
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

/** The kernel picks the PMU of the CPU a vCPU happens to be made on: safe if there is but one. */
function chooseDefault(question: PmuQuestion): PmuDecision {
  const { allowedCpus, probe } = question
  const covering = probe.pmus.filter(({ pmu }) => covers(pmu, allowedCpus))
  const only = covering.find(probed => !isRefusedByKvm(question, probed)) ?? covering[0]
  const bare = bareCpus(question)
  if (bare.length > 0)
    return refuse(question, 'NO_COMMON', {
      reason: `no PMU of the host covers ${renderCpus(bare)}, and the kernel picks that of the CPU a vCPU is made on`,
      suggestions: [...affinities(question, probe.pmus), '--pmu=auto'],
    })
  if (only === undefined)
    return refuse(question, 'LOTTERY', {
      reason: `the kernel's own pick is a lottery: it is the PMU of whichever of the ${renderUsed(question)} the first vCPU is made on`,
      suggestions: [...affinities(question, probe.pmus), '--pmu=auto'],
    })
  const objection = objectionTo(question, only)
  if (objection !== undefined)
    return refuse(question, 'NO_COMMON', { reason: objection.reason, suggestions: ['--pmu=auto'] })
  if (only.isDefault?.ok === false)
    return refuse(question, 'LOTTERY', {
      reason: `this kernel picks one PMU for the whole host, and not ${renderHostPmu(only.pmu)} (as Linux before 6.3 did)`,
      suggestions: ['--pmu=auto'],
    })
  return {
    ...guestPmu(question, only, `the kernel picks it on the ${renderUsed(question)}`),
    kind: 'default',
    pmu: only.pmu,
    strict: false,
  }
}

function chooseNamed(question: PmuQuestion, name: string): PmuDecision {
  const { allowedCpus, affinityGiven, request, probe } = question
  const wanted = probe.pmus.find(({ pmu }) => pmu.name === name || String(pmu.type) === name)
  if (wanted === undefined) return refuseUnknown(question, name)
  const objection = objectionTo(question, wanted)
  const mayPin =
    request.fallback === 'pin' && !affinityGiven && share(wanted.pmu, allowedCpus).length > 0
  if (objection === undefined || (objection.kind === 'cpus' && mayPin))
    return grant(question, wanted, `it was asked for (${renderPmuMode(request.mode)})`)
  if (isCounters(objection)) return refuseCounters(question, wanted, objection)
  return refuse(question, 'NO_COMMON', {
    reason: objection.reason,
    suggestions: [...affinities(question, [wanted]), '--pmu=auto'],
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

/** The PMU for the guest, on those of the allowed CPUs that have it. */
function grant(question: PmuQuestion, probed: ProbedPmu, reason: string): PmuDecision {
  const { probe, request } = question
  const given = { ...guestPmu(question, probed, reason), pmu: probed.pmu }
  if (probe.setPmu.ok)
    return { ...given, kind: 'host-pmu', strict: request.strict !== 'off' && probe.strict.ok }
  return {
    ...given,
    kind: 'default',
    strict: false,
    reason: `${reason}; this kernel has no SET_PMU, and picks the only one by itself`,
  }
}

function guestPmu(question: PmuQuestion, { pmu, counters }: ProbedPmu, reason: string) {
  const { allowedCpus, request } = question
  const cpus = share(pmu, allowedCpus)
  const pinned = cpus.length < allowedCpus.length
  const others = allowedCpus.filter(cpu => !cpus.includes(cpu))
  return {
    cpus,
    pinned,
    counters: request.counters ?? counters,
    reason,
    notices: [
      ...(pinned
        ? [
            `the vCPUs are kept to ${renderCpus(cpus)}: ${pmu.name} does not cover ${renderCpus(others)}`,
          ]
        : []),
      ...(request.filter === undefined ? [] : filterNotices(request.filter)),
    ],
  }
}

/** No PMU for the guest: a refusal, unless the request says that it is to be run all the same. */
function without(question: PmuQuestion, problem: PmuProblem, reason: string): PmuDecision {
  const { mode, fallback, counters, filter, strict } = question.request
  const mayPin = question.probe.pmus.some(
    probed =>
      objectionTo(question, probed)?.kind === 'cpus' &&
      share(probed.pmu, question.allowedCpus).length > 0,
  )
  const suggestions = [
    ...affinities(question, question.probe.pmus),
    ...(mode.kind === 'auto' && fallback !== 'pin' && problem === 'NO_COMMON' && mayPin
      ? ['--pmu-fallback=pin    # the vCPUs kept to the CPUs of one PMU']
      : []),
  ]
  const wished = counters !== undefined || filter !== undefined || strict === 'on'
  const refused = refuse(question, problem, { reason, suggestions })
  return mode.kind === 'auto' && fallback === 'none' && !wished
    ? { ...refused, kind: 'none' }
    : refused
}

/** Which objections to single PMUs have to do with a problem. */
const SPEAKS_OF: Readonly<Partial<Record<PmuProblem, readonly Objection['kind'][]>>> = {
  NO_COMMON: ['kvm', 'counters', 'cpus'],
  LOTTERY: ['cpus'],
  COUNTERS: ['counters'],
}

function refuse(
  question: PmuQuestion,
  problem: PmuProblem,
  { reason, suggestions }: Pick<Refusal, 'reason' | 'suggestions'>,
): { readonly kind: 'refused' } & Refusal {
  return {
    kind: 'refused',
    problem,
    reason,
    notices: [],
    perPmu: question.probe.pmus.flatMap(probed => {
      const objection = objectionTo(question, probed)
      return objection !== undefined && SPEAKS_OF[problem]?.includes(objection.kind)
        ? [{ pmu: probed.pmu, reason: objection.reason }]
        : []
    }),
    suggestions,
  }
}
