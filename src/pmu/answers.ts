import { renderCpus } from '../host/index.ts'
import type { PmuProblem } from '../errors/index.ts'
import type { PmuDecision, Refusal } from './decision.ts'
import { filterNotices } from './filter.ts'
import { affinities, objectionTo, share, type Objection } from './judge.ts'
import type { ProbedPmu } from './probe.ts'
import type { PmuQuestion } from './question.ts'
import { isWished } from './request.ts'

/** The PMU for the guest, on those of the allowed CPUs that have it. */
export function grant(question: PmuQuestion, probed: ProbedPmu, reason: string): PmuDecision {
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

/** What a guest gets with a PMU, however that is selected. */
export function guestPmu(question: PmuQuestion, { pmu, counters }: ProbedPmu, reason: string) {
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
export function without(question: PmuQuestion, problem: PmuProblem, reason: string): PmuDecision {
  const { mode, fallback } = question.request
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
  const mayRun = mode.kind === 'auto' && fallback === 'none'
  const isBound = mayRun && isWished(question.request)
  const bound = ', and --pmu-counters, --pmu-filter and --pmu-strict=on ask for one'
  const refused = refuse(question, problem, {
    reason: isBound ? `${reason}${bound}` : reason,
    suggestions,
  })
  return mayRun && !isBound ? { ...refused, kind: 'none' } : refused
}

/** Which objections to single PMUs have to do with a problem. */
const SPEAKS_OF: Readonly<Partial<Record<PmuProblem, readonly Objection['kind'][]>>> = {
  NO_COMMON: ['kvm', 'counters', 'cpus'],
  LOTTERY: ['cpus'],
  COUNTERS: ['counters'],
}

/** What was asked for cannot be had. */
export function refuse(
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

/** The PMU has fewer event counters than are wanted. */
export function refuseCounters(
  question: PmuQuestion,
  { counters = 0 }: ProbedPmu,
  { reason }: Objection,
): PmuDecision {
  const suggestions = [`--pmu-counters ${counters}    # the most`]
  return refuse(question, 'COUNTERS', { reason, suggestions })
}
