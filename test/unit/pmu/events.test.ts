import { describe, expect, test } from 'vitest'
import {
  LAST_PMU_EVENT,
  parsePmuEvent,
  parsePmuEventRange,
  PMU_EVENTS,
  pmuEventName,
  renderEventNumber,
  renderPmuEvent,
  suggestPmuEvent,
} from '../../../src/pmu/events.ts'

describe('PMU_EVENTS', () => {
  // From include/linux/perf/arm_pmuv3.h (v6.12): one of each stretch, its first or its last.
  test.each<[keyof typeof PMU_EVENTS, number]>([
    ['SW_INCR', 0x0000],
    ['L1I_CACHE_REFILL', 0x0001],
    ['INST_RETIRED', 0x0008],
    ['UNALIGNED_LDST_RETIRED', 0x000f],
    ['BR_MIS_PRED', 0x0010],
    ['CPU_CYCLES', 0x0011],
    ['L2D_CACHE_WB', 0x0018],
    ['CHAIN', 0x001e],
    ['L1D_CACHE_ALLOCATE', 0x001f],
    ['L2D_CACHE_ALLOCATE', 0x0020],
    ['STALL_BACKEND', 0x0024],
    ['L2D_TLB', 0x002f],
    ['L2I_TLB', 0x0030],
    ['REMOTE_ACCESS_RD', 0x0038],
    ['STALL_SLOT', 0x003f],
    ['L1D_CACHE_RD', 0x0040],
    ['L1D_CACHE_INVAL', 0x0048],
    ['L1D_TLB_REFILL_RD', 0x004c],
    ['L1D_TLB_WR', 0x004f],
    ['L2D_CACHE_REFILL_WR', 0x0053],
    ['L2D_CACHE_INVAL', 0x0058],
    ['L2D_TLB_WR', 0x005f],
    ['MEM_ACCESS_WR', 0x0067],
    ['UNALIGNED_LDST_SPEC', 0x006a],
    ['STREX_SPEC', 0x006f],
    ['CRYPTO_SPEC', 0x0077],
    ['BR_INDIRECT_SPEC', 0x007a],
    ['DMB_SPEC', 0x007e],
    ['EXC_UNDEF', 0x0081],
    ['EXC_DABORT', 0x0084],
    ['EXC_SMC', 0x0088],
    ['EXC_TRAP_FIQ', 0x008f],
    ['RC_ST_SPEC', 0x0091],
    ['L3D_CACHE_REFILL_WR', 0x00a3],
    ['L3D_CACHE_INVAL', 0x00a8],
    ['SAMPLE_POP', 0x4000],
    ['CNT_CYCLES', 0x4004],
    ['L1I_CACHE_LMISS', 0x4006],
    ['L2D_CACHE_LMISS_RD', 0x4009],
    ['TRB_WRAP', 0x400c],
    ['TRB_TRIG', 0x400e],
    ['TRCEXTOUT3', 0x4013],
    ['CTI_TRIGOUT7', 0x401b],
    ['ST_ALIGN_LAT', 0x4022],
    ['MEM_ACCESS_CHECKED_WR', 0x4026],
  ])('%s is %i', (name, number) => {
    expect(PMU_EVENTS[name]).toBe(number)
    expect(pmuEventName(number)).toBe(name)
  })

  test('no two names have the same number, and every name is found in any case', () => {
    const names = Object.keys(PMU_EVENTS)
    const numbers = Object.values(PMU_EVENTS)

    expect(new Set(numbers).size).toBe(names.length)
    expect(names.map(name => parsePmuEvent(name))).toEqual(numbers)
    expect(names.map(name => parsePmuEvent(name.toLowerCase()))).toEqual(numbers)
  })
})

describe('parsePmuEvent', () => {
  test.each<[string, number | undefined]>([
    ['0x11', 0x11],
    ['0X1E', 0x1e],
    ['0x0008', 8],
    ['17', 17],
    ['017', 17],
    ['Cpu_Cycles', 0x11],
    ['cycles', undefined],
    ['constructor', undefined],
    ['', undefined],
    ['0x', undefined],
    ['-1', undefined],
    ['1e2', undefined],
    ['1b', undefined],
    [' 17', undefined],
  ])('%j is %j', (text, expected) => {
    expect(parsePmuEvent(text)).toBe(expected)
  })
})

describe('parsePmuEventRange', () => {
  test.each<[string, number, number]>([
    ['0x11', 0x11, 0x11],
    ['0x08-0x0b', 8, 11],
    ['8-11', 8, 11],
    ['8-8', 8, 8],
    ['0-0xffff', 0, LAST_PMU_EVENT],
    ['L1D_CACHE_RD-l1d_tlb_wr', 0x40, 0x4f],
    ['inst_retired-0x0b', 8, 11],
  ])('%j is %i to %i', (text, first, last) => {
    expect(parsePmuEventRange(text)).toEqual({ first, last })
  })

  test.each<[string, string, string | undefined]>([
    ['inst_retird', '"inst_retird" is no event; did you mean INST_RETIRED?', 'INST_RETIRED'],
    ['cycles', '"cycles" is no event; did you mean CPU_CYCLES?', 'CPU_CYCLES'],
    [
      'branch-misses',
      '"branch-misses" is no event and no range of events; did you mean BR_MIS_PRED?',
      'BR_MIS_PRED',
    ],
    ['r1b', '"r1b" is no event; did you mean 0x1b?', '0x1b'],
    ['1b', '"1b" is no event; did you mean 0x1b?', '0x1b'],
    ['08-0b', '"08-0b" is no event and no range of events; did you mean 08-0x0b?', '08-0x0b'],
    ['0x8-nothing_like_it', '"0x8-nothing_like_it" is no event and no range of events', undefined],
    ['0x8-', '"0x8-" is no event and no range of events', undefined],
    ['-0x8', '"-0x8" is no event and no range of events', undefined],
    ['-', '"-" is no event and no range of events', undefined],
    ['1-2-3', '"1-2-3" is no event and no range of events', undefined],
    ['1-cpu_cycle-f', '"1-cpu_cycle-f" is no event and no range of events', undefined],
    // What may be meant by the second end is before the first one.
    ['0x0c-0b', '"0x0c-0b" is no event and no range of events', undefined],
    ['0x0b-0x08', 'the range "0x0b-0x08" ends before it begins', '0x08-0x0b'],
    ['0x10000', '"0x10000" goes beyond 0xffff, the last event there is', undefined],
    ['0x40-65536', '"0x40-65536" goes beyond 0xffff, the last event there is', '0x40-0xffff'],
    [
      '9'.repeat(400),
      `"${'9'.repeat(60)}…" goes beyond 0xffff, the last event there is`,
      undefined,
    ],
  ])('%j is refused', (text, problem, instead) => {
    expect(parsePmuEventRange(text)).toEqual({ problem, instead })
  })
})

test('an event is shown with its name and its number', () => {
  expect(renderPmuEvent(0x11)).toBe('CPU_CYCLES (0x11)')
  expect(renderPmuEvent(0)).toBe('SW_INCR (0x00)')
  expect(renderPmuEvent(0x4f0)).toBe('event 0x4f0')
  expect(renderEventNumber(0x4004)).toBe('0x4004')
})

test('nothing is suggested for what resembles nothing', () => {
  expect(suggestPmuEvent('the time of day')).toBeUndefined()
})
