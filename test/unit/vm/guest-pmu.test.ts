import { beforeEach, describe, expect, it, vi } from 'vitest'
import { BugError, PmuError, SyscallError, UsageError } from '../../../src/errors/index.ts'
import type { HostPmu } from '../../../src/host/index.ts'
import { KvmFd } from '../../../src/ioctl/index.ts'
import type { System } from '../../../src/native/index.ts'
import type { GuestPmu, PmuDecision } from '../../../src/pmu/decision.ts'
import { parsePmuFilter } from '../../../src/pmu/filter.ts'
import { parsePmuMode, type PmuRequest } from '../../../src/pmu/request.ts'
import { decidePmu, planPmu } from '../../../src/vm/guest-pmu.ts'
import { RecordingSystem } from '../ioctl/recording-system.ts'

const a53: HostPmu = { name: 'armv8_cortex_a53', type: 10, cpus: [0, 1] }
const a72: HostPmu = { name: 'armv8_cortex_a72', type: 11, cpus: [2, 3] }

const sysfs = vi.hoisted(() => ({ pmus: [] as readonly HostPmu[] }))
vi.mock('../../../src/host/index.ts', async original => ({
  ...(await original<object>()),
  readHostPmus: () => sysfs.pmus,
}))

beforeEach(() => {
  sysfs.pmus = [a53, a72]
})

const request = (mode: string, fields: Partial<PmuRequest> = {}): PmuRequest => ({
  mode: parsePmuMode(mode),
  fallback: 'pin',
  strict: 'auto',
  interrupt: { kind: 'ppi', number: 7 },
  ...fields,
})

/** Where the payload of an ioctl lies. */
const PAYLOAD = 1024
/** Read as PMCR_EL0 6 event counters, read as ID_AA64DFR0_EL1 the PMUv3 of Armv8.0. */
const REGISTER = (6n << 11n) | (1n << 8n)

/** A KVM that takes everything, or has no PMU, and a process that may use CPUs `ours`. */
function host(ours: readonly number[] | number = [0, 1, 2, 3], hasPmu = true) {
  const recording = new RecordingSystem('kvm', (_, scratch) => {
    scratch.writeU64(PAYLOAD, REGISTER)
    return hasPmu ? 1 : 0
  })
  const moves: (readonly number[])[] = []
  const system: System = Object.assign(Object.create(recording) as System, {
    getAffinity: () => ours,
    setAffinity: (_: number, cpus: readonly number[]) => {
      moves.push(cpus)
      return 0
    },
  })
  const decide = (asked: PmuRequest, cpus = [0, 1, 2, 3], given = false) =>
    decidePmu(asked, { cpus, given }, { system, kvm: new KvmFd(system, 3, '/dev/kvm') })
  return { recording, moves, decide }
}

function refusal(decide: () => unknown): PmuError {
  try {
    decide()
  } catch (error) {
    expect(error).toBeInstanceOf(PmuError)
    return error as PmuError
  }
  throw new Error('it was not refused')
}

describe('decidePmu', () => {
  it('asks nothing when no PMU is wanted', () => {
    const { recording, moves, decide } = host()

    expect(decide(request('off'))).toEqual({
      kind: 'off',
      reason: 'no PMU was asked for',
      notices: [],
    })
    expect(recording.calls).toEqual([])
    expect(moves).toEqual([])
  })

  it('asks on a CPU that has a PMU, of those it may use, and goes back', () => {
    const { recording, moves, decide } = host([1, 2, 7])

    expect(decide(request('auto'), [2])).toMatchObject({ kind: 'host-pmu', pmu: a72, counters: 6 })
    expect(moves[0]).toEqual([1, 2])
    expect(moves).toContainEqual([1])
    expect(moves).toContainEqual([2])
    expect(moves.at(-1)).toEqual([1, 2, 7])
    expect(recording.calls.length).toBeLessThanOrEqual(50)
  })

  it('says with code, reason, why and what to try that it cannot be had', () => {
    const error = refusal(() => host().decide(request('auto', { fallback: 'fail', strict: 'on' })))

    expect(error).toMatchObject({
      code: 'TSVMM_PMU_NO_COMMON',
      exitStatus: 120,
      message:
        '--pmu=auto: no PMU of the host covers all CPUs the vCPUs may use (0-3), and FIXED_COUNTERS_ONLY cannot be had: it excludes --pmu-strict=on',
      why: 'armv8_cortex_a53 (type 10, CPUs 0-1) does not cover CPUs 2-3; armv8_cortex_a72 (type 11, CPUs 2-3) does not cover CPUs 0-1',
      // Not --pmu=off, which STRICT excludes.
      try: [
        '--vcpu-affinity 0-1',
        '--vcpu-affinity 2-3',
        '--pmu-fallback=pin    # the vCPUs kept to the CPUs of one PMU',
      ],
    })
  })

  it('does not say the same thing twice', () => {
    const error = refusal(() => host().decide(request(a72.name), [0, 1, 2, 3], true))

    expect(error).toMatchObject({
      code: 'TSVMM_PMU_NO_COMMON',
      message:
        '--pmu=armv8_cortex_a72: armv8_cortex_a72 (type 11, CPUs 2-3) does not cover CPUs 0-1',
      why: 'armv8_cortex_a53 (type 10, CPUs 0-1) does not cover CPUs 2-3',
      try: ['--vcpu-affinity 2-3', '--pmu=auto', '--pmu=off'],
    })
  })

  it('takes a wrong name for a usage error', () => {
    expect(refusal(() => host().decide(request('a73')))).toMatchObject({
      code: 'TSVMM_PMU_UNKNOWN',
      exitStatus: 2,
      message: expect.stringMatching(
        /^--pmu=a73: no core PMU of this host is called "a73"/,
      ) as string,
      try: ['--pmu=armv8_cortex_a53', '--pmu=armv8_cortex_a72', '--pmu=off'],
    })
  })

  it('says that there is none on the host, or none in KVM, without moving for nothing', () => {
    expect(refusal(() => host([0], false).decide(request('auto')))).toMatchObject({
      code: 'TSVMM_PMU_UNSUPPORTED',
      why: undefined,
      try: ['--pmu=off'],
    })

    sysfs.pmus = []
    const { recording, moves, decide } = host()
    expect(refusal(() => decide(request('auto')))).toMatchObject({
      code: 'TSVMM_PMU_NONE_ON_HOST',
    })
    expect(recording.calls).toEqual([])
    expect(moves).toEqual([])
  })

  it('goes without one where that is allowed', () => {
    sysfs.pmus = []

    expect(host().decide(request('auto', { fallback: 'none' }))).toMatchObject({
      kind: 'none',
      problem: 'NONE_ON_HOST',
    })
  })

  it('asks nothing where it may be on no CPU with a PMU: KVM would refuse the vCPU', () => {
    const { recording, decide } = host([4, 5])

    expect(refusal(() => decide(request('auto'), [4, 5]))).toMatchObject({
      code: 'TSVMM_PMU_NO_COMMON',
    })
    expect(recording.calls).toEqual([])
  })

  it('refuses a filter with events that no PMU of the host has', () => {
    const filter = parsePmuFilter(['allow:0x11,0x4005'])

    expect(() => host().decide(request('auto', { filter }), [0, 1])).toThrow(UsageError)
    expect(
      host().decide(request('auto', { filter: parsePmuFilter(['allow:0x11']) }), [0, 1]),
    ).toMatchObject({ kind: 'host-pmu' })
  })

  it('ends when the kernel does not say which CPUs it may use', () => {
    expect(() => host(-1).decide(request('auto'))).toThrow(SyscallError)
  })
})

describe('planPmu', () => {
  const guest: GuestPmu = {
    reason: 'it covers all',
    notices: [],
    cpus: [2, 3],
    pinned: false,
    strict: true,
    counters: 6,
  }
  const filter = parsePmuFilter(['allow:0x11'])
  const asked = request('auto', { counters: 4, filter, interrupt: { kind: 'spi', first: 8 } })

  it.each<[PmuDecision, object]>([
    [
      { kind: 'host-pmu', pmu: a72, ...guest },
      { kind: 'host-pmu', type: 11 },
    ],
    [{ kind: 'default', pmu: a72, ...guest }, { kind: 'default' }],
    [{ kind: 'fixed', ...guest }, { kind: 'fixed' }],
  ])('%j', (decision, selection) => {
    expect(planPmu(decision, asked)).toEqual({
      selection,
      cpus: [2, 3],
      strict: true,
      counters: 4,
      filter,
      interrupt: { kind: 'spi', first: 8 },
    })
  })

  it('sets no counters that nobody asked for', () => {
    const plan = planPmu({ kind: 'host-pmu', pmu: a72, ...guest }, request('auto'))

    expect(plan).toMatchObject({ counters: undefined, filter: undefined })
  })

  const refused = {
    problem: 'NO_COMMON',
    reason: 'none covers all',
    notices: [],
    perPmu: [],
    suggestions: [],
  } as const

  it('is nothing where the guest gets no PMU', () => {
    expect(planPmu({ kind: 'off', reason: 'x', notices: [] }, asked)).toBeUndefined()
    expect(planPmu({ kind: 'none', ...refused }, asked)).toBeUndefined()
  })

  it('is a bug where the guest is not to run', () => {
    expect(() => planPmu({ kind: 'refused', ...refused }, asked)).toThrow(BugError)
  })
})
