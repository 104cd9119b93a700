import { describe, expect, it } from 'vitest'
import { HostError, InterruptedError } from '../../../src/errors/index.ts'
import { outcomeError, type Outcome } from '../../../src/vm/outcome.ts'
import { locate } from '../../../src/vm/whereabouts.ts'
import { madeState } from '../vcpu/made-state.ts'

describe('outcomeError', () => {
  it.each<[Outcome, number]>([
    [{ kind: 'reset' }, 194],
    [{ kind: 'guest-panic', by: 'kvm' }, 195],
    [{ kind: 'cpu-unsupported', vcpu: 0, cpu: 3 }, 193],
    [{ kind: 'guest-error', vcpu: 0, problem: 'KVM_EXIT_DEBUG' }, 122],
    [{ kind: 'kvm-error', vcpu: 0, errno: 22 }, 121],
    [{ kind: 'timeout', seconds: 2 }, 124],
    [{ kind: 'interrupted', reason: new InterruptedError('SIGINT') }, 130],
    [{ kind: 'interrupted', reason: new HostError('OUTPUT', 'full') }, 120],
  ])('%o ends with status %i', (outcome, status) => {
    expect(outcomeError(outcome)?.exitStatus).toBe(status)
  })

  it.each<Outcome>([{ kind: 'powered-off' }, { kind: 'exited', status: 3 }])(
    '%o is no error',
    outcome => {
      expect(outcomeError(outcome)).toBeUndefined()
    },
  )

  it('names the vCPU and the CPU that was refused', () => {
    expect(outcomeError({ kind: 'cpu-unsupported', vcpu: 2, cpu: 5 })?.message).toBe(
      'vcpu 2 was refused on CPU 5 (KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED)',
    )
  })

  it('says where the vCPUs were', () => {
    const places = [
      locate(madeState({ PC: 0x8008_0000n }), () => undefined),
      locate(
        madeState({ PC: 0x200n, ESR_EL1: 0x8600_0010n, ELR_EL1: 0x4000n, FAR_EL1: 0x4000n }),
        () => undefined,
      ),
    ]
    expect(outcomeError({ kind: 'timeout', seconds: 2 }, { vcpus: places })?.why).toBe(
      'vcpu 0 was at PC 0x80080000 (no exception yet); vcpu 1 was at PC 0x200 (last exception: ' +
        'instruction abort (EC 0x21): synchronous external abort (nothing is there), ELR_EL1 0x4000, FAR_EL1 0x4000)',
    )
  })

  it('says of which vCPU a guest error is, what it did, and with which instruction', () => {
    const place = locate(madeState({ PC: 0x8008_0000n }), () => Buffer.from('400440a9', 'hex'))
    const outcome: Outcome = { kind: 'guest-error', vcpu: 1, problem: 'it fell', address: 0x10n }
    expect(outcomeError(outcome, { vcpus: [place, place] })).toMatchObject({
      message: 'vcpu 1 stopped: it fell at 0x10',
      why: 'vcpu 1 was at PC 0x80080000, ldp x0, x1, [x2] (no exception yet)',
    })
  })

  it.each<Outcome>([
    { kind: 'reset' },
    { kind: 'timeout', seconds: 2 },
    { kind: 'guest-panic', by: 'pvpanic' },
  ])('says what the guest said of its panic: %o', outcome => {
    const panicMessage = 'Kernel panic - not syncing: Attempted to kill init!'
    expect(outcomeError(outcome, { panicMessage })?.why).toBe(
      `its console said before: ${panicMessage}`,
    )
  })

  it('derives the text of a failed KVM_RUN from the tables', () => {
    expect(outcomeError({ kind: 'kvm-error', vcpu: 1, errno: 8 })?.message).toBe(
      'vcpu 1: KVM_RUN failed: ENOEXEC, exec format error',
    )
  })
})
