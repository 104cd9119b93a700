import { HOST_CHECKS } from './checks-host.ts'
import { KVM_CHECKS } from './checks-kvm.ts'
import { PMU_CHECKS } from './checks-pmu.ts'
import { RESOURCE_CHECKS } from './checks-resources.ts'
import type { Check } from './check.ts'

/** Every check, after those it needs. */
export const CHECKS = [
  ...HOST_CHECKS,
  ...KVM_CHECKS,
  ...PMU_CHECKS,
  ...RESOURCE_CHECKS,
] as const satisfies readonly Check[]

export type CheckId = (typeof CHECKS)[number]['id']
