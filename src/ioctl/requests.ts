import { i32 } from './field-types.ts'
import { requestsOn, type FdKind, type Request } from './request.ts'
import * as s from './structs.ts'

const kvm = requestsOn('kvm')
const vm = requestsOn('vm')
const vcpu = requestsOn('vcpu')
const anyDevice = requestsOn('vm', 'vcpu', 'device')

/** Every ioctl of KVM that arm64 answers and a VMM may want (v7.3), as linux/kvm.h spells it. */
export const REQUESTS = {
  KVM_GET_API_VERSION: kvm.io(0x00),
  /** The IPA size in bits, or 0 for 40. */
  KVM_CREATE_VM: kvm.io(0x01, 'number'),
  KVM_CHECK_EXTENSION: requestsOn('kvm', 'vm').io(0x03, 'number'),
  KVM_GET_VCPU_MMAP_SIZE: kvm.io(0x04),

  /** The vCPU's id. */
  KVM_CREATE_VCPU: vm.io(0x41, 'number'),
  KVM_GET_DIRTY_LOG: vm.iow(0x42, s.kvm_dirty_log),
  KVM_SET_USER_MEMORY_REGION: vm.iow(0x46, s.kvm_userspace_memory_region, 'KVM_CAP_USER_MEMORY'),
  KVM_SET_USER_MEMORY_REGION2: vm.iow(0x49, s.kvm_userspace_memory_region2, 'KVM_CAP_USER_MEMORY2'),
  /** The old way to a GICv2. */
  KVM_CREATE_IRQCHIP: vm.io(0x60, 'nothing', 'KVM_CAP_IRQCHIP'),
  KVM_IRQ_LINE: vm.iow(0x61, s.kvm_irq_level),
  KVM_REGISTER_COALESCED_MMIO: vm.iow(0x67, s.kvm_coalesced_mmio_zone, 'KVM_CAP_COALESCED_MMIO'),
  KVM_UNREGISTER_COALESCED_MMIO: vm.iow(0x68, s.kvm_coalesced_mmio_zone, 'KVM_CAP_COALESCED_MMIO'),
  KVM_SET_GSI_ROUTING: vm.iow(0x6a, s.kvm_irq_routing, 'KVM_CAP_IRQ_ROUTING'),
  KVM_IRQFD: vm.iow(0x76, s.kvm_irqfd, 'KVM_CAP_IRQFD'),
  KVM_IOEVENTFD: vm.iow(0x79, s.kvm_ioeventfd, 'KVM_CAP_IOEVENTFD'),
  KVM_ENABLE_CAP: vm.iow(0xa3, s.kvm_enable_cap, 'KVM_CAP_ENABLE_CAP_VM'),
  KVM_SIGNAL_MSI: vm.iow(0xa5, s.kvm_msi, 'KVM_CAP_SIGNAL_MSI'),
  KVM_ARM_SET_DEVICE_ADDR: vm.iow(0xab, s.kvm_arm_device_addr, 'KVM_CAP_ARM_SET_DEVICE_ADDR'),
  KVM_ARM_PREFERRED_TARGET: vm.ior(0xaf, s.kvm_vcpu_init),
  KVM_ARM_MTE_COPY_TAGS: vm.ior(0xb4, s.kvm_arm_copy_mte_tags, 'KVM_CAP_ARM_MTE'),
  KVM_ARM_SET_COUNTER_OFFSET: vm.iow(0xb5, s.kvm_arm_counter_offset, 'KVM_CAP_COUNTER_OFFSET'),
  KVM_ARM_GET_REG_WRITABLE_MASKS: vm.ior(
    0xb6,
    s.reg_mask_range,
    'KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES',
  ),
  KVM_CLEAR_DIRTY_LOG: vm.iowr(0xc0, s.kvm_clear_dirty_log, 'KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2'),
  KVM_RESET_DIRTY_RINGS: vm.io(0xc7, 'nothing', 'KVM_CAP_DIRTY_LOG_RING_ACQ_REL'),
  KVM_SET_MEMORY_ATTRIBUTES: vm.iow(0xd2, s.kvm_memory_attributes, 'KVM_CAP_MEMORY_ATTRIBUTES'),
  KVM_CREATE_GUEST_MEMFD: vm.iowr(0xd4, s.kvm_create_guest_memfd, 'KVM_CAP_GUEST_MEMFD'),
  KVM_CREATE_DEVICE: vm.iowr(0xe0, s.kvm_create_device, 'KVM_CAP_DEVICE_CTRL'),

  KVM_RUN: vcpu.io(0x80),
  KVM_SET_SIGNAL_MASK: vcpu.iow(0x8b, s.kvm_signal_mask),
  KVM_GET_MP_STATE: vcpu.ior(0x98, s.kvm_mp_state, 'KVM_CAP_MP_STATE'),
  KVM_SET_MP_STATE: vcpu.iow(0x99, s.kvm_mp_state, 'KVM_CAP_MP_STATE'),
  KVM_SET_GUEST_DEBUG: vcpu.iow(0x9b, s.kvm_guest_debug, 'KVM_CAP_SET_GUEST_DEBUG'),
  KVM_GET_VCPU_EVENTS: vcpu.ior(0x9f, s.kvm_vcpu_events, 'KVM_CAP_VCPU_EVENTS'),
  KVM_SET_VCPU_EVENTS: vcpu.iow(0xa0, s.kvm_vcpu_events, 'KVM_CAP_VCPU_EVENTS'),
  KVM_GET_ONE_REG: vcpu.iow(0xab, s.kvm_one_reg, 'KVM_CAP_ONE_REG'),
  KVM_SET_ONE_REG: vcpu.iow(0xac, s.kvm_one_reg, 'KVM_CAP_ONE_REG'),
  KVM_ARM_VCPU_INIT: vcpu.iow(0xae, s.kvm_vcpu_init),
  KVM_GET_REG_LIST: vcpu.iowr(0xb0, s.kvm_reg_list, 'KVM_CAP_ONE_REG'),
  KVM_ARM_VCPU_FINALIZE: vcpu.iow(0xc2, i32, 'KVM_CAP_ARM_SVE'),

  KVM_GET_STATS_FD: requestsOn('vm', 'vcpu').io(0xce, 'nothing', 'KVM_CAP_BINARY_STATS_FD'),
  KVM_SET_DEVICE_ATTR: anyDevice.iow(0xe1, s.kvm_device_attr, 'KVM_CAP_DEVICE_CTRL'),
  KVM_GET_DEVICE_ATTR: anyDevice.iow(0xe2, s.kvm_device_attr, 'KVM_CAP_DEVICE_CTRL'),
  KVM_HAS_DEVICE_ATTR: anyDevice.iow(0xe3, s.kvm_device_attr, 'KVM_CAP_DEVICE_CTRL'),
} as const satisfies Record<`KVM_${string}`, Request>

export type RequestName = keyof typeof REQUESTS

/**
 * The name of a number seen on a kind of fd. The kind matters: KVM_ARM_SET_DEVICE_ADDR on a VM is
 * the same number as KVM_GET_ONE_REG on a vCPU.
 */
export function requestName(number: number, on: FdKind): RequestName | undefined {
  const names = Object.keys(REQUESTS) as RequestName[]
  return names.find(name => REQUESTS[name].number === number && REQUESTS[name].on.includes(on))
}
