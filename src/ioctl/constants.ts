/*
 * Numbers of the KVM interface that are neither requests, capabilities, registers nor device
 * attributes, by their kernel names (include/uapi/linux/kvm.h, arch/arm64/include/uapi/asm/kvm.h).
 * Enumerations that a person may meet are tables, so that a number has its name.
 */

/** The only version KVM_GET_API_VERSION may return. */
export const KVM_API_VERSION = 12

/** For a vCPU of this target KVM_ARM_VCPU_INIT needs nothing of the host's core type. */
export const KVM_ARM_TARGET_GENERIC_V8 = 5

/** Bits of `kvm_vcpu_init.features`; all vCPUs of a VM must be given the same ones. */
export const VCPU_FEATURES = {
  KVM_ARM_VCPU_POWER_OFF: 0,
  KVM_ARM_VCPU_EL1_32BIT: 1,
  KVM_ARM_VCPU_PSCI_0_2: 2,
  /** KVM_RUN fails with EINVAL unless KVM_ARM_VCPU_PMU_V3_INIT was done as well. */
  KVM_ARM_VCPU_PMU_V3: 3,
  /** KVM_RUN fails with EPERM unless KVM_ARM_VCPU_FINALIZE was done as well. */
  KVM_ARM_VCPU_SVE: 4,
  /** Both PTRAUTH bits or none. */
  KVM_ARM_VCPU_PTRAUTH_ADDRESS: 5,
  KVM_ARM_VCPU_PTRAUTH_GENERIC: 6,
  KVM_ARM_VCPU_HAS_EL2: 7,
  KVM_ARM_VCPU_HAS_EL2_E2H0: 8,
  /** No default PMU: SET_PMU is a must. New in v7.3, an older kernel answers ENOENT. */
  KVM_ARM_VCPU_PMU_V3_STRICT: 9,
} as const satisfies Record<`KVM_ARM_VCPU_${string}`, number>

export type VcpuFeatureName = keyof typeof VCPU_FEATURES

/** The words of `kvm_vcpu_init.features` with the bits of these features set. */
export function featureWords(features: readonly VcpuFeatureName[]): number[] {
  return [features.reduce((word, feature) => word | (1 << VCPU_FEATURES[feature]), 0)]
}

/** `0xc PSCI_0_2 PMU_V3`: the words of {@link featureWords}, and what bits of the first one mean. */
export function renderFeatures(words: readonly number[]): string {
  const [first = 0] = words
  const names = Object.entries(VCPU_FEATURES)
    .filter(([, bit]) => first & (1 << bit))
    .map(([name]) => name.replace('KVM_ARM_VCPU_', ''))
  const numbers = (words.length === 0 ? [0] : words).map(word => `0x${word.toString(16)}`)
  return [...numbers, ...names].join(' ')
}

export const DEVICE_TYPES = {
  KVM_DEV_TYPE_VFIO: 4,
  KVM_DEV_TYPE_ARM_VGIC_V2: 5,
  KVM_DEV_TYPE_ARM_VGIC_V3: 7,
  KVM_DEV_TYPE_ARM_VGIC_ITS: 8,
  KVM_DEV_TYPE_ARM_PV_TIME: 10,
  KVM_DEV_TYPE_ARM_VGIC_V5: 16,
} as const satisfies Record<`KVM_DEV_TYPE_${string}`, number>

export type DeviceTypeName = keyof typeof DEVICE_TYPES

/** `kvm_create_device.flags`: only ask whether the type exists. */
export const KVM_CREATE_DEVICE_TEST = 1

/** `kvm_mp_state.mp_state`; arm64 knows these three. */
export const MP_STATES = {
  KVM_MP_STATE_RUNNABLE: 0,
  KVM_MP_STATE_STOPPED: 5,
  KVM_MP_STATE_SUSPENDED: 10,
} as const satisfies Record<`KVM_MP_STATE_${string}`, number>

export type MpStateName = keyof typeof MP_STATES

/** `kvm_userspace_memory_region.flags`. */
export const KVM_MEM_LOG_DIRTY_PAGES = 1
export const KVM_MEM_READONLY = 2
/** Only with KVM_SET_USER_MEMORY_REGION2. */
export const KVM_MEM_GUEST_MEMFD = 4

/** `kvm_irqfd.flags`. */
export const KVM_IRQFD_FLAG_DEASSIGN = 1
export const KVM_IRQFD_FLAG_RESAMPLE = 2

/** `kvm_ioeventfd.flags`. */
export const KVM_IOEVENTFD_FLAG_DATAMATCH = 1
export const KVM_IOEVENTFD_FLAG_DEASSIGN = 4

/** `kvm_irq_routing_entry.type`. */
export const KVM_IRQ_ROUTING_IRQCHIP = 1
export const KVM_IRQ_ROUTING_MSI = 2

/** Flag of a `kvm_msi` and of a routing entry: the device id is there; an ITS needs it. */
export const KVM_MSI_VALID_DEVID = 1

/** `kvm_guest_debug.control`. */
export const KVM_GUESTDBG_ENABLE = 1
export const KVM_GUESTDBG_SINGLESTEP = 2
export const KVM_GUESTDBG_USE_SW_BP = 0x1_0000
export const KVM_GUESTDBG_USE_HW = 0x2_0000

/** `kvm_pmu_event_filter.action`. */
export const KVM_PMU_EVENT_ALLOW = 0
export const KVM_PMU_EVENT_DENY = 1

/** Sizes of the register frames of the virtual GICs, bytes. */
export const KVM_VGIC_V2_DIST_SIZE = 0x1000
export const KVM_VGIC_V2_CPU_SIZE = 0x2000
export const KVM_VGIC_V3_DIST_SIZE = 0x1_0000
/** Per vCPU. */
export const KVM_VGIC_V3_REDIST_SIZE = 0x2_0000
export const KVM_VGIC_V3_ITS_SIZE = 0x2_0000

/** Names of a KVM_CREATE_VM argument: bits 0 to 7 are the IPA size, 0 means 40. */
export const KVM_VM_TYPE_ARM_IPA_SIZE_MASK = 0xff

/** In a coalesced MMIO set-up: page of the vCPU mapping that holds the ring. */
export const KVM_COALESCED_MMIO_PAGE_OFFSET = 1

/** The name of a number in one of the tables of this folder, or the number itself. */
export function nameIn(table: Readonly<Record<string, number>>, number: number): string {
  return Object.keys(table).find(name => table[name] === number) ?? `${number}`
}
