import { describe, expect, it } from 'vitest'
import { HostError, InterruptedError } from '../../../src/errors/index.ts'
import { outcomeError, type Outcome } from '../../../src/vm/outcome.ts'

describe('outcomeError', () => {
  it.each<[Outcome, number]>([
    [{ kind: 'crashed' }, 122],
    [{ kind: 'cpu-unsupported', vcpu: 0, cpu: 3 }, 122],
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

  it('derives the text of a failed KVM_RUN from the tables', () => {
    expect(outcomeError({ kind: 'kvm-error', vcpu: 1, errno: 8 })?.message).toBe(
      'vcpu 1: KVM_RUN failed: ENOEXEC, exec format error',
    )
  })
})
