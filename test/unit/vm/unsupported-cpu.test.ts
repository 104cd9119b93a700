import { describe, expect, it, vi } from 'vitest'
import {
  affinityProblem,
  refusalError,
  UnsupportedCpuPolicy,
  type UnsupportedCpuOptions,
} from '../../../src/vm/unsupported-cpu.ts'

const bigLittle: UnsupportedCpuOptions = {
  onUnsupportedCpu: 'repin',
  supportedCpus: [2, 3],
  pmuName: 'armv8_cortex_a72',
  pmuCpus: [2, 3],
  describeCpu: cpu => (cpu < 2 ? 'Cortex-A53' : 'Cortex-A72'),
}

const EINVAL = 22

function policy(options: UnsupportedCpuOptions, result = 0) {
  const setAffinity = vi.fn(() => result)
  const onNotice = vi.fn()
  const it = new UnsupportedCpuPolicy({ onNotice, ...options }, 3, setAffinity)
  return { it, setAffinity, onNotice }
}

describe('repin', () => {
  it('puts that thread back and lets it go on', () => {
    const { it, setAffinity, onNotice } = policy(bigLittle)
    expect(it.onRefused(1, 0)).toBeUndefined()
    expect(setAffinity.mock.calls).toEqual([[1, [2, 3]]])
    expect(onNotice.mock.calls).toEqual([
      [
        'vcpu 1 was refused on CPU 0 (Cortex-A53), which armv8_cortex_a72 does not cover: its thread was put back on CPUs 2-3 (KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED)',
      ],
    ])
  })

  it('counts every time and says it once per vCPU', () => {
    const { it, onNotice } = policy(bigLittle)
    for (let time = 0; time < 1000; time++) it.onRefused(2, time % 2)
    it.onRefused(0, 1)
    expect(it.repins).toEqual({ total: 1001, perVcpu: [1, 0, 1000] })
    expect(onNotice).toHaveBeenCalledTimes(2)
  })

  it('does without what it was not told', () => {
    const { it, onNotice } = policy({ onUnsupportedCpu: 'repin', supportedCpus: [3] })
    it.onRefused(0, 1)
    expect(onNotice).toHaveBeenCalledWith(
      'vcpu 0 was refused on CPU 1: its thread was put back on CPU 3 (KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED)',
    )
  })

  it('gives up, with the reason, when the kernel does not let it', () => {
    const { it, onNotice } = policy(bigLittle, -EINVAL)
    expect(it.onRefused(0, 1)).toEqual({
      vcpu: 0,
      cpu: 1,
      core: 'Cortex-A53',
      pmu: 'armv8_cortex_a72',
      pmuCpus: [2, 3],
      supportedCpus: [2, 3],
      repinProblem: expect.stringMatching(/^sched_setaffinity failed: EINVAL/) as string,
    })
    expect(it.repins).toEqual({ total: 0, perVcpu: [0, 0, 0] })
    expect(onNotice).not.toHaveBeenCalled()
  })

  it('does not try where it would be refused again, for ever', () => {
    const { it, setAffinity } = policy({ ...bigLittle, supportedCpus: [0, 1] })
    expect(it.onRefused(0, 1)?.repinProblem).toMatch(/^CPU 1 is one of those it was to be put back/)
    expect(setAffinity).not.toHaveBeenCalled()
  })

  it.each([undefined, []])('cannot be done with the CPUs %o', supportedCpus => {
    const { it, setAffinity } = policy({ ...bigLittle, supportedCpus })
    expect(it.onRefused(0, 1)?.repinProblem).toMatch(/^it is not known/)
    expect(setAffinity).not.toHaveBeenCalled()
  })
})

describe('fail', () => {
  it.each(['fail', undefined] as const)('with %s nobody tries', onUnsupportedCpu => {
    const { it, setAffinity, onNotice } = policy({ ...bigLittle, onUnsupportedCpu })
    const refusal = it.onRefused(0, 1)
    expect(refusal).toMatchObject({ vcpu: 0, cpu: 1 })
    expect(refusal).not.toHaveProperty('repinProblem')
    expect(setAffinity).not.toHaveBeenCalled()
    expect(onNotice).not.toHaveBeenCalled()
  })
})

describe('affinityProblem', () => {
  it.each([
    [EINVAL, [2, 3], [0, 1], 'EINVAL, invalid argument: all of CPUs 2-3 are offline'],
    [EINVAL, [3], [0, 1], 'EINVAL, invalid argument: CPU 3 is offline'],
    [
      EINVAL,
      [2, 3],
      [0, 1, 3],
      'EINVAL, invalid argument: CPUs 2-3 offline, going offline, or excluded by a cpuset',
    ],
    [3, [2], [2], 'ESRCH, no such process: the thread is gone'],
    [1, [2], [2], 'EPERM, operation not permitted: this process may no longer move its threads'],
    [14, [2], [2], 'EFAULT, bad address in system call argument'],
  ])('errno %i for CPUs %o with %o online', (errno, cpus, online, text) => {
    expect(affinityProblem(errno, cpus, online, [0, 1, 2, 3])).toBe(
      `sched_setaffinity failed: ${text}`,
    )
  })

  it('names the cpuset only if it is that', () => {
    expect(affinityProblem(EINVAL, [2, 3], [0, 1, 2, 3], [0, 1, 2])).toBe(
      'sched_setaffinity failed: EINVAL, invalid argument: the cpuset of this process excludes CPU 3',
    )
  })
})

describe('refusalError', () => {
  it('names the vCPU, the CPU and its core, the PMU and its CPUs, and what to do', () => {
    const { it } = policy({ ...bigLittle, onUnsupportedCpu: 'fail' })
    const error = refusalError(it.onRefused(1, 0)!)
    expect(error).toMatchObject({ code: 'TSVMM_CPU_UNSUPPORTED', exitStatus: 193 })
    expect(error.message).toBe(
      "vcpu 1 was refused on CPU 0 (Cortex-A53), which the VM's PMU, armv8_cortex_a72 (CPUs 2-3), does not cover (KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED)",
    )
    expect(error.try.map(line => line.split(/ {2,}#/)[0])).toEqual([
      '--on-unsupported-cpu=repin',
      'taskset -p -c 2-3 TID',
      '--pmu=fixed',
    ])
  })

  it('says why the thread could not be put back, and does not recommend trying', () => {
    const { it } = policy(bigLittle, -1)
    const error = refusalError(it.onRefused(1, 0)!)
    expect(error.message).toMatch(
      /, and its thread could not be put back on CPUs 2-3 \(KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED\)$/,
    )
    expect(error.why).toMatch(/^sched_setaffinity failed: EPERM/)
    expect(error.try.join()).not.toContain('repin')
    expect(error.try.join()).toContain('--pmu=fixed')
  })
})
