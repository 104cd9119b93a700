import {
  EXIT_REASONS,
  KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED,
  KVM_RUN_UNION,
  SYSTEM_EVENTS,
  kvm_run,
} from '../ioctl/index.ts'
import type { NativeMemory } from '../native/index.ts'

/** Why KVM_RUN returned 0, decoded from `struct kvm_run`. */
export type VcpuExit =
  | { readonly kind: 'mmio-read'; readonly address: bigint; readonly length: number }
  | {
      readonly kind: 'mmio-write'
      readonly address: bigint
      readonly length: number
      readonly value: bigint
    }
  | { readonly kind: 'system-event'; readonly event: SystemEvent; readonly data: readonly bigint[] }
  /** The thread was on a CPU that the VM's PMU does not cover. Nothing is lost: it can be retried. */
  | { readonly kind: 'cpu-unsupported'; readonly cpu: number }
  /** Any other KVM_EXIT_FAIL_ENTRY; `reason` may be stale bytes of an earlier exit. */
  | { readonly kind: 'fail-entry'; readonly reason: bigint }
  | { readonly kind: 'internal-error'; readonly suberror: number }
  /**
   * An access outside RAM by an instruction that KVM cannot take apart: a pair, a write-back, a
   * vector. `address` is a guest physical one, `iss` the low bits of the abort's syndrome. Only with
   * KVM_CAP_ARM_NISV_TO_USER.
   */
  | { readonly kind: 'no-syndrome'; readonly address: bigint; readonly iss: number }
  /** An exit tsvmm does nothing about, by its kernel name where it has one. */
  | { readonly kind: 'other'; readonly reason: number; readonly name: string }

export type SystemEvent = 'shutdown' | 'reset' | 'crash' | 'wakeup' | 'suspend' | 'unknown'

const EVENTS: Readonly<Record<number, SystemEvent>> = {
  [SYSTEM_EVENTS.KVM_SYSTEM_EVENT_SHUTDOWN]: 'shutdown',
  [SYSTEM_EVENTS.KVM_SYSTEM_EVENT_RESET]: 'reset',
  [SYSTEM_EVENTS.KVM_SYSTEM_EVENT_CRASH]: 'crash',
  [SYSTEM_EVENTS.KVM_SYSTEM_EVENT_WAKEUP]: 'wakeup',
  [SYSTEM_EVENTS.KVM_SYSTEM_EVENT_SUSPEND]: 'suspend',
}

/** Decodes the exit. `run` is the vCPU's mapped `struct kvm_run`. */
export function decodeExit(run: NativeMemory): VcpuExit {
  const reason = run.readU32(kvm_run.offsets.exit_reason)
  const union = kvm_run.offsets.padding
  switch (reason) {
    case EXIT_REASONS.KVM_EXIT_MMIO:
      return decodeMmio(run, union)
    case EXIT_REASONS.KVM_EXIT_SYSTEM_EVENT: {
      const { type, ndata, data } = KVM_RUN_UNION.system_event.decode(run, union)
      return { kind: 'system-event', event: EVENTS[type] ?? 'unknown', data: data.slice(0, ndata) }
    }
    case EXIT_REASONS.KVM_EXIT_FAIL_ENTRY: {
      // The whole value: the other sources write none, so that it may be bytes of an earlier exit.
      const entry = KVM_RUN_UNION.fail_entry.decode(run, union)
      const unsupported =
        entry.hardware_entry_failure_reason === KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED
      return unsupported
        ? { kind: 'cpu-unsupported', cpu: entry.cpu }
        : { kind: 'fail-entry', reason: entry.hardware_entry_failure_reason }
    }
    case EXIT_REASONS.KVM_EXIT_INTERNAL_ERROR:
      return {
        kind: 'internal-error',
        suberror: KVM_RUN_UNION.internal.decode(run, union).suberror,
      }
    case EXIT_REASONS.KVM_EXIT_ARM_NISV: {
      const { esr_iss, fault_ipa } = KVM_RUN_UNION.arm_nisv.decode(run, union)
      return { kind: 'no-syndrome', address: fault_ipa, iss: Number(esr_iss & 0x1ff_ffffn) }
    }
    default:
      return { kind: 'other', reason, name: exitReasonName(reason) }
  }
}

/**
 * Whether the last KVM_RUN left KVM_EXIT_FAIL_ENTRY. With KVM_RUN = `-EINVAL` it means that the
 * guest's state is illegal; the reason is that of an earlier exit then and says nothing.
 *
 * @see arch/arm64/kvm/handle_exit.c, handle_exit() (v7.3)
 */
export function isFailEntry(run: NativeMemory): boolean {
  return run.readU32(kvm_run.offsets.exit_reason) === EXIT_REASONS.KVM_EXIT_FAIL_ENTRY
}

/**
 * Forgets the reason of a KVM_EXIT_FAIL_ENTRY that was dealt with: KVM writes none for the other
 * two, which would be taken for CPU_UNSUPPORTED again. Only right after that exit: the same bytes
 * hold what KVM completes an MMIO access from.
 */
export function forgetFailEntry(run: NativeMemory): void {
  const at = KVM_RUN_UNION.fail_entry.offsets.hardware_entry_failure_reason
  run.writeU64(kvm_run.offsets.padding + at, 0n)
}

/** Read field by field: this is every printed character's way. */
function decodeMmio(run: NativeMemory, union: number): VcpuExit {
  const at = KVM_RUN_UNION.mmio.offsets
  const address = run.readU64(union + at.phys_addr)
  // KVM says 1, 2, 4 or 8; a view beyond the 8 bytes of data must not be possible all the same.
  const length = Math.min(run.readU32(union + at.len), 8)
  if (run.readU8(union + at.is_write) === 0) return { kind: 'mmio-read', address, length }
  const value = BigInt.asUintN(length * 8, run.readU64(union + at.data))
  return { kind: 'mmio-write', address, length, value }
}

/**
 * Answers an MMIO read. The register gets the value, and the guest goes on behind the access, when
 * KVM_RUN is issued again.
 */
export function completeMmioRead(run: NativeMemory, value: bigint): void {
  run.writeU64(kvm_run.offsets.padding + KVM_RUN_UNION.mmio.offsets.data, BigInt.asUintN(64, value))
}

/** Undoes a kick: as long as it is set, KVM_RUN returns `-EINTR` at once. */
export function clearImmediateExit(run: NativeMemory): void {
  run.writeU8(kvm_run.offsets.immediate_exit, 0)
}

/** `9` → `KVM_EXIT_FAIL_ENTRY`. */
export function exitReasonName(reason: number): string {
  const known = Object.entries(EXIT_REASONS).find(([, number]) => number === reason)
  return known?.[0] ?? `exit reason ${reason}`
}
