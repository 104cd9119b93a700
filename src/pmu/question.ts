import type { PmuProbe } from './probe.ts'
import type { PmuRequest } from './request.ts'

/** All a decision depends on. */
export interface PmuQuestion {
  /** CPUs the vCPUs may run on; at least one. */
  readonly allowedCpus: readonly number[]
  /** Whether somebody named them, rather than that they are all there are. */
  readonly affinityGiven: boolean
  /** CPUs of the host that do not run now; none of them is ever allowed. */
  readonly offlineCpus?: readonly number[] | undefined
  readonly probe: PmuProbe
  /** Free of contradictions: see `checkPmuRequest`. */
  readonly request: PmuRequest
}
