import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError } from '../../../src/errors/index.ts'
import { parseCpuList, type HostPmu } from '../../../src/host/index.ts'
import { choosePmu } from '../../../src/pmu/choose.ts'

const a53: HostPmu = { name: 'armv8_cortex_a53', type: 10, cpus: [0, 1] }
const a72: HostPmu = { name: 'armv8_cortex_a72', type: 11, cpus: [2, 3] }
const bigLittle = [a53, a72]
const uniform: HostPmu = { name: 'armv8_pmuv3_0', type: 8, cpus: [0, 1, 2, 3] }

const auto = (allowedCpus: readonly number[], hostPmus: readonly HostPmu[]) =>
  choosePmu({ allowedCpus, hostPmus, request: 'auto' })

describe('auto chooses the PMU that covers all allowed CPUs', () => {
  test('the only one of a uniform host', () => {
    expect(auto([0, 1, 2, 3], [uniform])).toEqual({
      kind: 'host-pmu',
      pmu: uniform,
      reason: 'armv8_pmuv3_0 (type 8, CPUs 0-3) covers all CPUs the vCPUs may use (0-3)',
    })
  })

  test('the big one, when only big CPUs are allowed', () => {
    expect(auto([3, 2], bigLittle)).toEqual({
      kind: 'host-pmu',
      pmu: a72,
      reason: 'armv8_cortex_a72 (type 11, CPUs 2-3) covers all CPUs the vCPUs may use (2-3)',
    })
  })

  test.each([
    [0, a53],
    [1, a53],
    [2, a72],
    [3, a72],
  ])('that of CPU %i, when only this one is allowed', (cpu, pmu) => {
    expect(auto([cpu], bigLittle)).toMatchObject({ kind: 'host-pmu', pmu })
  })

  test('of two that would do, the one with the lowest CPU, whatever its type', () => {
    const late = { name: 'late', type: 1, cpus: [1, 2] }
    const early = { name: 'early', type: 2, cpus: [0, 1, 2] }

    expect(auto([1, 2], [late, early])).toMatchObject({ pmu: early })
  })

  test('of two with the same CPUs, the one with the lower type', () => {
    const first = { name: 'first', type: 1, cpus: [0] }
    const second = { name: 'second', type: 2, cpus: [0] }

    expect(auto([0], [second, first])).toMatchObject({ pmu: first })
  })
})

describe('auto finds no PMU', () => {
  test('when the allowed CPUs have different ones, and says why for each and what would do', () => {
    expect(auto([0, 1, 2, 3], bigLittle)).toEqual({
      kind: 'none',
      problem: 'NO_COMMON',
      reason: 'no PMU of the host covers all CPUs the vCPUs may use (0-3)',
      perPmu: [
        { pmu: a53, reason: 'armv8_cortex_a53 (type 10, CPUs 0-1) does not cover CPUs 2-3' },
        { pmu: a72, reason: 'armv8_cortex_a72 (type 11, CPUs 2-3) does not cover CPUs 0-1' },
      ],
      suggestions: ['--vcpu-affinity 0-1', '--vcpu-affinity 2-3'],
    })
  })

  test('when one allowed CPU too many has another one; suggestions stay within what is allowed', () => {
    expect(auto([1, 2], bigLittle)).toMatchObject({
      perPmu: [
        { reason: 'armv8_cortex_a53 (type 10, CPUs 0-1) does not cover CPU 2' },
        { reason: 'armv8_cortex_a72 (type 11, CPUs 2-3) does not cover CPU 1' },
      ],
      suggestions: ['--vcpu-affinity 1', '--vcpu-affinity 2'],
    })
  })

  test('when an allowed CPU has none at all', () => {
    expect(auto([2, 4], bigLittle)).toMatchObject({
      problem: 'NO_COMMON',
      suggestions: ['--vcpu-affinity 2'],
    })
  })

  test('when no allowed CPU has one; then the CPUs that have are suggested', () => {
    expect(auto([4], bigLittle)).toMatchObject({
      problem: 'NO_COMMON',
      reason: 'no PMU of the host covers all CPUs the vCPUs may use (4)',
      suggestions: ['--vcpu-affinity 0-1', '--vcpu-affinity 2-3'],
    })
  })

  test('when the PMU has no CPUs', () => {
    const asleep = { name: 'armv8_pmuv3_0', type: 8, cpus: [] }

    expect(auto([0], [asleep])).toMatchObject({
      problem: 'NO_COMMON',
      perPmu: [{ reason: 'armv8_pmuv3_0 (type 8, CPUs none) does not cover CPU 0' }],
      suggestions: [],
    })
  })

  test('when the host has none', () => {
    expect(auto([0], [])).toEqual({
      kind: 'none',
      problem: 'NONE_ON_HOST',
      reason: 'the host has no core PMU: no entry of /sys/bus/event_source/devices has CPUs',
      perPmu: [],
      suggestions: [],
    })
  })
})

test('off is off, whatever there is', () => {
  const decision = choosePmu({ allowedCpus: [0], hostPmus: bigLittle, request: 'off' })

  expect(decision).toEqual({ kind: 'off', reason: 'no PMU was asked for' })
})

test.each(['auto', 'off'] as const)('no allowed CPU is a bug, with %s', request => {
  expect(() => choosePmu({ allowedCpus: [], hostPmus: bigLittle, request })).toThrow(BugError)
})

describe('for any host', () => {
  const cpus = fc.uniqueArray(fc.nat(7), { maxLength: 8 })
  const allowed = fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 8 })
  const host = fc
    .array(cpus, { maxLength: 4 })
    .map(lists => lists.map((cpus, i) => ({ name: `pmu${i}`, type: 6 + i, cpus })))

  test('a chosen PMU covers all allowed CPUs, and there is one whenever one does', () => {
    fc.assert(
      fc.property(allowed, host, (allowed, host) => {
        const covering = host.filter(pmu => allowed.every(cpu => pmu.cpus.includes(cpu)))

        const decision = auto(allowed, host)

        const chosen = decision.kind === 'host-pmu' ? decision.pmu : undefined
        expect(covering.length > 0 ? covering : [undefined]).toContain(chosen)
      }),
    )
  })

  test('the order of PMUs and CPUs does not matter', () => {
    const shuffled = fc
      .tuple(allowed, host)
      .chain(([allowed, host]) =>
        fc.tuple(
          fc.constant({ allowed, host }),
          fc.shuffledSubarray(allowed, { minLength: allowed.length }),
          fc.shuffledSubarray(host, { minLength: host.length }),
        ),
      )
    fc.assert(
      fc.property(shuffled, ([original, allowed, host]) => {
        expect(auto(allowed, host)).toEqual(auto(original.allowed, original.host))
      }),
    )
  })

  test('every PMU that was not chosen has a reason, and every suggestion works', () => {
    fc.assert(
      fc.property(allowed, host, (allowed, host) => {
        const decision = auto(allowed, host)
        const { perPmu, suggestions } =
          decision.kind === 'none' ? decision : { perPmu: host, suggestions: [] }

        expect(perPmu).toHaveLength(host.length)
        for (const suggestion of suggestions) {
          const cpus = parseCpuList(suggestion.replace('--vcpu-affinity ', ''))
          expect(auto(cpus, host).kind).toBe('host-pmu')
        }
      }),
    )
  })

  test('what was given is not changed', () => {
    fc.assert(
      fc.property(allowed, host, (allowed, host) => {
        const before = structuredClone({ allowed, host })

        auto(allowed, host)

        expect({ allowed, host }).toEqual(before)
      }),
    )
  })
})
