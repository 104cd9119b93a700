import { describe, expect, it } from 'vitest'
import { allowedCpus } from '../../../src/vm/allowed-cpus.ts'
import { RecordingSystem } from '../ioctl/recording-system.ts'

class SystemOn extends RecordingSystem {
  readonly #cpus: readonly number[]

  constructor(cpus: readonly number[]) {
    super('kvm')
    this.#cpus = cpus
  }

  override getAffinity(): readonly number[] & number {
    return this.#cpus as readonly number[] & number
  }
}

const host = () => ({ possible: [0, 1, 2, 3, 4], present: [0, 1, 2, 3, 4], online: [0, 1, 2, 3] })
const on = (ours: readonly number[], affinity?: readonly number[]) =>
  allowedCpus(affinity, new SystemOn(ours), host)

describe('allowedCpus', () => {
  it('is all that this process may use, or what was asked for', () => {
    expect(on([0, 1])).toEqual({ cpus: [0, 1], given: false })
    expect(on([0, 1], [1])).toEqual({ cpus: [1], given: true })
  })

  it.each([
    [[9], 'this host has no CPU 9, its CPUs are 0-4'],
    [[4], 'offline: CPU 4'],
    [[2, 3], 'taskset or a cpuset excludes CPUs 2-3'],
    [
      [1, 3, 4, 8, 9],
      'this host has no CPUs 8-9, its CPUs are 0-4; offline: CPU 4; taskset or a cpuset excludes CPU 3',
    ],
  ])('refuses %j and says why', (affinity, why) => {
    expect(() => on([0, 1], affinity)).toThrow(
      expect.objectContaining({
        why,
        try: ['--vcpu-affinity 0-1    # where it may'],
        exitStatus: 2,
      }) as Error,
    )
  })
})
