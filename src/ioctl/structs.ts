import { array, bytes, i32, padding, u16, u32, u64, u8 } from './field-types.ts'
import { struct } from './struct.ts'

/*
 * The structs of include/uapi/linux/kvm.h and arch/arm64/include/uapi/asm/kvm.h that the ioctls of
 * requests.ts take, by their kernel names. A field that begins with `_` is ours: the kernel leaves
 * the place unnamed. Structs that end in a flexible array are declared without it, as sizeof is.
 */

export const kvm_userspace_memory_region = struct('kvm_userspace_memory_region', {
  slot: u32,
  flags: u32,
  guest_phys_addr: u64,
  /** Bytes, a multiple of the host's page size; 0 deletes the slot. */
  memory_size: u64,
  userspace_addr: u64,
})

export const kvm_userspace_memory_region2 = struct('kvm_userspace_memory_region2', {
  slot: u32,
  flags: u32,
  guest_phys_addr: u64,
  memory_size: u64,
  userspace_addr: u64,
  guest_memfd_offset: u64,
  guest_memfd: u32,
  pad1: padding(4),
  pad2: padding(8 * 14),
})

export const kvm_irq_level = struct('kvm_irq_level', {
  /** See irq-line.ts. */
  irq: u32,
  level: u32,
})

export const kvm_irq_routing_irqchip = struct('kvm_irq_routing_irqchip', {
  irqchip: u32,
  pin: u32,
})

export const kvm_irq_routing_msi = struct('kvm_irq_routing_msi', {
  address_lo: u32,
  address_hi: u32,
  data: u32,
  /** Only with KVM_MSI_VALID_DEVID in the flags of the entry. */
  devid: u32,
})

export const kvm_irq_routing_entry = struct('kvm_irq_routing_entry', {
  gsi: u32,
  /** KVM_IRQ_ROUTING_*, which says what `u` holds. */
  type: u32,
  flags: u32,
  pad: padding(4),
  u: bytes(32),
})

/** Followed by `nr` {@link kvm_irq_routing_entry}. */
export const kvm_irq_routing = struct('kvm_irq_routing', {
  nr: u32,
  flags: u32,
})

export const kvm_irqfd = struct('kvm_irqfd', {
  fd: u32,
  gsi: u32,
  flags: u32,
  resamplefd: u32,
  pad: padding(16),
})

export const kvm_ioeventfd = struct('kvm_ioeventfd', {
  datamatch: u64,
  addr: u64,
  /** 1, 2, 4 or 8; 0 matches every length. */
  len: u32,
  fd: i32,
  flags: u32,
  pad: padding(36),
})

export const kvm_coalesced_mmio_zone = struct('kvm_coalesced_mmio_zone', {
  addr: u64,
  size: u32,
  pio: u32,
})

export const kvm_dirty_log = struct('kvm_dirty_log', {
  slot: u32,
  padding1: padding(4),
  dirty_bitmap: u64,
})

export const kvm_clear_dirty_log = struct('kvm_clear_dirty_log', {
  slot: u32,
  num_pages: u32,
  first_page: u64,
  dirty_bitmap: u64,
})

/** Followed by `len` bytes of the mask; the kernel takes only 8. */
export const kvm_signal_mask = struct('kvm_signal_mask', {
  len: u32,
})

export const kvm_mp_state = struct('kvm_mp_state', {
  mp_state: u32,
})

export const kvm_enable_cap = struct('kvm_enable_cap', {
  cap: u32,
  flags: u32,
  args: array(u64, 4),
  pad: padding(64),
})

/** Followed by `n` ids of 8 bytes. */
export const kvm_reg_list = struct('kvm_reg_list', {
  n: u64,
})

export const kvm_one_reg = struct('kvm_one_reg', {
  id: u64,
  addr: u64,
})

export const kvm_msi = struct('kvm_msi', {
  address_lo: u32,
  address_hi: u32,
  data: u32,
  flags: u32,
  devid: u32,
  pad: padding(12),
})

export const kvm_arm_device_addr = struct('kvm_arm_device_addr', {
  id: u64,
  addr: u64,
})

export const kvm_create_device = struct('kvm_create_device', {
  type: u32,
  /** Written by the kernel. */
  fd: u32,
  flags: u32,
})

export const kvm_device_attr = struct('kvm_device_attr', {
  flags: u32,
  group: u32,
  attr: u64,
  /** Userspace address of the payload. */
  addr: u64,
})

export const kvm_create_guest_memfd = struct('kvm_create_guest_memfd', {
  size: u64,
  flags: u64,
  reserved: padding(8 * 6),
})

export const kvm_memory_attributes = struct('kvm_memory_attributes', {
  address: u64,
  size: u64,
  attributes: u64,
  flags: u64,
})

export const kvm_vcpu_init = struct('kvm_vcpu_init', {
  target: u32,
  /** See {@link featureWords}. */
  features: array(u32, 7),
})

export const kvm_guest_debug_arch = struct('kvm_guest_debug_arch', {
  dbg_bcr: array(u64, 16),
  dbg_bvr: array(u64, 16),
  dbg_wcr: array(u64, 16),
  dbg_wvr: array(u64, 16),
})

export const kvm_guest_debug = struct('kvm_guest_debug', {
  control: u32,
  pad: padding(4),
  arch: kvm_guest_debug_arch,
})

export const kvm_vcpu_events = struct('kvm_vcpu_events', {
  exception: struct('exception', {
    serror_pending: u8,
    serror_has_esr: u8,
    ext_dabt_pending: u8,
    pad: padding(5),
    serror_esr: u64,
  }),
  reserved: padding(4 * 12),
})

export const kvm_pmu_event_filter = struct('kvm_pmu_event_filter', {
  base_event: u16,
  nevents: u16,
  /** KVM_PMU_EVENT_ALLOW or KVM_PMU_EVENT_DENY. */
  action: u8,
  pad: padding(3),
})

export const kvm_arm_copy_mte_tags = struct('kvm_arm_copy_mte_tags', {
  guest_ipa: u64,
  length: u64,
  addr: u64,
  flags: u64,
  reserved: padding(8 * 2),
})

export const kvm_arm_counter_offset = struct('kvm_arm_counter_offset', {
  counter_offset: u64,
  reserved: padding(8),
})

export const kvm_smccc_filter = struct('kvm_smccc_filter', {
  base: u32,
  nr_functions: u32,
  /** 0 handle, 1 deny, 2 forward to userspace. */
  action: u8,
  pad: padding(15),
})

export const reg_mask_range = struct('reg_mask_range', {
  addr: u64,
  range: u32,
  reserved: padding(4 * 13),
})

/** `struct user_pt_regs` of asm/ptrace.h. */
export const user_pt_regs = struct('user_pt_regs', {
  regs: array(u64, 31),
  sp: u64,
  pc: u64,
  pstate: u64,
})

/** `struct user_fpsimd_state` of asm/ptrace.h; `vregs` are `__uint128_t[32]`. */
export const user_fpsimd_state = struct('user_fpsimd_state', {
  vregs: bytes(16 * 32, 16),
  fpsr: u32,
  fpcr: u32,
  __reserved: padding(8),
})

/** Never passed to an ioctl on arm64: its offsets are the ids of the core registers. */
export const kvm_regs = struct('kvm_regs', {
  regs: user_pt_regs,
  sp_el1: u64,
  elr_el1: u64,
  spsr: array(u64, 5),
  fp_regs: user_fpsimd_state,
})
