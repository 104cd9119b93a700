import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError, UsageError, type PmuProblem } from '../../../src/errors/index.ts'
import { parseCpuList, renderCpuList, type HostPmu } from '../../../src/host/index.ts'
import { choosePmu, type PmuQuestion } from '../../../src/pmu/choose.ts'
import type { PmuDecision } from '../../../src/pmu/decision.ts'
import { parsePmuFilter } from '../../../src/pmu/filter.ts'
import type { Answer, FixedCountersOnly, PmuProbe } from '../../../src/pmu/probe.ts'
import { checkPmuRequest, parsePmuMode, type PmuRequest } from '../../../src/pmu/request.ts'

const a53: HostPmu = { name: 'armv8_cortex_a53', type: 10, cpus: [0, 1] }
const a72: HostPmu = { name: 'armv8_cortex_a72', type: 11, cpus: [2, 3] }
const bigLittle = [a53, a72]
const uniform: HostPmu = { name: 'armv8_pmuv3_0', type: 8, cpus: [0, 1, 2, 3] }
const tri: readonly HostPmu[] = [
  { name: 'armv9_cortex_a520', type: 12, cpus: [0, 1, 2] },
  { name: 'armv9_cortex_a720', type: 11, cpus: [3, 4, 5, 6] },
  { name: 'armv9_cortex_x4', type: 10, cpus: [7] },
]

/** What KVM of a host does; left out: what v7.3 does. */
interface Kernel {
  readonly pmuV3: boolean
  readonly setPmu: boolean
  readonly setNrCounters: boolean
  readonly filter: boolean
  readonly strict: boolean
  readonly fixed: FixedCountersOnly['is']
  /** Names of PMUs that SET_PMU refuses. */
  readonly refuses: readonly string[]
  /** Event counters by name of the PMU, or 6. */
  readonly counters: Readonly<Record<string, number>>
}

const v73: Kernel = {
  pmuV3: true,
  setPmu: true,
  setNrCounters: true,
  filter: true,
  strict: true,
  fixed: 'absent',
  refuses: [],
  counters: {},
}

const answer = (call: string, ok: boolean): Answer =>
  ok ? { call, ok } : { call, ok, errno: 'ENXIO', meaning: 'this kernel does not have it' }

/** What the probe of a host says. */
function probed(pmus: readonly HostPmu[], kernel: Partial<Kernel> = {}): PmuProbe {
  const k = { ...v73, ...kernel }
  return {
    pmuV3: k.pmuV3,
    pmus: pmus.map(pmu => {
      const setPmu = answer(`SET_PMU (type ${pmu.type})`, k.setPmu && !k.refuses.includes(pmu.name))
      return setPmu.ok ? { pmu, setPmu, counters: k.counters[pmu.name] ?? 6 } : { pmu, setPmu }
    }),
    setPmu: answer('SET_PMU', k.setPmu),
    setNrCounters: answer('SET_NR_COUNTERS', k.setNrCounters),
    filter: answer('FILTER', k.filter),
    strict: answer('STRICT', k.strict),
    fixedCountersOnly: {
      is: k.fixed,
      answers: [answer('FIXED_COUNTERS_ONLY', k.fixed === 'available')],
    },
    milliseconds: 1,
  }
}

/** `--pmu`, unless the fields say otherwise. */
function wish(mode: string, fields: Partial<PmuRequest> = {}): PmuRequest {
  return {
    mode: parsePmuMode(mode),
    fallback: 'pin',
    strict: 'auto',
    interrupt: { kind: 'ppi', number: 7 },
    ...fields,
  }
}

interface Case {
  readonly allowed: readonly number[]
  readonly given?: boolean
  readonly pmus: readonly HostPmu[]
  readonly kernel?: Partial<Kernel>
  readonly mode?: string
  readonly request?: Partial<PmuRequest>
}

const question = ({ allowed, given = false, pmus, kernel, mode = 'auto', request }: Case) => ({
  allowedCpus: allowed,
  affinityGiven: given,
  probe: probed(pmus, kernel),
  request: wish(mode, request),
})

const choose = (given: Case) => choosePmu(question(given))

const all = (pmus: readonly HostPmu[]) => pmus.flatMap(({ cpus }) => cpus)

/** What is suggested besides where a PMU covers some of the allowed CPUs. */
const PIN = '--pmu-fallback=pin    # the vCPUs kept to the CPUs of one PMU'

const CYCLES_ONLY = parsePmuFilter(['allow:CPU_CYCLES'])

describe('auto chooses the PMU that covers all allowed CPUs', () => {
  test('the only one of a uniform host', () => {
    expect(choose({ allowed: [0, 1, 2, 3], pmus: [uniform] })).toEqual({
      kind: 'host-pmu',
      pmu: uniform,
      cpus: [0, 1, 2, 3],
      pinned: false,
      strict: true,
      counters: 6,
      reason: 'armv8_pmuv3_0 (type 8, CPUs 0-3) covers all CPUs the vCPUs may use (0-3)',
      notices: [],
    })
  })

  test('the big one, when only big CPUs are allowed', () => {
    expect(choose({ allowed: [3, 2], pmus: bigLittle })).toMatchObject({
      kind: 'host-pmu',
      pmu: a72,
      cpus: [2, 3],
      reason: 'armv8_cortex_a72 (type 11, CPUs 2-3) covers all CPUs the vCPUs may use (2-3)',
    })
  })

  test.each([
    [0, a53],
    [1, a53],
    [2, a72],
    [3, a72],
  ])('that of CPU %i, when only this one is allowed', (cpu, pmu) => {
    expect(choose({ allowed: [cpu], pmus: bigLittle })).toMatchObject({ kind: 'host-pmu', pmu })
  })

  test('before FIXED_COUNTERS_ONLY, which gives less', () => {
    expect(choose({ allowed: [0], pmus: bigLittle, kernel: { fixed: 'available' } }).kind).toBe(
      'host-pmu',
    )
  })

  test('of two that would do, the one with the lowest CPU, whatever its type', () => {
    const late = { name: 'late', type: 1, cpus: [1, 2] }
    const early = { name: 'early', type: 2, cpus: [0, 1, 2] }

    expect(choose({ allowed: [1, 2], pmus: [late, early] })).toMatchObject({ pmu: early })
  })

  test('of two with the same CPUs, the one with the lower type', () => {
    const first = { name: 'first', type: 1, cpus: [0] }
    const second = { name: 'second', type: 2, cpus: [0] }

    expect(choose({ allowed: [0], pmus: [second, first] })).toMatchObject({ pmu: first })
  })

  test('a kernel without SET_PMU picks the only one by itself, and with several any', () => {
    const kernel = { setPmu: false }
    expect(choose({ allowed: [2, 3], pmus: [uniform], kernel })).toMatchObject({
      kind: 'default',
      pmu: uniform,
      cpus: [2, 3],
      strict: false,
      reason:
        'armv8_pmuv3_0 (type 8, CPUs 0-3) covers all CPUs the vCPUs may use (2-3); this kernel has no SET_PMU, and picks the only one by itself',
    })
    expect(choose({ allowed: [2, 3], pmus: bigLittle, kernel })).toMatchObject({
      kind: 'refused',
      problem: 'NO_COMMON',
    })
  })

  test('a kernel that picks one for the whole host is not trusted to pick it', () => {
    const asked = question({ allowed: [2, 3], pmus: bigLittle, mode: 'default' })
    const ask = (ok: boolean) => {
      const isDefault = { call: 'KVM_ARM_VCPU_INIT', ok }
      const pmus = asked.probe.pmus.map(it => ({ ...it, isDefault }))
      return choosePmu({ ...asked, probe: { ...asked.probe, pmus } })
    }
    expect(ask(true)).toMatchObject({ kind: 'default', pmu: a72 })
    expect(ask(false)).toMatchObject({
      kind: 'refused',
      problem: 'LOTTERY',
      reason:
        'this kernel picks one PMU for the whole host, and none of these, wherever the vCPUs may run (as Linux before 6.3 did)',
    })
  })
})

describe('auto, where no PMU covers all allowed CPUs,', () => {
  const spread: Case = { allowed: [0, 1, 2, 3], pmus: bigLittle }

  test('takes FIXED_COUNTERS_ONLY if there is one, and says what the guest does not get', () => {
    expect(choose({ ...spread, kernel: { fixed: 'available' } })).toEqual({
      kind: 'fixed',
      cpus: [0, 1, 2, 3],
      pinned: false,
      strict: false,
      counters: 0,
      reason:
        'no PMU of the host covers all CPUs the vCPUs may use (0-3), and FIXED_COUNTERS_ONLY works on each of them',
      notices: ['the guest has the cycle counter and no event counters (FIXED_COUNTERS_ONLY)'],
    })
  })

  test('keeps the vCPUs to the CPUs of the PMU with the most of them, and says so', () => {
    expect(choose({ allowed: all(tri), pmus: tri })).toEqual({
      kind: 'host-pmu',
      pmu: tri[1],
      cpus: [3, 4, 5, 6],
      pinned: true,
      strict: true,
      counters: 6,
      reason:
        'no PMU of the host covers all CPUs the vCPUs may use (0-7), and of those that would do armv9_cortex_a720 (type 11, CPUs 3-6) covers the most',
      notices: ['the vCPUs are kept to CPUs 3-6: armv9_cortex_a720 does not cover CPUs 0-2,7'],
    })
  })

  test('counts only allowed CPUs for the most, and takes the first of equals', () => {
    expect(choose({ allowed: [0, 3, 7], pmus: tri })).toMatchObject({
      pmu: tri[0],
      cpus: [0],
      notices: ['the vCPUs are kept to CPU 0: armv9_cortex_a520 does not cover CPUs 3,7'],
    })
    expect(choose({ allowed: [0, 1, 3], pmus: tri })).toMatchObject({ pmu: tri[0], cpus: [0, 1] })
  })

  test('keeps them within the affinity that was given, too', () => {
    expect(choose({ ...spread, allowed: [1, 2], given: true })).toMatchObject({
      kind: 'host-pmu',
      pmu: a53,
      cpus: [1],
      pinned: true,
    })
  })

  test('says why for each and what would do, when it is to run without', () => {
    expect(choose({ ...spread, request: { fallback: 'none' } })).toEqual({
      kind: 'none',
      problem: 'NO_COMMON',
      reason: 'no PMU of the host covers all CPUs the vCPUs may use (0-3)',
      notices: [],
      perPmu: [
        { pmu: a53, reason: 'armv8_cortex_a53 (type 10, CPUs 0-1) does not cover CPUs 2-3' },
        { pmu: a72, reason: 'armv8_cortex_a72 (type 11, CPUs 2-3) does not cover CPUs 0-1' },
      ],
      suggestions: ['--vcpu-affinity 0-1', '--vcpu-affinity 2-3', PIN],
    })
  })

  test('is refused with the same words, when it is not to run', () => {
    const none = choose({ ...spread, request: { fallback: 'none' } })

    expect(choose({ ...spread, request: { fallback: 'fail' } })).toEqual({
      ...none,
      kind: 'refused',
    })
  })

  test('suggests nothing beyond what is allowed', () => {
    expect(choose({ ...spread, allowed: [1, 2], request: { fallback: 'fail' } })).toMatchObject({
      perPmu: [
        { reason: 'armv8_cortex_a53 (type 10, CPUs 0-1) does not cover CPU 2' },
        { reason: 'armv8_cortex_a72 (type 11, CPUs 2-3) does not cover CPU 1' },
      ],
      suggestions: ['--vcpu-affinity 1', '--vcpu-affinity 2', PIN],
    })
  })

  test('an allowed CPU that has none at all counts', () => {
    expect(choose({ ...spread, allowed: [2, 4], request: { fallback: 'fail' } })).toMatchObject({
      problem: 'NO_COMMON',
      suggestions: ['--vcpu-affinity 2', PIN],
    })
  })

  test('when no allowed CPU has one, the CPUs that have are suggested, and nothing is pinned', () => {
    expect(choose({ ...spread, allowed: [4] })).toMatchObject({
      kind: 'refused',
      problem: 'NO_COMMON',
      reason: 'no PMU of the host covers any of the CPUs the vCPUs may use (4)',
      suggestions: ['taskset -c 0-1 tsvmm run …', 'taskset -c 2-3 tsvmm run …'],
    })
  })

  test('a PMU without CPUs is no PMU to anybody', () => {
    const asleep = { name: 'armv8_pmuv3_0', type: 8, cpus: [] }

    expect(choose({ allowed: [0], pmus: [asleep] })).toMatchObject({
      kind: 'refused',
      problem: 'NO_COMMON',
      perPmu: [{ reason: 'armv8_pmuv3_0 (type 8, CPUs none) does not cover CPU 0' }],
      suggestions: [],
    })
  })

  test('a PMU that KVM refuses is neither chosen nor suggested, and the answer is shown', () => {
    const decision = choose({
      ...spread,
      kernel: { refuses: [a53.name] },
      request: { fallback: 'fail' },
    })

    expect(decision).toMatchObject({
      perPmu: [
        {
          pmu: a53,
          reason:
            'KVM refuses armv8_cortex_a53 (type 10, CPUs 0-1): SET_PMU (type 10) → ENXIO, this kernel does not have it',
        },
        { pmu: a72 },
      ],
      suggestions: ['--vcpu-affinity 2-3', PIN],
    })
  })
})

describe('where there is nothing to choose from', () => {
  test('a host without a PMU', () => {
    expect(choose({ allowed: [0], pmus: [], request: { fallback: 'none' } })).toEqual({
      kind: 'none',
      problem: 'NONE_ON_HOST',
      reason: 'the host has no core PMU: no entry of /sys/bus/event_source/devices has CPUs',
      notices: [],
      perPmu: [],
      suggestions: [],
    })
  })

  test('KVM without a PMU: no choice of CPUs heals that', () => {
    const kernel = { pmuV3: false, setPmu: false, setNrCounters: false, filter: false }

    expect(choose({ allowed: [0, 2], pmus: bigLittle, kernel })).toEqual({
      kind: 'refused',
      problem: 'UNSUPPORTED',
      reason: 'KVM of this host has no PMU for guests (KVM_CAP_ARM_PMU_V3 is 0)',
      notices: [],
      perPmu: [],
      suggestions: [],
    })
  })
})

test('off is off, whatever there is', () => {
  for (const pmus of [[], bigLittle])
    expect(choose({ allowed: [0], pmus, kernel: { pmuV3: false }, mode: 'off' })).toEqual({
      kind: 'off',
      reason: 'no PMU was asked for',
      notices: [],
    })
})

test.each(['auto', 'off', 'fixed', 'default', 'x'])('no allowed CPU is a bug, with %s', mode => {
  expect(() => choose({ allowed: [], pmus: bigLittle, mode })).toThrow(BugError)
})

describe('a named PMU', () => {
  test.each([a72.name, String(a72.type)])('is the guest’s by %s', mode => {
    expect(choose({ allowed: [2, 3], pmus: bigLittle, mode })).toEqual({
      kind: 'host-pmu',
      pmu: a72,
      cpus: [2, 3],
      pinned: false,
      strict: true,
      counters: 6,
      reason: `it was asked for (--pmu=${mode})`,
      notices: [],
    })
  })

  test('is taken although FIXED_COUNTERS_ONLY would need no pinning', () => {
    const kernel = { fixed: 'available' } as const

    expect(choose({ allowed: [0, 1, 2, 3], pmus: bigLittle, mode: a72.name, kernel })).toEqual({
      kind: 'host-pmu',
      pmu: a72,
      cpus: [2, 3],
      pinned: true,
      strict: true,
      counters: 6,
      reason: 'it was asked for (--pmu=armv8_cortex_a72)',
      notices: ['the vCPUs are kept to CPUs 2-3: armv8_cortex_a72 does not cover CPUs 0-1'],
    })
  })

  test.each<[string, Partial<Case>, string[]]>([
    ['with an affinity it does not cover', { given: true }, ['--vcpu-affinity 2-3', '--pmu=auto']],
    ['with --pmu-fallback=fail', { request: { fallback: 'fail' } }, ['--vcpu-affinity 2-3']],
    ['with --pmu-fallback=none', { request: { fallback: 'none' } }, ['--vcpu-affinity 2-3']],
  ])('is not narrowed to %s', (_, fields, suggestions) => {
    const decision = choose({
      allowed: [0, 1, 2, 3],
      pmus: bigLittle,
      mode: a72.name,
      ...fields,
    })

    expect(decision).toMatchObject({
      kind: 'refused',
      problem: 'NO_COMMON',
      reason: 'armv8_cortex_a72 (type 11, CPUs 2-3) does not cover CPUs 0-1',
    })
    expect('suggestions' in decision && decision.suggestions).toEqual(
      expect.arrayContaining(suggestions),
    )
  })

  test('that no allowed CPU has cannot be pinned to', () => {
    expect(choose({ allowed: [0, 1], pmus: bigLittle, mode: a72.name })).toMatchObject({
      kind: 'refused',
      problem: 'NO_COMMON',
      suggestions: ['taskset -c 2-3 tsvmm run …', '--pmu=auto'],
    })
  })

  test('that KVM refuses cannot be had on any CPU', () => {
    const kernel = { refuses: [a72.name] }

    expect(choose({ allowed: [2, 3], pmus: bigLittle, mode: a72.name, kernel })).toMatchObject({
      kind: 'refused',
      problem: 'NO_COMMON',
      reason:
        'KVM refuses armv8_cortex_a72 (type 11, CPUs 2-3): SET_PMU (type 11) → ENXIO, this kernel does not have it',
      suggestions: ['--pmu=auto'],
    })
  })

  test.each<[string, string, string[]]>([
    ['a72', 'is called "a72"; did you mean armv8_cortex_a72?', ['--pmu=armv8_cortex_a72']],
    ['A53', 'is called "A53"; did you mean armv8_cortex_a53?', ['--pmu=armv8_cortex_a53']],
    [
      'armv8_cortexa53',
      'is called "armv8_cortexa53"; did you mean armv8_cortex_a53?',
      ['--pmu=armv8_cortex_a53'],
    ],
    ['m1', 'is called "m1"', ['--pmu=armv8_cortex_a53', '--pmu=armv8_cortex_a72']],
    ['99', 'has the perf type 99', ['--pmu=armv8_cortex_a53', '--pmu=armv8_cortex_a72']],
  ])('%s is not there', (mode, problem, suggestions) => {
    expect(choose({ allowed: [0], pmus: [a72, a53], mode })).toEqual({
      kind: 'refused',
      problem: 'UNKNOWN',
      reason: `no core PMU of this host ${problem}`,
      notices: [],
      perPmu: [
        { pmu: a53, reason: 'there is armv8_cortex_a53 (type 10, CPUs 0-1)' },
        { pmu: a72, reason: 'there is armv8_cortex_a72 (type 11, CPUs 2-3)' },
      ],
      suggestions,
    })
  })
})

describe('fixed', () => {
  test('is FIXED_COUNTERS_ONLY on all allowed CPUs, also where a PMU covers them', () => {
    const kernel = { fixed: 'available' } as const

    expect(choose({ allowed: [3, 2], pmus: bigLittle, mode: 'fixed', kernel })).toMatchObject({
      kind: 'fixed',
      cpus: [2, 3],
      pinned: false,
      counters: 0,
      reason: 'FIXED_COUNTERS_ONLY was asked for',
    })
  })

  test.each<[string, Partial<Kernel>, string]>([
    ['a kernel without it', {}, 'this kernel does not have it (FIXED_COUNTERS_ONLY → ENXIO'],
    [
      'a kernel that means something else',
      { fixed: 'something-else' },
      'its number means something else to this kernel (FIXED_COUNTERS_ONLY → ENXIO',
    ],
  ])('is refused by %s, with its answer', (_, kernel, problem) => {
    const decision = choose({ allowed: [0], pmus: bigLittle, mode: 'fixed', kernel })

    expect(decision).toMatchObject({
      kind: 'refused',
      problem: 'NO_FIXED',
      suggestions: ['--pmu=auto'],
    })
    expect(decision.reason).toContain(`FIXED_COUNTERS_ONLY cannot be had: ${problem}`)
  })

  test.each<[string, number[], Partial<Kernel>, string]>([
    ['without a PMU', [0, 4], {}, 'CPU 4'],
    ['whose PMU KVM does not take', [0, 1, 2], { refuses: [a53.name] }, 'CPUs 0-1'],
  ])('is refused where a CPU may be used %s', (_, allowed, kernel, cpus) => {
    expect(
      choose({ allowed, pmus: bigLittle, mode: 'fixed', kernel: { fixed: 'available', ...kernel } })
        .reason,
    ).toBe(`FIXED_COUNTERS_ONLY cannot be had: no PMU that KVM takes covers ${cpus}`)
  })
})

describe('default', () => {
  test('is what the kernel picks, where it can pick but one', () => {
    expect(choose({ allowed: [2, 3], pmus: bigLittle, mode: 'default' })).toEqual({
      kind: 'default',
      pmu: a72,
      cpus: [2, 3],
      pinned: false,
      strict: false,
      counters: 6,
      reason: 'the kernel picks it on the CPUs the vCPUs may use (2-3)',
      notices: [
        'on CPUs without this PMU the counters stand still and KVM does not refuse the vCPUs: only --vcpu-affinity keeps them off',
      ],
    })
  })

  test('is refused where it is a lottery, fallback or not', () => {
    for (const fallback of ['pin', 'none', 'fail'] as const)
      expect(
        choose({ allowed: [1, 2], pmus: bigLittle, mode: 'default', request: { fallback } }),
      ).toEqual({
        kind: 'refused',
        problem: 'LOTTERY',
        reason:
          "the kernel's own pick is a lottery: it is the PMU of whichever of the CPUs the vCPUs may use (1-2) the first vCPU is made on",
        notices: [],
        perPmu: [
          { pmu: a53, reason: 'armv8_cortex_a53 (type 10, CPUs 0-1) does not cover CPU 2' },
          { pmu: a72, reason: 'armv8_cortex_a72 (type 11, CPUs 2-3) does not cover CPU 1' },
        ],
        suggestions: ['--vcpu-affinity 1', '--vcpu-affinity 2', '--pmu=auto'],
      })
  })

  test('is refused where KVM takes no PMU of these CPUs: KVM_ARM_VCPU_INIT would fail', () => {
    const kernel = { refuses: [a72.name] }

    expect(choose({ allowed: [2, 3], pmus: bigLittle, mode: 'default', kernel })).toMatchObject({
      kind: 'refused',
      problem: 'NO_COMMON',
      suggestions: ['--pmu=auto'],
    })
  })
})

describe('a wish', () => {
  const onA72: Case = { allowed: [2, 3], pmus: bigLittle }

  test('for counters is met up to what the PMU has, and refused beyond', () => {
    const kernel = { counters: { [a72.name]: 4 } }

    expect(choose({ ...onA72, kernel, request: { counters: 4 } })).toMatchObject({
      kind: 'host-pmu',
      counters: 4,
    })
    expect(choose({ ...onA72, kernel, request: { counters: 0 } })).toMatchObject({ counters: 0 })
    for (const mode of ['auto', a72.name])
      expect(choose({ ...onA72, kernel, mode, request: { counters: 5 } })).toMatchObject({
        kind: 'refused',
        problem: 'COUNTERS',
        reason:
          'armv8_cortex_a72 (type 11, CPUs 2-3) has 4 event counters for guests, fewer than 5',
        suggestions: ['--pmu-counters 4    # the most'],
      })
  })

  test('for counters decides which PMU the vCPUs are kept to', () => {
    const kernel = { counters: { armv9_cortex_a720: 4 } }

    expect(
      choose({ allowed: all(tri), pmus: tri, kernel, request: { counters: 6 } }),
    ).toMatchObject({ pmu: tri[0], cpus: [0, 1, 2] })
  })

  test('for a filter brings its notices along, and is not met by FIXED_COUNTERS_ONLY', () => {
    expect(
      choose({
        allowed: [0, 2, 3],
        pmus: bigLittle,
        kernel: { fixed: 'available' },
        request: { filter: parsePmuFilter(['deny:CPU_CYCLES']) },
      }),
    ).toMatchObject({
      kind: 'host-pmu',
      pmu: a72,
      notices: [
        'the vCPUs are kept to CPUs 2-3: armv8_cortex_a72 does not cover CPU 0',
        expect.stringContaining('PMCCNTR_EL0 does not count'),
      ],
    })
  })

  test.each<[Partial<PmuRequest>, Partial<Kernel>, PmuProblem, string, string[]]>([
    [
      { counters: 2 },
      { setNrCounters: false },
      'COUNTERS',
      'this kernel cannot limit the counters (--pmu-counters 2): SET_NR_COUNTERS → ENXIO, this kernel does not have it',
      ['leave --pmu-counters 2 out'],
    ],
    [
      { filter: CYCLES_ONLY },
      { filter: false },
      'FILTER',
      'this kernel takes no event filter (--pmu-filter): FILTER → ENXIO, this kernel does not have it',
      ['leave --pmu-filter out'],
    ],
    [
      { strict: 'on' },
      { strict: false },
      'STRICT',
      'this kernel has no STRICT (--pmu-strict=on): STRICT → ENXIO, this kernel does not have it',
      ['--pmu-strict=auto'],
    ],
  ])('that the kernel cannot meet is refused: %j', (request, kernel, problem, reason, suggests) => {
    for (const fallback of ['pin', 'none', 'fail'] as const)
      expect(choose({ ...onA72, kernel, request: { ...request, fallback } })).toEqual({
        kind: 'refused',
        problem,
        reason,
        notices: [],
        perPmu: [],
        suggestions: suggests,
      })
  })

  test.each<['auto' | 'on' | 'off', boolean, boolean]>([
    ['auto', true, true],
    ['auto', false, false],
    ['on', true, true],
    ['off', true, false],
    ['off', false, false],
  ])('--pmu-strict=%s on a kernel with STRICT: %j gives %j', (strict, has, expected) => {
    expect(choose({ ...onA72, kernel: { strict: has }, request: { strict } })).toMatchObject({
      kind: 'host-pmu',
      strict: expected,
    })
  })
})

/* What has to come out, said once more and differently: sets of PMUs instead of a sequence of ifs. */

/** As `expect` sees a decision: `host-pmu armv8_cortex_a72 on 2-3`, `refused NO_COMMON`. */
function brief(decision: PmuDecision): string {
  if ('problem' in decision) return `${decision.kind} ${decision.problem}`
  if (decision.kind === 'off') return 'off'
  const words = [
    decision.kind,
    ...('pmu' in decision ? [decision.pmu.name] : []),
    `on ${renderCpuList(decision.cpus)}`,
    ...(decision.pinned ? ['pinned'] : []),
    ...(decision.strict ? ['strict'] : []),
  ]
  return words.join(' ')
}

function expected({ allowedCpus, affinityGiven, probe, request }: PmuQuestion): string {
  const { mode, fallback, counters, filter, strict } = request
  const wished = [counters, filter, strict === 'on' || undefined].some(it => it !== undefined)
  const bySequence = [...probe.pmus].sort((a, b) => a.pmu.cpus[0]! - b.pmu.cpus[0]!)
  const on = (pmu: HostPmu) => allowedCpus.filter(cpu => pmu.cpus.includes(cpu))
  const taken = bySequence.filter(
    ({ setPmu }) => setPmu.ok || (!probe.setPmu.ok && probe.pmus.length === 1),
  )
  const enough = taken.filter(it => (it.counters ?? Infinity) >= (counters ?? 0))
  const covers = ({ pmu }: { pmu: HostPmu }) => on(pmu).length === allowedCpus.length
  const gets = (pmu: HostPmu, kind = probe.setPmu.ok ? 'host-pmu' : 'default') =>
    `${kind} ${pmu.name} on ${renderCpuList(on(pmu))}` +
    (covers({ pmu }) ? '' : ' pinned') +
    (kind === 'host-pmu' && probe.strict.ok && strict !== 'off' ? ' strict' : '')
  const without = (problem: PmuProblem) =>
    `${mode.kind === 'auto' && fallback === 'none' && !wished ? 'none' : 'refused'} ${problem}`
  const fixed =
    probe.fixedCountersOnly.is === 'available' &&
    !wished &&
    allowedCpus.every(cpu => taken.some(({ pmu }) => pmu.cpus.includes(cpu)))
      ? `fixed on ${renderCpuList(allowedCpus)}`
      : undefined

  if (mode.kind === 'off') return 'off'
  if (probe.pmus.length === 0) return without('NONE_ON_HOST')
  if (!probe.pmuV3) return without('UNSUPPORTED')
  const bare = allowedCpus.filter(cpu => !probe.pmus.some(({ pmu }) => pmu.cpus.includes(cpu)))
  const nowhere = bare.length === allowedCpus.length
  if (nowhere && ['auto', 'default'].includes(mode.kind)) return without('NO_COMMON')
  if (counters !== undefined && !probe.setNrCounters.ok) return 'refused COUNTERS'
  if (filter !== undefined && !probe.filter.ok) return 'refused FILTER'
  if (strict === 'on' && !probe.strict.ok) return 'refused STRICT'
  if (mode.kind === 'fixed') return fixed ?? 'refused NO_FIXED'
  if (mode.kind === 'default') {
    const only = taken.find(covers)
    if (only !== undefined) return gets(only.pmu, 'default')
    return bySequence.some(covers) || bare.length > 0 ? 'refused NO_COMMON' : 'refused LOTTERY'
  }
  if (mode.kind === 'named') {
    const wanted = bySequence.find(it => [it.pmu.name, `${it.pmu.type}`].includes(mode.name))
    if (wanted === undefined) return 'refused UNKNOWN'
    if (!taken.includes(wanted)) return 'refused NO_COMMON'
    if (!enough.includes(wanted)) return 'refused COUNTERS'
    const narrowed = fallback === 'pin' && !affinityGiven && on(wanted.pmu).length > 0
    return covers(wanted) || narrowed ? gets(wanted.pmu) : 'refused NO_COMMON'
  }
  const best = enough.find(covers)
  if (best !== undefined) return gets(best.pmu)
  if (fixed !== undefined) return fixed
  if (taken.some(covers) || (enough.length === 0 && taken.some(it => on(it.pmu).length > 0)))
    return 'refused COUNTERS'
  const most = Math.max(0, ...enough.map(({ pmu }) => on(pmu).length))
  const widest = enough.find(({ pmu }) => on(pmu).length === most)
  return fallback === 'pin' && most > 0 ? gets(widest!.pmu) : without('NO_COMMON')
}

const HOSTS: Readonly<Record<string, { pmus: readonly HostPmu[]; allowed: readonly number[] }>> = {
  uniform: { pmus: [uniform], allowed: [0, 1, 2, 3] },
  'uniform, CPU 4 without': { pmus: [uniform], allowed: [0, 1, 2, 3, 4] },
  biglittle: { pmus: bigLittle, allowed: [0, 1, 2, 3] },
  'biglittle, on its big ones': { pmus: bigLittle, allowed: [2, 3] },
  'biglittle, CPU 4 without': { pmus: bigLittle, allowed: [0, 2, 3, 4] },
  'biglittle, on CPU 4 alone': { pmus: bigLittle, allowed: [4] },
  tri: { pmus: tri, allowed: [0, 1, 2, 3, 4, 5, 6, 7] },
  'tri, on one of each': { pmus: tri, allowed: [2, 6, 7] },
  none: { pmus: [], allowed: [0, 1] },
}

/** Every combination of one value of each. */
function* combinations<T extends Readonly<Record<string, readonly unknown[]>>>(
  lists: T,
): Generator<{ [K in keyof T]: T[K][number] }> {
  const [[name, values] = ['', []], ...others] = Object.entries(lists)
  if (name === '') yield {} as { [K in keyof T]: T[K][number] }
  else
    for (const rest of combinations(Object.fromEntries(others)))
      for (const value of values)
        yield { [name]: value, ...rest } as { [K in keyof T]: T[K][number] }
}

const isFreeOfContradictions = (request: PmuRequest) => {
  try {
    checkPmuRequest(request)
    return true
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return false
  }
}

const FALLBACKS = ['pin', 'none', 'fail'] as const

describe.each(Object.entries(HOSTS))('every combination on a host that is %s', (_, host) => {
  const names = host.pmus.map(({ name }) => name)
  const modes = ['auto', 'off', 'fixed', 'default', 'no-such-pmu', ...names, '11']
  const probes = [
    ...combinations({
      setPmu: [true, false],
      setNrCounters: [true, false],
      filter: [true, false],
      strict: [true, false],
      fixed: ['available', 'absent', 'something-else'] as const,
      refuses: [[], names.slice(0, 1), names.slice(-1)],
      counters: [{ [names.at(-1) ?? '']: 3 }],
    }),
    { pmuV3: false, setPmu: false, setNrCounters: false, filter: false, strict: false },
  ].map(kernel => probed(host.pmus, kernel))

  test.each(modes)('--pmu=%s', mode => {
    const requests = [
      ...combinations({
        fallback: FALLBACKS,
        counters: [undefined, 3, 6, 7],
        filter: [undefined, CYCLES_ONLY],
        strict: ['auto', 'on', 'off'] as const,
      }),
    ]
      .map(fields => wish(mode, fields))
      .filter(isFreeOfContradictions)
    const wrong: string[] = []
    let count = 0
    for (const probe of probes)
      for (const request of requests)
        for (const affinityGiven of [false, true]) {
          count++
          const asked = { allowedCpus: host.allowed, affinityGiven, probe, request }
          const is = brief(choosePmu(asked))
          const should = expected(asked)
          if (is !== should) wrong.push(`${is}, not ${should}: ${JSON.stringify(asked)}`)
        }
    expect(wrong.slice(0, 3)).toEqual([])
    expect(count).toBeGreaterThan(1000)
  })
})

describe('for any host, kernel and request', () => {
  const cpu = fc.nat(7)
  const allowed = fc.uniqueArray(cpu, { minLength: 1, maxLength: 8 })
  /** PMUs that share CPUs are no PMUs of real hosts, but nobody promises that. */
  const overlapping = fc
    .array(fc.uniqueArray(cpu, { maxLength: 8 }), { maxLength: 4 })
    .map(lists => lists.map((cpus, i) => ({ name: `pmu${i}`, type: 6 + i, cpus })))
  const disjoint = fc
    .array(fc.constantFrom(0, 1, 2, undefined), { minLength: 8, maxLength: 8 })
    .map(owners =>
      [0, 1, 2]
        .map(owner => ({
          name: `pmu${owner}`,
          type: 9 - owner,
          cpus: owners.flatMap((it, cpu) => (it === owner ? [cpu] : [])),
        }))
        .filter(({ cpus }) => cpus.length > 0),
    )
  const kernel = fc
    .record({
      setPmu: fc.boolean(),
      setNrCounters: fc.boolean(),
      filter: fc.boolean(),
      strict: fc.boolean(),
      fixed: fc.constantFrom<FixedCountersOnly['is'][]>('available', 'absent', 'something-else'),
      refuses: fc.subarray(['pmu0', 'pmu1', 'pmu2']),
      counters: fc.record({ pmu0: fc.nat(8), pmu1: fc.nat(8), pmu2: fc.nat(8) }),
    })
    .map(kernel =>
      // STRICT and SET_NR_COUNTERS came long after SET_PMU.
      kernel.setPmu ? kernel : { ...kernel, setNrCounters: false, strict: false },
    )
  const request = fc
    .record({
      mode: fc.constantFrom('auto', 'auto', 'off', 'fixed', 'default', 'pmu0', 'pmu1', '8', 'pmux'),
      fallback: fc.constantFrom(...FALLBACKS),
      counters: fc.option(fc.nat(9), { nil: undefined }),
      filter: fc.option(
        fc.constantFrom(CYCLES_ONLY, parsePmuFilter(['deny:0x1e', 'allow:0x11', 'deny:0'])),
        { nil: undefined },
      ),
      strict: fc.constantFrom<PmuRequest['strict'][]>('auto', 'on', 'off'),
    })
    .map(({ mode, ...fields }) => wish(mode, fields))
    .filter(isFreeOfContradictions)
  const questions = fc.record({
    allowedCpus: allowed,
    affinityGiven: fc.boolean(),
    probe: fc
      .tuple(fc.oneof(disjoint, overlapping), kernel)
      .map(([pmus, kernel]) => probed(pmus, kernel)),
    request,
  })

  const holds = (check: (question: PmuQuestion, decision: PmuDecision) => void) =>
    fc.assert(
      fc.property(questions, question => {
        check(question, choosePmu(question))
      }),
      { numRuns: 2000 },
    )

  test('the order of CPUs and PMUs does not matter, nor does a CPU named twice', () => {
    const shuffled = questions.chain(question =>
      fc.tuple(
        fc.constant(question),
        fc.shuffledSubarray([...question.allowedCpus], { minLength: question.allowedCpus.length }),
        fc.shuffledSubarray([...question.probe.pmus], { minLength: question.probe.pmus.length }),
      ),
    )
    fc.assert(
      fc.property(shuffled, ([question, cpus, pmus]) => {
        const again = {
          ...question,
          allowedCpus: [...cpus, cpus[0]!],
          probe: { ...question.probe, pmus },
        }
        expect(choosePmu(again)).toEqual(choosePmu(question))
      }),
      { numRuns: 1000 },
    )
  })

  test('what was given is not changed, and the decision is plain data', () => {
    holds((question, decision) => {
      const before = structuredClone(question)
      choosePmu(question)
      expect(question).toEqual(before)
      expect(structuredClone(decision)).toEqual(decision)
    })
  })

  test('a guest with a PMU is on allowed CPUs that have it, on at least one', () => {
    holds(({ allowedCpus }, decision) => {
      if (!('cpus' in decision)) return
      expect(decision.cpus.length).toBeGreaterThan(0)
      expect(allowedCpus).toEqual(expect.arrayContaining([...decision.cpus]))
      if ('pmu' in decision)
        expect(decision.pmu.cpus).toEqual(expect.arrayContaining([...decision.cpus]))
      expect(decision.pinned).toBe(decision.cpus.length < allowedCpus.length)
    })
  })

  test('with auto there is a PMU whenever one that KVM takes covers all, and it is such a one', () => {
    holds((question, decision) => {
      const { allowedCpus, probe, request } = question
      if (request.mode.kind !== 'auto' || decision.kind === 'refused') return
      const covering = probe.pmus.filter(
        it =>
          (it.setPmu.ok || (!probe.setPmu.ok && probe.pmus.length === 1)) &&
          allowedCpus.every(cpu => it.pmu.cpus.includes(cpu)) &&
          (it.counters ?? 99) >= (request.counters ?? 0),
      )
      if (covering.length > 0)
        expect(covering.map(({ pmu }) => pmu)).toContain('pmu' in decision && decision.pmu)
    })
  })

  test('nothing is taken away quietly', () => {
    holds(({ allowedCpus, probe, request }, decision) => {
      const { mode, counters, filter, strict } = request
      const guest = 'cpus' in decision ? decision : undefined
      const pmu = 'pmu' in decision ? decision.pmu : undefined
      // A mode that was asked for is what there is, or there is nothing.
      if (mode.kind !== 'auto') {
        const kinds = { off: 'off', fixed: 'fixed', default: 'default', named: undefined } as const
        const kind = kinds[mode.kind] ?? (probe.setPmu.ok ? 'host-pmu' : 'default')
        expect([kind, 'refused']).toContain(decision.kind)
      }
      if (mode.kind === 'named' && guest)
        expect([pmu?.name, String(pmu?.type)]).toContain(mode.name)
      // Wishes are met.
      if (guest && counters !== undefined) expect(guest.counters).toBe(counters)
      if (guest && strict === 'on') expect(guest.strict).toBe(true)
      if (strict === 'off') expect(guest?.strict ?? false).toBe(false)
      // What is less than all is said.
      const said = decision.notices.join('\n')
      if (guest?.pinned) {
        expect(said).toContain(`the vCPUs are kept to CPU`)
        expect(said).toContain(renderCpuList(guest.cpus))
        expect(said).toContain(renderCpuList(allowedCpus.filter(it => !guest.cpus.includes(it))))
      }
      if (decision.kind === 'fixed') expect(said).toContain('FIXED_COUNTERS_ONLY')
      if (guest && filter && decision.kind !== 'fixed' && filter !== CYCLES_ONLY)
        expect(said).toContain('CHAIN')
    })
  })

  test('FIXED_COUNTERS_ONLY only if the kernel has it, PMUs cover all, and nothing excludes it', () => {
    holds(({ allowedCpus, probe, request }, decision) => {
      if (decision.kind !== 'fixed') return
      const union = probe.pmus.flatMap(({ pmu }) => pmu.cpus)
      expect(probe.fixedCountersOnly.is).toBe('available')
      expect(union).toEqual(expect.arrayContaining([...allowedCpus]))
      expect(request).toMatchObject({ counters: undefined, filter: undefined })
      expect(request.strict).not.toBe('on')
      expect(decision).toMatchObject({
        cpus: [...allowedCpus].sort(),
        pinned: false,
        strict: false,
      })
    })
  })

  test('it runs without a PMU only if that was allowed and nothing was wished of the PMU', () => {
    holds(({ request }, decision) => {
      if (decision.kind !== 'none') return
      expect(request).toMatchObject({
        mode: { kind: 'auto' },
        fallback: 'none',
        counters: undefined,
        filter: undefined,
      })
      expect(request.strict).not.toBe('on')
    })
  })

  test('suggested CPUs and counters give a PMU', () => {
    holds((question, decision) => {
      for (const suggestion of 'suggestions' in decision ? decision.suggestions : []) {
        const words = suggestion.replace(/ +#.*/, '').split(' ')
        const [flag, value = '', cpus = ''] = words
        if (flag === '--vcpu-affinity' || flag === 'taskset') {
          const allowedCpus = parseCpuList(flag === 'taskset' ? cpus : value)
          const then = choosePmu({ ...question, allowedCpus, affinityGiven: true })
          // Where no CPU had a PMU, what the kernel lacks of the wishes is told next.
          if (then.kind === 'refused' && 'problem' in decision && decision.problem === 'NO_COMMON')
            expect(['STRICT', 'FILTER', 'COUNTERS', 'UNKNOWN']).toContain(then.problem)
          else expect(then).toMatchObject({ pinned: false, cpus: allowedCpus })
        } else if (flag === '--pmu-counters') {
          const then = choosePmu({
            ...question,
            request: { ...question.request, counters: Number(value) },
          })
          // Of two problems, counters are the first to be told: which CPUs may be the second.
          expect('problem' in then ? then.problem : 'counters' in then && then.counters).toBeOneOf([
            Number(value),
            'NO_COMMON',
          ])
        } else if (flag === '--pmu-fallback=pin') {
          const then = choosePmu({ ...question, request: { ...question.request, fallback: 'pin' } })
          expect(['host-pmu', 'default']).toContain(then.kind)
        } else if (flag?.startsWith('--pmu=')) {
          expect(() => checkPmuRequest(wish(flag.slice('--pmu='.length)))).not.toThrow()
        } else if (flag !== 'leave') expect(suggestion).toBe('--pmu-strict=auto')
      }
    })
  })

  test('a suggested name is a PMU of the host', () => {
    holds(({ probe }, decision) => {
      if (decision.kind !== 'refused' || decision.problem !== 'UNKNOWN') return
      const names = probe.pmus.map(({ pmu }) => `--pmu=${pmu.name}`)
      expect(names).toEqual(expect.arrayContaining([...decision.suggestions]))
    })
  })

  test('every reason and notice is one sentence without its full stop', () => {
    holds((_, decision) => {
      const perPmu = 'perPmu' in decision ? decision.perPmu : []
      const sentences = [
        decision.reason,
        ...decision.notices,
        ...perPmu.map(({ reason }) => reason),
      ]
      for (const sentence of sentences) {
        expect(sentence).toMatch(/^\S.*[^\s.]$/)
        expect(sentence).not.toMatch(/[.!?] [A-Z]|undefined|NaN|\[object|CPU , |CPUs? $| {2}/)
      }
    })
  })
})
