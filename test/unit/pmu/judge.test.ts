import { describe, expect, test } from 'vitest'
import { renderCpus, type HostPmu } from '../../../src/host/index.ts'
import type { PmuQuestion } from '../../../src/pmu/choose.ts'
import {
  affinities,
  covers,
  inOrder,
  objectionTo,
  renderAnswer,
  renderUsed,
  share,
} from '../../../src/pmu/judge.ts'
import { unprobed, type Answer, type ProbedPmu } from '../../../src/pmu/probe.ts'

const yes: Answer = { call: 'SET_PMU', ok: true }
const no: Answer = { call: 'SET_PMU', ok: false, errno: 'ENXIO', meaning: 'no such PMU' }
const a53: HostPmu = { name: 'armv8_cortex_a53', type: 10, cpus: [0, 1] }
const a72: HostPmu = { name: 'armv8_cortex_a72', type: 11, cpus: [2, 3] }

function ask(
  allowedCpus: readonly number[],
  pmus: readonly ProbedPmu[],
  fields: { counters?: number; setPmu?: Answer; pmuV3?: boolean } = {},
): PmuQuestion {
  const { counters, setPmu = yes, pmuV3 = true } = fields
  return {
    allowedCpus,
    affinityGiven: false,
    probe: { ...unprobed([], yes), pmuV3, pmus, setPmu },
    request: {
      mode: { kind: 'auto' },
      fallback: 'fail',
      counters,
      strict: 'auto',
      interrupt: { kind: 'ppi', number: 7 },
    },
  }
}

describe('objectionTo', () => {
  const able: ProbedPmu = { pmu: a53, setPmu: yes, counters: 6 }

  test('nothing speaks against a PMU that covers all and has enough', () => {
    expect(objectionTo(ask([0, 1], [able], { counters: 6 }), able)).toBeUndefined()
  })

  test('what no choice of CPUs can heal comes first', () => {
    const refused = { ...able, setPmu: no, counters: 6 }
    const few = ask([0, 2], [able], { counters: 7 })

    expect(objectionTo(few, refused)).toEqual({
      kind: 'kvm',
      reason: 'KVM refuses armv8_cortex_a53 (type 10, CPUs 0-1): SET_PMU → ENXIO, no such PMU',
    })
    expect(objectionTo(few, able)).toEqual({
      kind: 'counters',
      reason: 'armv8_cortex_a53 (type 10, CPUs 0-1) has 6 event counters for guests, fewer than 7',
    })
    expect(objectionTo(ask([0, 2], [able]), able)).toEqual({
      kind: 'cpus',
      reason: 'armv8_cortex_a53 (type 10, CPUs 0-1) does not cover CPU 2',
    })
  })

  test('a kernel without SET_PMU refuses no PMU, and one whose counters are unknown is believed', () => {
    const unknown = { pmu: a53, setPmu: no }

    expect(objectionTo(ask([0], [unknown], { setPmu: no, counters: 31 }), unknown)).toBeUndefined()
  })
})

describe('affinities', () => {
  const little: ProbedPmu = { pmu: a53, setPmu: yes, counters: 6 }
  const big: ProbedPmu = { pmu: a72, setPmu: yes, counters: 4 }

  test('are the allowed CPUs of each, in order', () => {
    expect(affinities(ask([1, 2, 3], [big, little]), [big, little])).toEqual([
      '--vcpu-affinity 1',
      '--vcpu-affinity 2-3',
    ])
  })

  test('are the CPUs of each where none of them is allowed', () => {
    const nowhere = ask([7], [little, big])
    expect(affinities({ ...nowhere, affinityGiven: true }, [little, big])).toEqual([
      '--vcpu-affinity 0-1',
      '--vcpu-affinity 2-3',
    ])
    expect(affinities({ ...nowhere, affinityGiven: false }, [little, big])).toEqual([
      'taskset -c 0-1 tsvmm run …',
      'taskset -c 2-3 tsvmm run …',
    ])
  })

  test('leave out what no CPUs can heal', () => {
    const refused = { ...little, setPmu: no }

    expect(affinities(ask([0, 2], [refused, big]), [refused, big])).toEqual(['--vcpu-affinity 2'])
    expect(affinities(ask([0, 2], [little, big], { counters: 5 }), [little, big])).toEqual([
      '--vcpu-affinity 0',
    ])
    expect(affinities(ask([0], [little], { pmuV3: false }), [little])).toEqual([])
  })

  test('are named once for PMUs with the same CPUs', () => {
    const twin = { ...little, pmu: { ...a53, name: 'twin', type: 12 } }

    expect(affinities(ask([0, 2], [little, twin]), [little, twin])).toEqual(['--vcpu-affinity 0'])
  })
})

test('inOrder goes by first CPU, then by type, PMUs without CPUs last', () => {
  const pmus = [
    { name: 'd', type: 1, cpus: [] },
    { name: 'c', type: 2, cpus: [4, 2] },
    { name: 'b', type: 4, cpus: [0, 1] },
    { name: 'a', type: 3, cpus: [1, 0] },
  ]

  const names = inOrder(pmus.map(pmu => ({ pmu, setPmu: yes }))).map(({ pmu }) => pmu.name)

  expect(names).toEqual(['a', 'b', 'c', 'd'])
})

test('covers and share', () => {
  expect([covers(a53, [0, 1]), covers(a53, [1, 2]), covers(a53, [2])]).toEqual([true, false, false])
  expect(share(a53, [3, 1, 0])).toEqual([1, 0])
})

test('words', () => {
  expect(renderCpus([3])).toBe('CPU 3')
  expect(renderCpus([0, 1, 2, 5])).toBe('CPUs 0-2,5')
  expect(renderUsed(ask([0, 1], []))).toBe('CPUs the vCPUs may use (0-1)')
  expect(renderAnswer(yes)).toBe('SET_PMU → accepted')
  expect(renderAnswer(no)).toBe('SET_PMU → ENXIO, no such PMU')
  expect(renderAnswer({ call: 'STRICT', ok: false, meaning: 'too old' })).toBe(
    'STRICT → no, too old',
  )
})
