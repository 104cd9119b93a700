import { describe, expect, it } from 'vitest'
import { countOfEvents, eventBlocks, versionSeen } from '../../../src/look/guests.ts'
import { describeHost } from '../../../src/host/index.ts'
import type { PmuProbe } from '../../../src/pmu/probe.ts'
import type { GuestView } from '../../../src/vm/identify.ts'
import { RK3399 } from '../host/machines.ts'
import { madeSysfs } from '../host/sysfs-tree.ts'

const a53 = { name: 'armv8_cortex_a53', type: 8, cpus: [0, 1, 2, 3] }
const a72 = { name: 'armv8_cortex_a72', type: 7, cpus: [4, 5] }
const no = { call: 'no', ok: false }
const probe: PmuProbe = {
  pmuV3: true,
  pmus: [
    { pmu: a53, setPmu: { call: 'SET_PMU (type 8)', ok: true } },
    { pmu: a72, setPmu: { call: 'SET_PMU (type 7)', ok: true } },
  ],
  setPmu: no,
  setNrCounters: no,
  filter: no,
  strict: no,
  fixedCountersOnly: { is: 'absent', answers: [] },
  milliseconds: 1,
}

const view = (pmu: GuestView['pmu'], events: readonly number[], pmuVer = 4): GuestView => ({
  pmu,
  answer: { call: `KVM_RUN on a CPU of ${pmu.name}`, ok: true },
  pmuVer,
  events,
})
const unknown: GuestView = {
  pmu: a72,
  answer: { call: 'KVM_RUN', ok: false, meaning: 'the guest did not answer within 5 s' },
}
const all = Array.from({ length: 128 }, (_, n) => (n < 64 ? n : 0x4000 + n - 64))
const blocks = (views: readonly GuestView[]) =>
  eventBlocks(views, undefined, probe).filter(lines => lines.length > 0)

describe('the events that guests see', () => {
  it('are listed once for PMUs that are alike, by name, and by number without one', () => {
    expect(blocks([view(a53, [0, 0x11, 0x4030]), view(a72, [0, 0x11, 0x4030])])).toEqual([
      [
        'EVENTS of guests with armv8_cortex_a53, armv8_cortex_a72: 3',
        '  SW_INCR     CPU_CYCLES  0x4030',
      ],
    ])
    expect(blocks([view(a53, [0]), view(a72, [])])).toEqual([
      ['EVENTS of guests with armv8_cortex_a53: 1', '  SW_INCR'],
      ['EVENTS of guests with armv8_cortex_a72: 0'],
    ])
  })

  it('take no line of more than 80 characters, and none is left out', () => {
    const [lines = []] = blocks([view(a53, all)])
    const list = lines.slice(1)
    expect(Math.max(...list.map(line => line.length))).toBeLessThanOrEqual(80)
    expect(list.join('').trim().split(/ +/)).toHaveLength(128)
  })

  it('are compared with what the driver has names for', () => {
    const host = describeHost(madeSysfs(RK3399), [0])
    const names = Object.values(host.pmus.find(({ type }) => type === 8)?.events ?? {})
    expect(names).toHaveLength(2)
    const [alike, fewer] = [names, names.slice(1)].map(events =>
      eventBlocks([view(a53, events)], host, probe)[0]?.at(-1),
    )
    expect(alike).toMatch(/^ {2}[A-Z_ ]+$/)
    expect(fewer).toBe(
      'The driver of armv8_cortex_a53 has names for 1 more, which guests do not see.',
    )
  })

  it('are not compared with those that no guest could see', () => {
    const events = { sw_incr: 0x00, l1d_cache_rd: 0x40, stall_slot: 0x3f, sample_pop: 0x4000 }
    const own = { impdef: 0xc0, sve: 0x8006, beyond: 0x4040 }
    const host = describeHost(madeSysfs(RK3399), [0])
    const pmus = host.pmus.map(pmu => ({ ...pmu, events: { ...events, ...own } }))
    expect(eventBlocks([view(a53, [0])], { ...host, pmus }, probe)[0]?.at(-1)).toContain(' 2 more')
  })

  it('are unknown for a reason, which is given where the answers to the probe do not have it', () => {
    expect(blocks([unknown])).toEqual([
      ['armv8_cortex_a72: events are not known: KVM_RUN → no, the guest did not answer within 5 s'],
    ])
    const refused: GuestView = { pmu: a72, answer: { call: 'SET_PMU (type 7)', ok: false } }
    expect(blocks([refused])).toEqual([])
  })

  it('are none with FIXED_COUNTERS_ONLY, where there is such a thing', () => {
    const fixed: PmuProbe = { ...probe, fixedCountersOnly: { is: 'available', answers: [] } }
    expect(eventBlocks([], undefined, fixed).flat()).toEqual([
      'Guests with FIXED_COUNTERS_ONLY see no events: the cycle counter is all they have.',
    ])
  })

  it('are counted in one word where all PMUs have as many', () => {
    expect(countOfEvents([view(a53, [0, 1]), view(a72, [2, 3])])).toBe('2')
    expect(countOfEvents([view(a53, [0, 1]), view(a72, [2])])).toBe(
      '2 (armv8_cortex_a53), 1 (armv8_cortex_a72)',
    )
    expect(countOfEvents([view(a53, [0]), unknown])).toBe('1 (armv8_cortex_a53)')
    expect(countOfEvents([unknown])).toBeUndefined()
  })
})

it('the version is that of the PMU with the perf type', () => {
  expect(versionSeen([view(a53, [], 1), view(a72, [], 6)], 7)).toBe('PMUv3 for Armv8.5')
  expect(versionSeen([unknown], 7)).toBeUndefined()
  expect(versionSeen([], 8)).toBeUndefined()
})
