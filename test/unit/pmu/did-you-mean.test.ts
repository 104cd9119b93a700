import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { didYouMean, editDistance } from '../../../src/pmu/did-you-mean.ts'

const NAMES = ['CPU_CYCLES', 'BUS_CYCLES', 'INST_RETIRED', 'LL_CACHE', 'STALL'] as const

describe('didYouMean', () => {
  test.each<[string, string | undefined]>([
    ['CPU_CYCLES', 'CPU_CYCLES'],
    ['cpu_cycles', 'CPU_CYCLES'],
    ['cpu-cycles', 'CPU_CYCLES'],
    ['cpucycles', 'CPU_CYCLES'],
    ['cpu_cylces', 'CPU_CYCLES'],
    ['inst_retird', 'INST_RETIRED'],
    ['stal', 'STALL'],
    ['xpu_cycles', 'CPU_CYCLES'],
    // Equally near: the first.
    ['xxx_cycles', 'CPU_CYCLES'],
    ['cycles', undefined],
    ['tall order', undefined],
    ['sxxxl', undefined],
    ['', undefined],
  ])('%j is %j', (text, expected) => {
    expect(didYouMean(text, NAMES)).toBe(expected)
  })

  test('a text beyond any name costs nothing', () => {
    expect(didYouMean('C'.repeat(1_000_000), NAMES)).toBeUndefined()
  })

  test('of no names there is none', () => {
    expect(didYouMean('STALL', [] as string[])).toBeUndefined()
  })
})

describe('editDistance', () => {
  test.each<[string, string, number]>([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['abc', 'abd', 1],
    ['abc', 'acb', 1],
    ['ab', 'ba', 1],
    ['ca', 'abc', 3],
    ['kitten', 'sitting', 3],
  ])('%j to %j takes %i', (a, b, expected) => {
    expect(editDistance(a, b)).toBe(expected)
  })

  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })

  test('it is the same both ways, 0 for the same text only, and no more than the longer text', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const distance = editDistance(a, b)

        expect(distance).toBe(editDistance(b, a))
        expect(distance === 0).toBe(a === b)
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length))
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length))
      }),
    )
  })
})
