import { describe, expect, it } from 'vitest'
import { HostError, InterruptedError } from '../../../src/errors/index.ts'
import { outcomeError, type Outcome } from '../../../src/vm/outcome.ts'

describe('outcomeError', () => {
  it.each<[Outcome, number]>([
    [{ kind: 'crashed' }, 122],
    [{ kind: 'cpu-unsupported', vcpu: 0, cpu: 3 }, 193],
    [{ kind: 'unhandled-exit', vcpu: 0, exit: 'KVM_EXIT_DEBUG' }, 122],
    [{ kind: 'kvm-error', vcpu: 0, errno: 22 }, 121],
    [{ kind: 'timeout', seconds: 2 }, 124],
    [{ kind: 'interrupted', reason: new InterruptedError('SIGINT') }, 130],
    [{ kind: 'interrupted', reason: new HostError('OUTPUT', 'full') }, 120],
  ])('%o ends with status %i', (outcome, status) => {
    expect(outcomeError(outcome)?.exitStatus).toBe(status)
  })

  it.each<Outcome>([{ kind: 'powered-off' }, { kind: 'reset' }])('%o is no error', outcome => {
    expect(outcomeError(outcome)).toBeUndefined()
  })

  it('names the vCPU and the CPU that was refused', () => {
    expect(outcomeError({ kind: 'cpu-unsupported', vcpu: 2, cpu: 5 })?.message).toBe(
      'vcpu 2 was refused on CPU 5 (KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED)',
    )
  })

  it('says where the vCPUs were', () => {
    const state = { PC: 0x8008_0000n, PSTATE: 0n, ESR_EL1: 0n, ELR_EL1: 0n, FAR_EL1: 0n }
    expect(outcomeError({ kind: 'timeout', seconds: 2 }, [state])?.why).toBe(
      'vcpu 0 was at PC 0x80080000 (ESR_EL1 0x0)',
    )
  })

  it('derives the text of a failed KVM_RUN from the tables', () => {
    expect(outcomeError({ kind: 'kvm-error', vcpu: 1, errno: 8 })?.message).toBe(
      'vcpu 1: KVM_RUN failed: ENOEXEC, exec format error',
    )
  })
})
