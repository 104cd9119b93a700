import { renderCpuList, renderCpus, renderHostPmu, type HostPmu } from '../host/index.ts'
import type { Answer, ProbedPmu } from './probe.ts'
import type { PmuQuestion } from './question.ts'

/** Why a PMU cannot be the guest's. */
export interface Objection {
  readonly kind: 'kvm' | 'counters' | 'cpus'
  readonly reason: string
}

/** The first thing that speaks against a PMU; what no choice of CPUs can heal comes first. */
export function objectionTo(question: PmuQuestion, probed: ProbedPmu): Objection | undefined {
  const { allowedCpus, request } = question
  const { pmu, setPmu, counters } = probed
  if (isRefusedByKvm(question, probed))
    return { kind: 'kvm', reason: `KVM refuses ${renderHostPmu(pmu)}: ${renderAnswer(setPmu)}` }
  if (request.counters !== undefined && counters !== undefined && request.counters > counters)
    return {
      kind: 'counters',
      reason: `${renderHostPmu(pmu)} has ${renderEventCounters(counters)} for guests, fewer than ${request.counters}`,
    }
  const missing = allowedCpus.filter(cpu => !pmu.cpus.includes(cpu))
  if (missing.length > 0)
    return {
      kind: 'cpus',
      reason: `${renderHostPmu(pmu)} does not cover ${renderCpus(missing)}${isDown(question, probed) ? ', and all CPUs it covers are offline' : ''}`,
    }
  return undefined
}

/** Whether no CPU of the PMU runs now. */
export function isDown({ offlineCpus = [] }: PmuQuestion, { pmu }: ProbedPmu): boolean {
  return pmu.cpus.length > 0 && pmu.cpus.every(cpu => offlineCpus.includes(cpu))
}

/** A kernel without SET_PMU gives a guest the only PMU there is, and with several any of them. */
export function isRefusedByKvm(
  { probe }: Pick<PmuQuestion, 'probe'>,
  { setPmu }: ProbedPmu,
): boolean {
  return !setPmu.ok && !probe.unasked && (probe.setPmu.ok || probe.pmus.length > 1)
}

/** The allowed CPUs that no PMU covers. */
export function bareCpus({ allowedCpus, probe }: PmuQuestion): number[] {
  return allowedCpus.filter(cpu => !probe.pmus.some(({ pmu }) => pmu.cpus.includes(cpu)))
}

export function covers(pmu: HostPmu, cpus: readonly number[]): boolean {
  return cpus.every(cpu => pmu.cpus.includes(cpu))
}

/** Those of `cpus` that a PMU covers. */
export function share(pmu: HostPmu, cpus: readonly number[]): number[] {
  return cpus.filter(cpu => pmu.cpus.includes(cpu))
}

/** By first CPU, so that the same host always gives the same answer; types change between boots. */
export function inOrder(probed: readonly ProbedPmu[]): ProbedPmu[] {
  const key = ({ pmu }: ProbedPmu) => Math.min(...pmu.cpus, Number.MAX_SAFE_INTEGER)
  return [...probed].sort((a, b) => key(a) - key(b) || a.pmu.type - b.pmu.type)
}

/** `CPUs the vCPUs may use (0-3)`. */
export function renderUsed({ allowedCpus }: PmuQuestion): string {
  return `CPUs the vCPUs may use (${renderCpuList(allowedCpus)})`
}

/**
 * `--vcpu-affinity` with which each of `pmus` would do: the allowed CPUs it covers. Where none of
 * them covers any, the CPUs that would have to be allowed: by another `--vcpu-affinity`, or, if
 * there was none, by whoever started us. Nothing for a PMU that would not do on any CPU.
 */
export function affinities(question: PmuQuestion, pmus: readonly ProbedPmu[]): string[] {
  const { allowedCpus, affinityGiven, offlineCpus = [], probe } = question
  if (!probe.pmuV3) return []
  const healable = pmus.filter(probed => (objectionTo(question, probed)?.kind ?? 'cpus') === 'cpus')
  const lists = (wanted: (cpu: number) => boolean) =>
    inOrder(healable)
      .map(({ pmu }) => pmu.cpus.filter(cpu => wanted(cpu) && !offlineCpus.includes(cpu)))
      .map(cpus => renderCpuList(cpus))
      .filter(list => list !== '')
  const covered = lists(cpu => allowedCpus.includes(cpu))
  if (covered.length > 0 || affinityGiven)
    return [...new Set(covered.length > 0 ? covered : lists(() => true))].map(
      list => `--vcpu-affinity ${list}`,
    )
  return [...new Set(lists(() => true))].map(list => `taskset -c ${list} tsvmm run …`)
}

/** `KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU (type 9) → ENXIO, because …`. */
export function renderAnswer({ call, ok, errno, meaning }: Answer): string {
  const result = ok ? 'accepted' : (errno ?? 'no')
  return `${call} → ${result}${meaning === undefined ? '' : `, ${meaning}`}`
}

/** `1 event counter`, `6 event counters`: the cycle counter is none. */
export function renderEventCounters(count: number): string {
  return `${count} event counter${count === 1 ? '' : 's'}`
}
