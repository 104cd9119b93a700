import type { PmuProblem } from '../errors/index.ts'
import type { HostPmu } from '../host/index.ts'

/** What all decisions have: plain data, every reason and notice a sentence without its full stop. */
interface Reasoned {
  readonly reason: string
  /** What the guest does not get, or gets differently than one may think. */
  readonly notices: readonly string[]
}

/** What the guest gets if it gets a PMU. */
export interface GuestPmu extends Reasoned {
  /** CPUs the vCPU threads have to stay on. */
  readonly cpus: readonly number[]
  /** Whether that is fewer than they might have used. */
  readonly pinned: boolean
  /** KVM_ARM_VCPU_PMU_V3_STRICT. */
  readonly strict: boolean
  /** Event counters the guest will see, where that is known. */
  readonly counters?: number | undefined
}

/** Why there is no PMU, and what to do about it. */
export interface Refusal extends Reasoned {
  readonly problem: PmuProblem
  /** Why each of the host's PMUs was not chosen. */
  readonly perPmu: readonly { readonly pmu: HostPmu; readonly reason: string }[]
  /** Options with which there would be a PMU. */
  readonly suggestions: readonly string[]
}

export type PmuDecision =
  /** None, as was asked for. */
  | ({ readonly kind: 'off' } & Reasoned)
  /** SET_PMU. */
  | ({ readonly kind: 'host-pmu'; readonly pmu: HostPmu } & GuestPmu)
  /** The kernel's own pick, which is this one as long as the vCPU is made on one of its CPUs. */
  | ({ readonly kind: 'default'; readonly pmu: HostPmu } & GuestPmu)
  /** FIXED_COUNTERS_ONLY. */
  | ({ readonly kind: 'fixed' } & GuestPmu)
  /** None, since none fits; the guest is run nevertheless. */
  | ({ readonly kind: 'none' } & Refusal)
  /** What was asked for cannot be had: the guest is not run. */
  | ({ readonly kind: 'refused' } & Refusal)
