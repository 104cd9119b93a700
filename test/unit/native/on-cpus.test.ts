import { describe, expect, it, vi } from 'vitest'
import type { SyscallError } from '../../../src/errors/index.ts'
import { onCpus } from '../../../src/native/on-cpus.ts'
import type { System } from '../../../src/native/system.ts'

const ESRCH = 3
const EINVAL = 22

/** A thread on CPUs 0 to 3; `refusals` are what the first calls of setAffinity return. */
function thread(
  refusals: readonly number[] = [],
  before: readonly number[] | number = [0, 1, 2, 3],
) {
  const pending = [...refusals]
  const where = { now: before }
  const getAffinity = vi.fn<System['getAffinity']>(() => where.now)
  const setAffinity = vi.fn((_tid: number, cpus: readonly number[]) => {
    const refusal = pending.shift() ?? 0
    if (refusal === 0) where.now = cpus
    return refusal
  })
  // The rest of a System is not called.
  return {
    system: { getAffinity, setAffinity } as unknown as System,
    where,
    getAffinity,
    setAffinity,
  }
}

describe('onCpus', () => {
  it('does it on these CPUs, gives what it gives, and lets the thread go back', () => {
    const { system, where, getAffinity, setAffinity } = thread()

    const result = onCpus(system, [2, 3], () => {
      expect(where.now).toEqual([2, 3])
      return 'done'
    })

    expect(result).toBe('done')
    expect(where.now).toEqual([0, 1, 2, 3])
    // The calling thread is number 0, and nobody else is moved.
    expect(getAffinity.mock.calls).toEqual([[0]])
    expect(setAffinity.mock.calls).toEqual([
      [0, [2, 3]],
      [0, [0, 1, 2, 3]],
    ])
  })

  it('lets it go back when it throws, and does not touch what was thrown', () => {
    const { system, where } = thread()
    const thrown = new TypeError('no')

    expect(() =>
      onCpus(system, [1], () => {
        throw thrown
      }),
    ).toThrow(thrown)
    expect(where.now).toEqual([0, 1, 2, 3])
  })

  it('nests', () => {
    const { system, where } = thread()

    onCpus(system, [1, 2], () => {
      onCpus(system, [2], () => expect(where.now).toEqual([2]))
      expect(where.now).toEqual([1, 2])
    })
    expect(where.now).toEqual([0, 1, 2, 3])
  })

  it('does nothing where the kernel does not let it there', () => {
    const { system, where, setAffinity } = thread([-EINVAL])
    const action = vi.fn<() => void>()

    expect(() => onCpus(system, [99], action)).toThrow(
      expect.objectContaining({
        syscall: 'sched_setaffinity',
        errnoName: 'EINVAL',
      }) as SyscallError,
    )
    expect(action).not.toHaveBeenCalled()
    expect(where.now).toEqual([0, 1, 2, 3])
    expect(setAffinity).toHaveBeenCalledTimes(1)
  })

  it('does nothing where the kernel does not say where it is', () => {
    const { system, setAffinity } = thread([], -ESRCH)
    const action = vi.fn<() => void>()

    expect(() => onCpus(system, [0], action)).toThrow(
      expect.objectContaining({ syscall: 'sched_getaffinity', errnoName: 'ESRCH' }) as SyscallError,
    )
    expect(action).not.toHaveBeenCalled()
    expect(setAffinity).not.toHaveBeenCalled()
  })

  it('has done it even if there is no way back: the kernel has moved the thread then', () => {
    const { system } = thread([0, -EINVAL])

    expect(onCpus(system, [1], () => 7)).toBe(7)
  })
})
