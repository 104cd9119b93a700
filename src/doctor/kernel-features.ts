import type { KernelVersion } from '../host/kernel.ts'
import type { CapabilityName } from '../ioctl/index.ts'

/** Something KVM of arm64 has since some version of the kernel. */
export interface KernelFeature {
  /** The kernel's name for it. */
  readonly symbol: string
  /** Undefined: no released kernel has it. */
  readonly since: KernelVersion | undefined
  readonly what: string
  /** How KVM is asked whether it is there. */
  readonly ask:
    | { readonly capability: CapabilityName }
    | { readonly attribute: 'setPmu' | 'filter' | 'setNrCounters' }
    | { readonly only: 'strict' | 'fixedCountersOnly' }
    | { readonly gic: string }
  /** What the machine has to have for it as well, or how it has to be booted. */
  readonly takes?: string
}

const v = (major: number, minor: number): KernelVersion => [major, minor]

/**
 * Features by the first kernel that has them, oldest first: the one table behind `kvm.features` and
 * docs/kernel-features.md. Kernels of distributions and vendors have more, and less: what KVM says
 * counts, where it can be asked.
 *
 * @see git log of Linux: the commit that adds the symbol, and the first tag that contains it
 */
export const KERNEL_FEATURES: readonly KernelFeature[] = [
  {
    symbol: 'KVM_CAP_ARM_PMU_V3',
    since: v(4, 6),
    what: 'guests can have a PMU',
    ask: { capability: 'KVM_CAP_ARM_PMU_V3' },
    takes: 'PMUv3 and its driver',
  },
  {
    symbol: 'KVM_CAP_VCPU_ATTRIBUTES',
    since: v(4, 6),
    what: 'device attributes on vCPUs, by which the PMU is set up',
    ask: { capability: 'KVM_CAP_VCPU_ATTRIBUTES' },
  },
  {
    symbol: 'KVM_CAP_IMMEDIATE_EXIT',
    since: v(4, 11),
    what: 'a vCPU can be stopped without losing a signal',
    ask: { capability: 'KVM_CAP_IMMEDIATE_EXIT' },
  },
  {
    symbol: 'KVM_CAP_ARM_VM_IPA_SIZE',
    since: v(4, 20),
    what: 'guest-physical addresses of other than 40 bits',
    ask: { capability: 'KVM_CAP_ARM_VM_IPA_SIZE' },
  },
  {
    symbol: 'KVM_CAP_ARM_SVE',
    since: v(5, 2),
    what: 'SVE for guests',
    ask: { capability: 'KVM_CAP_ARM_SVE' },
    takes: 'SVE',
  },
  {
    symbol: 'KVM_CAP_ARM_PTRAUTH_ADDRESS',
    since: v(5, 2),
    what: 'pointer authentication for guests',
    ask: { capability: 'KVM_CAP_ARM_PTRAUTH_ADDRESS' },
    takes: 'pointer authentication, and VHE before Linux 5.9',
  },
  {
    symbol: 'KVM_CAP_ARM_NISV_TO_USER',
    since: v(5, 5),
    what: 'accesses that KVM cannot decode are for the VMM',
    ask: { capability: 'KVM_CAP_ARM_NISV_TO_USER' },
  },
  {
    symbol: 'KVM_ARM_VCPU_PMU_V3_FILTER',
    since: v(5, 10),
    what: 'events that a guest may count can be limited',
    ask: { attribute: 'filter' },
  },
  {
    symbol: 'KVM_CAP_STEAL_TIME',
    since: v(5, 10),
    what: 'guests can be told what time was stolen from them',
    ask: { capability: 'KVM_CAP_STEAL_TIME' },
    takes: 'scheduler statistics (CONFIG_SCHED_INFO)',
  },
  {
    symbol: 'KVM_CAP_ARM_MTE',
    since: v(5, 14),
    what: 'memory tags for guests',
    ask: { capability: 'KVM_CAP_ARM_MTE' },
    takes: 'MTE',
  },
  {
    symbol: 'KVM_ARM_VCPU_PMU_V3_SET_PMU',
    since: v(5, 18),
    what: 'one of several PMUs can be chosen for a guest',
    ask: { attribute: 'setPmu' },
  },
  {
    symbol: 'KVM_CAP_ARM_SYSTEM_SUSPEND',
    since: v(5, 19),
    what: 'guests can suspend to RAM',
    ask: { capability: 'KVM_CAP_ARM_SYSTEM_SUSPEND' },
  },
  {
    symbol: 'KVM_CAP_COUNTER_OFFSET',
    since: v(6, 4),
    what: "an offset for a VM's counters of time",
    ask: { capability: 'KVM_CAP_COUNTER_OFFSET' },
  },
  {
    symbol: 'KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES',
    since: v(6, 5),
    what: 'sizes of the blocks guest memory is mapped with',
    ask: { capability: 'KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES' },
  },
  {
    symbol: 'KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES',
    since: v(6, 7),
    what: 'ID registers of guests can be written',
    ask: { capability: 'KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES' },
  },
  {
    symbol: 'KVM_CAP_ARM_WRITABLE_IMP_ID_REGS',
    since: v(6, 15),
    what: 'MIDR_EL1 of guests can be written',
    ask: { capability: 'KVM_CAP_ARM_WRITABLE_IMP_ID_REGS' },
  },
  {
    symbol: 'KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS',
    since: v(6, 16),
    what: 'the number of event counters a guest sees can be set',
    ask: { attribute: 'setNrCounters' },
  },
  {
    symbol: 'KVM_CAP_ARM_EL2',
    since: v(6, 16),
    what: 'guests can have EL2, and guests of their own',
    ask: { capability: 'KVM_CAP_ARM_EL2' },
    takes: 'FEAT_NV2 (Armv8.4) and kvm-arm.mode=nested',
  },
  {
    symbol: 'KVM_CAP_GUEST_MEMFD',
    since: v(6, 18),
    what: 'memory of guests in files of its own kind',
    ask: { capability: 'KVM_CAP_GUEST_MEMFD' },
  },
  {
    symbol: 'KVM_CAP_ARM_SEA_TO_USER',
    since: v(6, 19),
    what: 'errors of memory are for the VMM',
    ask: { capability: 'KVM_CAP_ARM_SEA_TO_USER' },
  },
  {
    symbol: 'KVM_DEV_TYPE_ARM_VGIC_V5',
    since: v(7, 1),
    what: 'a GICv5 for guests',
    ask: { gic: 'GICv5' },
    takes: 'a GICv5',
  },
  {
    symbol: 'KVM_CAP_ARM_PMU_V3_STRICT',
    since: v(7, 3),
    what: 'no PMU by default, and PMMIR_EL1.SLOTS as the hardware has it',
    ask: { only: 'strict' },
    takes: 'a PMU for guests',
  },
  {
    symbol: 'KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY',
    since: undefined,
    what: 'the cycle counter alone, and that on every kind of core',
    ask: { only: 'fixedCountersOnly' },
    takes: 'a PMU for guests',
  },
]
