import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../src/errors/index.ts'
import { parsePmuFilter } from '../../../src/pmu/filter.ts'
import {
  checkPmuRequest,
  parsePmuMode,
  renderPmuMode,
  type PmuMode,
  type PmuRequest,
} from '../../../src/pmu/request.ts'

const MODES = ['auto', 'off', 'fixed', 'default', 'armv8_cortex_a72'] as const

const request = (mode: string, fields: Partial<PmuRequest> = {}): PmuRequest => ({
  mode: parsePmuMode(mode),
  fallback: 'pin',
  strict: 'auto',
  interrupt: { kind: 'ppi', number: 7 },
  ...fields,
})

describe('the mode', () => {
  test.each<[string, PmuMode]>([
    ['auto', { kind: 'auto' }],
    ['off', { kind: 'off' }],
    ['fixed', { kind: 'fixed' }],
    ['default', { kind: 'default' }],
    ['armv8_cortex_a72', { kind: 'named', name: 'armv8_cortex_a72' }],
    ['11', { kind: 'named', name: '11' }],
    ['Auto', { kind: 'named', name: 'Auto' }],
    ['kind', { kind: 'named', name: 'kind' }],
  ])('%j', (text, mode) => {
    expect(parsePmuMode(text)).toEqual(mode)
    expect(renderPmuMode(mode)).toBe(`--pmu=${text}`)
  })

  test.each(['', ' '])('%j is none', text => {
    expect(() => parsePmuMode(text)).toThrow('--pmu= names no PMU and no mode')
  })

  test('what is rendered is read as the same, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom(...MODES)), text => {
        fc.pre(text.trim() !== '')
        const rendered = renderPmuMode(parsePmuMode(text))
        expect(rendered).toBe(`--pmu=${text}`)
        expect(parsePmuMode(rendered.slice('--pmu='.length))).toEqual(parsePmuMode(text))
      }),
    )
  })
})

/** A wish, as it is typed, and the modes that exclude it. */
const WISHES: readonly [string, Partial<PmuRequest>, Readonly<Record<string, string>>][] = [
  [
    '--pmu-counters 2',
    { counters: 2 },
    {
      off: 'without a PMU there is nothing to set',
      fixed: 'FIXED_COUNTERS_ONLY has no event counters',
      default: 'SET_NR_COUNTERS is defined only for a PMU that was selected with SET_PMU',
    },
  ],
  ['--pmu-counters 0', { counters: 0 }, { off: '', fixed: '', default: '' }],
  [
    '--pmu-filter deny:0x11 --pmu-filter allow:0x08-0x09',
    { filter: parsePmuFilter(['deny:CPU_CYCLES', 'allow:INST_RETIRED-EXC_TAKEN']) },
    {
      off: 'without a PMU there is nothing to set',
      fixed: 'FIXED_COUNTERS_ONLY and FILTER exclude each other (EBUSY)',
    },
  ],
  [
    '--pmu-strict=on',
    { strict: 'on' },
    {
      off: 'without a PMU there is nothing to set',
      fixed: 'with STRICT a PMU must be selected with SET_PMU, which FIXED_COUNTERS_ONLY excludes',
      default: 'with STRICT the kernel picks no PMU by itself',
    },
  ],
  ['--pmu-strict=off', { strict: 'off' }, {}],
  ['--pmu-fallback=fail', { fallback: 'fail' }, {}],
  ['--pmu-irq spi:4', { interrupt: { kind: 'spi', first: 4 } }, {}],
]

describe.each(WISHES)('%s', (flag, fields, excluded) => {
  const excluding = MODES.filter(mode => mode in excluded)

  test.each(MODES.filter(mode => !(mode in excluded)))('goes with --pmu=%s', mode => {
    expect(() => checkPmuRequest(request(mode, fields))).not.toThrow()
  })

  test.skipIf(excluding.length === 0).each(excluding)('contradicts --pmu=%s', mode => {
    const error = refusalOf(request(mode, fields))

    expect(error.message).toBe(`${flag} and --pmu=${mode} contradict each other`)
    expect(error.why).toMatch(excluded[mode] ?? 'nothing')
    expect(error.try).toEqual([`leave ${flag} out`, `--pmu=auto ${flag}`])
    expect(error.exitStatus).toBe(2)
    // Both do as they say.
    expect(() => checkPmuRequest(request(mode))).not.toThrow()
    expect(() => checkPmuRequest(request('auto', fields))).not.toThrow()
  })
})

test('of several contradictions the first is told', () => {
  expect(refusalOf(request('off', { counters: 1, strict: 'on' })).message).toBe(
    '--pmu-counters 1 and --pmu=off contradict each other',
  )
})

function refusalOf(request: PmuRequest): UsageError {
  try {
    checkPmuRequest(request)
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return error as UsageError
  }
  throw new Error('it was not refused')
}
