import { BugError, type PmuProblem } from '../errors/index.ts'
import { renderCpuList, renderHostPmu, type HostPmu } from '../host/index.ts'

/** What the user asked for: the PMU that fits, or none. */
export type PmuRequest = 'auto' | 'off'

export interface PmuQuestion {
  /** CPUs the vCPUs may run on; at least one. */
  readonly allowedCpus: readonly number[]
  readonly hostPmus: readonly HostPmu[]
  readonly request: PmuRequest
}

/** A decision is plain data; every reason is a sentence without its full stop. */
export type PmuDecision =
  | { readonly kind: 'off'; readonly reason: string }
  | { readonly kind: 'host-pmu'; readonly pmu: HostPmu; readonly reason: string }
  | {
      readonly kind: 'none'
      readonly problem: PmuProblem
      readonly reason: string
      /** Why each of the host's PMUs was not chosen. */
      readonly perPmu: readonly { readonly pmu: HostPmu; readonly reason: string }[]
      /** Options with which there would be a PMU, one way per PMU. */
      readonly suggestions: readonly string[]
    }

/**
 * Decides which host PMU the guest gets: the one that covers all CPUs the vCPUs may use. With any
 * other, KVM_RUN fails with CPU_UNSUPPORTED as soon as a vCPU thread moves to a wrong CPU.
 *
 * The order of `allowedCpus` and `hostPmus` does not matter.
 *
 * @throws {@link BugError} if no CPU is allowed
 * @see Documentation/virt/kvm/devices/vcpu.rst 1.4 (v6.12)
 */
export function choosePmu({ allowedCpus, hostPmus, request }: PmuQuestion): PmuDecision {
  if (allowedCpus.length === 0) throw new BugError('a PMU was to be chosen for no CPU at all')
  return request === 'off'
    ? { kind: 'off', reason: 'no PMU was asked for' }
    : chooseCovering(allowedCpus, inOrder(hostPmus))
}

function chooseCovering(allowedCpus: readonly number[], pmus: readonly HostPmu[]): PmuDecision {
  const used = `CPUs the vCPUs may use (${renderCpuList(allowedCpus)})`
  const pmu = pmus.find(({ cpus }) => allowedCpus.every(cpu => cpus.includes(cpu)))
  if (pmu !== undefined)
    return { kind: 'host-pmu', pmu, reason: `${renderHostPmu(pmu)} covers all ${used}` }
  if (pmus.length === 0)
    return {
      kind: 'none',
      problem: 'NONE_ON_HOST',
      reason: 'the host has no core PMU: no entry of /sys/bus/event_source/devices has CPUs',
      perPmu: [],
      suggestions: [],
    }
  return {
    kind: 'none',
    problem: 'NO_COMMON',
    reason: `no PMU of the host covers all ${used}`,
    perPmu: pmus.map(pmu => ({ pmu, reason: whyNot(pmu, allowedCpus) })),
    suggestions: affinities(allowedCpus, pmus).map(cpus => `--vcpu-affinity ${cpus}`),
  }
}

function whyNot(pmu: HostPmu, allowedCpus: readonly number[]): string {
  const missing = allowedCpus.filter(cpu => !pmu.cpus.includes(cpu))
  const cpus = missing.length === 1 ? 'CPU' : 'CPUs'
  return `${renderHostPmu(pmu)} does not cover ${cpus} ${renderCpuList(missing)}`
}

/** Per PMU the allowed CPUs it covers; where no PMU covers any, the CPUs that would have to be. */
function affinities(allowedCpus: readonly number[], pmus: readonly HostPmu[]): string[] {
  const lists = (wanted: (cpu: number) => boolean) =>
    pmus.map(({ cpus }) => renderCpuList(cpus.filter(wanted))).filter(list => list !== '')
  const covered = lists(cpu => allowedCpus.includes(cpu))
  return [...new Set(covered.length > 0 ? covered : lists(() => true))]
}

/** By first CPU, so that the same host always gives the same answer; types change between boots. */
function inOrder(pmus: readonly HostPmu[]): HostPmu[] {
  const key = ({ cpus }: HostPmu) => Math.min(...cpus, Number.MAX_SAFE_INTEGER)
  return [...pmus].sort((a, b) => key(a) - key(b) || a.type - b.type)
}
