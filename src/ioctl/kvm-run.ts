import { array, bytes, padding, u16, u32, u64, u8 } from './field-types.ts'
import { struct } from './struct.ts'

/*
 * struct kvm_run, mapped from the vCPU fd (include/uapi/linux/kvm.h):
 *
 *     0 request_interrupt_window   1 immediate_exit   8 exit_reason   14 flags
 *    32 one of the structs below, by exit_reason (256 bytes)
 *   288 kvm_valid_regs  296 kvm_dirty_regs  304 s.regs.device_irq_level
 *
 * Decode it and write single fields; never encode it whole. Between an MMIO exit and the next
 * KVM_RUN, exit_reason and bytes 40 to 47 belong to the kernel: changing them makes the guest
 * repeat the access for ever (arch/arm64/kvm/mmio.c kvm_handle_mmio_return, v7.3).
 */

export const kvm_sync_regs = struct('kvm_sync_regs', {
  /** Output levels of devices without an in-kernel irqchip: KVM_ARM_DEV_*. */
  device_irq_level: u64,
})

export const kvm_run = struct('kvm_run', {
  request_interrupt_window: u8,
  /** 1: complete a pending MMIO, then return EINTR without entering the guest. */
  immediate_exit: u8,
  padding1: padding(6),
  exit_reason: u32,
  ready_for_interrupt_injection: u8,
  if_flag: u8,
  flags: u16,
  cr8: u64,
  apic_base: u64,
  /** The union, by the name of the member that gives it its size. */
  padding: bytes(256),
  kvm_valid_regs: u64,
  kvm_dirty_regs: u64,
  s: struct('s', { regs: kvm_sync_regs, _rest: padding(2048 - 8) }),
})

/** Members of the union by their kernel names; all begin at `kvm_run.offsets.padding`. */
export const KVM_RUN_UNION = {
  hw: struct('kvm_run.hw', {
    hardware_exit_reason: u64,
  }),
  fail_entry: struct('kvm_run.fail_entry', {
    hardware_entry_failure_reason: u64,
    cpu: u32,
  }),
  debug: struct('kvm_run.debug', {
    arch: struct('kvm_debug_exit_arch', { hsr: u32, hsr_high: u32, far: u64 }),
  }),
  mmio: struct('kvm_run.mmio', {
    phys_addr: u64,
    data: bytes(8),
    len: u32,
    is_write: u8,
  }),
  hypercall: struct('kvm_run.hypercall', {
    nr: u64,
    args: array(u64, 6),
    ret: u64,
    flags: u64,
  }),
  internal: struct('kvm_run.internal', {
    suberror: u32,
    ndata: u32,
    data: array(u64, 16),
  }),
  system_event: struct('kvm_run.system_event', {
    type: u32,
    ndata: u32,
    data: array(u64, 16),
  }),
  arm_nisv: struct('kvm_run.arm_nisv', {
    esr_iss: u64,
    fault_ipa: u64,
  }),
  memory_fault: struct('kvm_run.memory_fault', {
    flags: u64,
    gpa: u64,
    size: u64,
  }),
  arm_sea: struct('kvm_run.arm_sea', {
    flags: u64,
    esr: u64,
    gva: u64,
    gpa: u64,
  }),
} as const

/** The exit reasons arm64 can give (arch/arm64/kvm, virt/kvm; v7.3). */
export const EXIT_REASONS = {
  KVM_EXIT_UNKNOWN: 0,
  KVM_EXIT_HYPERCALL: 3,
  KVM_EXIT_DEBUG: 4,
  KVM_EXIT_MMIO: 6,
  KVM_EXIT_FAIL_ENTRY: 9,
  KVM_EXIT_INTR: 10,
  KVM_EXIT_INTERNAL_ERROR: 17,
  KVM_EXIT_SYSTEM_EVENT: 24,
  KVM_EXIT_ARM_NISV: 28,
  KVM_EXIT_DIRTY_RING_FULL: 31,
  KVM_EXIT_MEMORY_FAULT: 39,
  KVM_EXIT_ARM_SEA: 41,
  /** Uses the `arm_nisv` member. */
  KVM_EXIT_ARM_LDST64B: 42,
} as const satisfies Record<`KVM_EXIT_${string}`, number>

export type ExitReasonName = keyof typeof EXIT_REASONS

export const SYSTEM_EVENTS = {
  KVM_SYSTEM_EVENT_SHUTDOWN: 1,
  KVM_SYSTEM_EVENT_RESET: 2,
  KVM_SYSTEM_EVENT_CRASH: 3,
  KVM_SYSTEM_EVENT_WAKEUP: 4,
  KVM_SYSTEM_EVENT_SUSPEND: 5,
} as const satisfies Record<`KVM_SYSTEM_EVENT_${string}`, number>

export const INTERNAL_ERRORS = {
  KVM_INTERNAL_ERROR_EMULATION: 1,
  KVM_INTERNAL_ERROR_SIMUL_EX: 2,
  KVM_INTERNAL_ERROR_DELIVERY_EV: 3,
  KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON: 4,
} as const satisfies Record<`KVM_INTERNAL_ERROR_${string}`, number>

/**
 * `fail_entry.hardware_entry_failure_reason`: the thread ran on a CPU that the guest's PMU does not
 * cover. Two other sources of FAIL_ENTRY leave stale bytes here, so compare the whole value.
 */
export const KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED = 1n

/** `arm_sea.flags`: `gpa` says something. */
export const KVM_EXIT_ARM_SEA_FLAG_GPA_VALID = 1n

/** In `data[0]` of a KVM_SYSTEM_EVENT_RESET. */
export const KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2 = 1n
/** In `data[0]` of a KVM_SYSTEM_EVENT_SHUTDOWN. */
export const KVM_SYSTEM_EVENT_SHUTDOWN_FLAG_PSCI_OFF2 = 1n

/** Bits of `s.regs.device_irq_level`. */
export const KVM_ARM_DEV_EL1_VTIMER = 1
export const KVM_ARM_DEV_EL1_PTIMER = 2
export const KVM_ARM_DEV_PMU = 4
