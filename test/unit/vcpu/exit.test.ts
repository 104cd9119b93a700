import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EXIT_REASONS, KVM_RUN_UNION, kvm_run } from '../../../src/ioctl/index.ts'
import { NativeMemory } from '../../../src/native/memory.ts'
import {
  clearImmediateExit,
  completeMmioRead,
  decodeExit,
  exitReasonName,
  forgetFailEntry,
  isFailEntry,
} from '../../../src/vcpu/exit.ts'

const UNION = kvm_run.offsets.padding

function runWith(reason: number): NativeMemory {
  const run = NativeMemory.onHeap(kvm_run.size)
  run.writeU32(kvm_run.offsets.exit_reason, reason)
  return run
}

function mmio(length: number, isWrite: boolean, data = Buffer.alloc(8)): NativeMemory {
  const run = runWith(EXIT_REASONS.KVM_EXIT_MMIO)
  KVM_RUN_UNION.mmio.encode(run, UNION, {
    phys_addr: 0x0100_0000n,
    data,
    len: length,
    is_write: Number(isWrite),
  })
  return run
}

describe('decodeExit', () => {
  it('gives an MMIO write its value, of the width written and no wider', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 4, 8),
        fc.uint8Array({ minLength: 8, maxLength: 8 }),
        (length, data) => {
          const exit = decodeExit(mmio(length, true, Buffer.from(data)))
          const value = Buffer.concat([data.subarray(0, length), Buffer.alloc(8)])
          expect(exit).toEqual({
            kind: 'mmio-write',
            address: 0x0100_0000n,
            length,
            value: value.readBigUInt64LE(),
          })
        },
      ),
    )
  })

  it('gives an MMIO read its address and width', () => {
    expect(decodeExit(mmio(4, false))).toEqual({
      kind: 'mmio-read',
      address: 0x0100_0000n,
      length: 4,
    })
  })

  it('believes no width beyond the eight bytes there are', () => {
    expect(decodeExit(mmio(0xffff_ffff, true))).toMatchObject({ length: 8 })
  })

  it.each([
    [1, 'shutdown'],
    [2, 'reset'],
    [3, 'crash'],
    [99, 'unknown'],
  ])('names system event %i %s, with the data the kernel says there is', (type, event) => {
    const run = runWith(EXIT_REASONS.KVM_EXIT_SYSTEM_EVENT)
    KVM_RUN_UNION.system_event.encode(run, UNION, { type, ndata: 1, data: [7n, 8n] })
    expect(decodeExit(run)).toEqual({ kind: 'system-event', event, data: [7n] })
  })

  it('knows CPU_UNSUPPORTED by its exact reason, and names the CPU', () => {
    const run = runWith(EXIT_REASONS.KVM_EXIT_FAIL_ENTRY)
    KVM_RUN_UNION.fail_entry.encode(run, UNION, { hardware_entry_failure_reason: 1n, cpu: 5 })
    expect(decodeExit(run)).toEqual({ kind: 'cpu-unsupported', cpu: 5 })
  })

  it('takes a stale reason with that bit set for what it is: not CPU_UNSUPPORTED', () => {
    const run = runWith(EXIT_REASONS.KVM_EXIT_FAIL_ENTRY)
    KVM_RUN_UNION.fail_entry.encode(run, UNION, { hardware_entry_failure_reason: 0x0100_0001n })
    expect(decodeExit(run)).toEqual({ kind: 'fail-entry', reason: 0x0100_0001n })
  })

  it.each([0n, 2n, 0x1_0000_0001n, 0xffff_ffff_ffff_ffffn])(
    'takes FAIL_ENTRY with reason %o for none of its own',
    reason => {
      const run = runWith(EXIT_REASONS.KVM_EXIT_FAIL_ENTRY)
      KVM_RUN_UNION.fail_entry.encode(run, UNION, { hardware_entry_failure_reason: reason })
      expect(decodeExit(run)).toEqual({ kind: 'fail-entry', reason })
    },
  )

  it('says where an access was that KVM cannot take apart, and no more of the syndrome than there is', () => {
    const run = runWith(EXIT_REASONS.KVM_EXIT_ARM_NISV)
    KVM_RUN_UNION.arm_nisv.encode(run, UNION, { esr_iss: 0xffff_0000_0000_0046n, fault_ipa: 8n })
    expect(decodeExit(run)).toEqual({ kind: 'no-syndrome', address: 8n, iss: 0x46 })
  })

  it('gives what it does not know its kernel name, or its number', () => {
    expect(decodeExit(runWith(EXIT_REASONS.KVM_EXIT_DEBUG))).toMatchObject({
      kind: 'other',
      name: 'KVM_EXIT_DEBUG',
    })
    expect(exitReasonName(4711)).toBe('exit reason 4711')
  })
})

describe('answers', () => {
  it('puts the value of a read where the kernel takes it, and touches nothing else', () => {
    const run = mmio(8, false)
    const before = run.readBytes(0, kvm_run.size)
    completeMmioRead(run, 0x1122_3344_5566_7788n)
    const after = run.readBytes(0, kvm_run.size)
    before.writeBigUInt64LE(0x1122_3344_5566_7788n, UNION + KVM_RUN_UNION.mmio.offsets.data)
    expect(after).toEqual(before)
  })

  it('forgets the reason of a FAIL_ENTRY and nothing else', () => {
    const run = runWith(EXIT_REASONS.KVM_EXIT_FAIL_ENTRY)
    run.fill(0xff, UNION)
    const before = run.readBytes(0, kvm_run.size)
    forgetFailEntry(run)
    const after = run.readBytes(0, kvm_run.size)
    before.writeBigUInt64LE(0n, UNION)
    expect(after).toEqual(before)
    expect(isFailEntry(run)).toBe(true)
    expect(decodeExit(run)).toEqual({ kind: 'fail-entry', reason: 0n })
  })

  it('clears immediate_exit alone', () => {
    const run = runWith(10)
    run.writeU8(kvm_run.offsets.immediate_exit, 1)
    clearImmediateExit(run)
    expect(run.readU8(kvm_run.offsets.immediate_exit)).toBe(0)
    expect(run.readU32(kvm_run.offsets.exit_reason)).toBe(10)
  })
})
