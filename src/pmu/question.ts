import type { PmuProbe } from './probe.ts'
import type { PmuRequest } from './request.ts'

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
