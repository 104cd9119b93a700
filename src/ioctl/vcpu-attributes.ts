import { group, type DeviceAttribute } from './device-attribute.ts'
import { i32, u32, u64 } from './field-types.ts'
import { kvm_pmu_event_filter, kvm_smccc_filter } from './structs.ts'

/*
 * Attributes of vCPU and VM fds. Features are VM-wide: before the first KVM_ARM_VCPU_INIT with
 * KVM_ARM_VCPU_PMU_V3, SET answers ENODEV and HAS ENXIO; afterwards every vCPU's attributes pass.
 */

export const KVM_ARM_VCPU_PMU_V3_CTRL = 0
export const KVM_ARM_VCPU_TIMER_CTRL = 1
export const KVM_ARM_VCPU_PVTIME_CTRL = 2
export const KVM_ARM_VM_SMCCC_CTRL = 0

const pmu = group(
  'KVM_ARM_VCPU_PMU_V3_CTRL',
  KVM_ARM_VCPU_PMU_V3_CTRL,
  'arch/arm64/kvm/pmu-emul.c kvm_arm_pmu_v3_set_attr',
)
const timer = group(
  'KVM_ARM_VCPU_TIMER_CTRL',
  KVM_ARM_VCPU_TIMER_CTRL,
  'arch/arm64/kvm/arch_timer.c kvm_arm_timer_set_attr',
)
const pvtime = group(
  'KVM_ARM_VCPU_PVTIME_CTRL',
  KVM_ARM_VCPU_PVTIME_CTRL,
  'arch/arm64/kvm/pvtime.c kvm_arm_pvtime_set_attr',
)
const smccc = group(
  'KVM_ARM_VM_SMCCC_CTRL',
  KVM_ARM_VM_SMCCC_CTRL,
  'arch/arm64/kvm/hypercalls.c kvm_smccc_set_filter',
)

const timerErrors = { set: ['EINVAL', 'EBUSY', 'ENXIO', 'EFAULT'], get: ['ENXIO', 'EFAULT'] }

/** On a vCPU fd. */
export const VCPU_ATTRIBUTES = {
  /** The overflow interrupt's INTID, per vCPU. Only with an in-kernel GIC. */
  KVM_ARM_VCPU_PMU_V3_IRQ: pmu({
    attrName: 'KVM_ARM_VCPU_PMU_V3_IRQ',
    attr: 0,
    payload: i32,
    payloadIs: 'intid',
    errors: {
      set: ['ENODEV', 'EBUSY', 'EINVAL', 'EFAULT'],
      get: ['EINVAL', 'ENODEV', 'ENXIO', 'EFAULT'],
    },
  }),
  /** Per vCPU, after the GIC's CTRL_INIT and after everything else in this group. */
  KVM_ARM_VCPU_PMU_V3_INIT: pmu({
    attrName: 'KVM_ARM_VCPU_PMU_V3_INIT',
    attr: 1,
    errors: { set: ['ENODEV', 'EBUSY', 'ENXIO', 'EEXIST', 'EINVAL'], get: ['ENXIO'] },
  }),
  /** For the whole VM; the first filter decides what happens to events no filter names. */
  KVM_ARM_VCPU_PMU_V3_FILTER: pmu({
    attrName: 'KVM_ARM_VCPU_PMU_V3_FILTER',
    attr: 2,
    payload: kvm_pmu_event_filter,
    payloadIs: 'filter',
    errors: {
      set: ['ENODEV', 'EBUSY', 'EINVAL', 'ENXIO', 'ENOMEM', 'EFAULT'],
      get: ['ENXIO'],
    },
  }),
  /** For the whole VM: the number in `/sys/bus/event_source/devices/<pmu>/type`. */
  KVM_ARM_VCPU_PMU_V3_SET_PMU: pmu({
    attrName: 'KVM_ARM_VCPU_PMU_V3_SET_PMU',
    attr: 3,
    payload: i32,
    payloadIs: 'type',
    errors: { set: ['ENODEV', 'EBUSY', 'ENXIO', 'EFAULT'], get: ['ENXIO'] },
  }),
  /** For the whole VM; a later SET_PMU undoes it. v6.12 does not have it, v7.2 does. */
  KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS: pmu({
    attrName: 'KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS',
    attr: 4,
    payload: u32,
    payloadIs: 'counters',
    errors: { set: ['ENODEV', 'EBUSY', 'EINVAL', 'ENXIO', 'EFAULT'], get: ['ENXIO'] },
  }),
  /**
   * Proposed: a PMU with the cycle counter only, on every CPU. Another series proposes another
   * meaning for the same number (KVM_ARM_VCPU_PMU_V3_ENABLE_PARTITION), so HAS does not prove it.
   */
  KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY: pmu({
    attrName: 'KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY',
    attr: 5,
    unmerged: true,
    errors: { set: ['ENODEV', 'EBUSY', 'ENXIO'], get: ['ENXIO'] },
  }),
  /** INTID of the EL1 virtual timer, for the whole VM; 27 unless set. */
  KVM_ARM_VCPU_TIMER_IRQ_VTIMER: timer({
    attrName: 'KVM_ARM_VCPU_TIMER_IRQ_VTIMER',
    attr: 0,
    payload: i32,
    payloadIs: 'intid',
    errors: timerErrors,
  }),
  /** 30 unless set. */
  KVM_ARM_VCPU_TIMER_IRQ_PTIMER: timer({
    attrName: 'KVM_ARM_VCPU_TIMER_IRQ_PTIMER',
    attr: 1,
    payload: i32,
    payloadIs: 'intid',
    errors: timerErrors,
  }),
  /** 28 unless set. */
  KVM_ARM_VCPU_TIMER_IRQ_HVTIMER: timer({
    attrName: 'KVM_ARM_VCPU_TIMER_IRQ_HVTIMER',
    attr: 2,
    payload: i32,
    payloadIs: 'intid',
    errors: timerErrors,
  }),
  /** 26 unless set. */
  KVM_ARM_VCPU_TIMER_IRQ_HPTIMER: timer({
    attrName: 'KVM_ARM_VCPU_TIMER_IRQ_HPTIMER',
    attr: 3,
    payload: i32,
    payloadIs: 'intid',
    errors: timerErrors,
  }),
  /** Guest address of the stolen-time structure: 64-byte aligned, in a memory slot. */
  KVM_ARM_VCPU_PVTIME_IPA: pvtime({
    attrName: 'KVM_ARM_VCPU_PVTIME_IPA',
    attr: 0,
    payload: u64,
    payloadIs: 'ipa',
    errors: { set: ['ENXIO', 'EINVAL', 'EEXIST', 'EFAULT'], get: ['ENXIO', 'EFAULT'] },
  }),
} as const satisfies Record<`KVM_ARM_VCPU_${string}`, DeviceAttribute>

/** On a VM fd. */
export const VM_ATTRIBUTES = {
  /** What becomes of a range of hypercalls; before the first run. */
  KVM_ARM_VM_SMCCC_FILTER: smccc({
    attrName: 'KVM_ARM_VM_SMCCC_FILTER',
    attr: 0,
    payload: kvm_smccc_filter,
    payloadIs: 'filter',
    errors: { set: ['EINVAL', 'EBUSY', 'EEXIST', 'ENOMEM', 'ENXIO', 'EFAULT'] },
  }),
} as const satisfies Record<`KVM_ARM_VM_${string}`, DeviceAttribute>
