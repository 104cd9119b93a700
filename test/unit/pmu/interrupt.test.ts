import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../src/errors/index.ts'
import {
  checkPmuInterrupt,
  intidOf,
  parsePmuInterrupt,
  renderPmuInterrupt,
  type PmuInterrupt,
} from '../../../src/pmu/interrupt.ts'

const SETTING = { vcpus: 4, nrIrqs: 128, taken: [{ spi: 0, by: 'the UART' }] }

function thrownBy(call: () => unknown): UsageError {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return error as UsageError
  }
  throw new Error('nothing was thrown')
}

describe('parsePmuInterrupt', () => {
  test.each<[string, PmuInterrupt]>([
    ['ppi:7', { kind: 'ppi', number: 7 }],
    ['PPI:7 ', { kind: 'ppi', number: 7 }],
    ['ppi:23', { kind: 'ppi', number: 23 }],
    ['spi:0', { kind: 'spi', first: 0 }],
    ['spi:988', { kind: 'spi', first: 988 }],
  ])('%j', (text, expected) => {
    expect(parsePmuInterrupt(text)).toEqual(expected)
  })

  test.each<[string, string, string[]]>([
    ['23', 'does not say whether 23 is a PPI or an SPI', ['ppi:7']],
    ['9', 'does not say whether 9 is a PPI or an SPI', ['ppi:9', 'ppi:7']],
    ['40', 'does not say whether 40 is a PPI or an SPI', ['spi:8', 'ppi:7']],
    ['27', 'does not say whether 27 is a PPI or an SPI', ['ppi:7']],
    ['2000', 'does not say whether 2000 is a PPI or an SPI', ['ppi:7']],
    ['', 'is neither ppi: nor spi: with a number', ['ppi:7']],
    ['sgi:3', 'is neither ppi: nor spi: with a number', ['ppi:7']],
    ['ppi:', 'is neither ppi: nor spi: with a number', ['ppi:7']],
    ['ppi:-1', 'is neither ppi: nor spi: with a number', ['ppi:7']],
    ['ppi:0x7', 'is neither ppi: nor spi: with a number', ['ppi:7']],
    ['spi:99999', 'is neither ppi: nor spi: with a number', ['ppi:7']],
  ])('%j is refused', (text, problem, remedies) => {
    const error = thrownBy(() => parsePmuInterrupt(text))

    expect(error.message).toBe(`--pmu-irq ${text} ${problem}`)
    expect(error.try).toEqual(remedies.map(remedy => `--pmu-irq ${remedy}`))
  })

  test('a long text is cut', () => {
    expect(() => parsePmuInterrupt('x'.repeat(400))).toThrow(/^--pmu-irq x{60}… is neither/)
  })
})

describe('intidOf', () => {
  test('a PPI is the same on every vCPU, an SPI is not', () => {
    expect([0, 1, 5].map(vcpu => intidOf({ kind: 'ppi', number: 7 }, vcpu))).toEqual([23, 23, 23])
    expect([0, 1, 5].map(vcpu => intidOf({ kind: 'spi', first: 8 }, vcpu))).toEqual([40, 41, 45])
  })
})

describe('checkPmuInterrupt', () => {
  test.each(['ppi:0', 'ppi:7', 'ppi:9', 'ppi:15', 'spi:1', 'spi:92'])('%s will do', text => {
    expect(() => checkPmuInterrupt(parsePmuInterrupt(text), SETTING)).not.toThrow()
  })

  test.each<[string, string, string[]]>([
    ['ppi:10', "is INTID 26, which the guest's EL2 physical timer has", ['ppi:7']],
    ['ppi:11', "is INTID 27, which the guest's virtual timer has", ['ppi:7']],
    ['ppi:12', "is INTID 28, which the guest's EL2 virtual timer has", ['ppi:7']],
    ['ppi:14', "is INTID 30, which the guest's physical timer has", ['ppi:7']],
    ['ppi:23', 'is beyond the last PPI, 15', ['ppi:7']],
    ['ppi:25', 'is beyond the last PPI, 15', ['ppi:9', 'ppi:7']],
    ['ppi:27', 'is beyond the last PPI, 15', ['ppi:7']],
    ['ppi:32', 'is beyond the last PPI, 15', ['ppi:7']],
    ['spi:0', 'needs SPI 0, which the UART has', ['spi:1', 'ppi:7']],
    [
      'spi:93',
      'needs SPIs up to 96 (INTID 128), but the GIC has them up to 95',
      ['spi:1', 'ppi:7'],
    ],
  ])('%s is refused', (text, problem, remedies) => {
    const error = thrownBy(() => checkPmuInterrupt(parsePmuInterrupt(text), SETTING))

    expect(error.message).toBe(`--pmu-irq ${text} ${problem}`)
    expect(error.try).toEqual(remedies.map(remedy => `--pmu-irq ${remedy}`))
  })

  test('who wrote an INTID for a PPI is told so', () => {
    const { why } = thrownBy(() => checkPmuInterrupt(parsePmuInterrupt('ppi:23'), SETTING))

    expect(why).toBe('PPIs count from 0: PPI n is INTID 16 + n, and INTID 23 is PPI 7')
  })

  test('INTIDs from 1020 up are no SPIs, whatever the GIC was told', () => {
    const setting = { vcpus: 1, nrIrqs: 1024, taken: [] }

    expect(() => checkPmuInterrupt({ kind: 'spi', first: 987 }, setting)).not.toThrow()
    expect(() => checkPmuInterrupt({ kind: 'spi', first: 988 }, setting)).toThrow(UsageError)
  })

  test('where there is no room for SPIs, none is proposed', () => {
    const check = () =>
      checkPmuInterrupt({ kind: 'spi', first: 1 }, { vcpus: 64, nrIrqs: 64, taken: [] })

    expect(thrownBy(check).try).toEqual(['--pmu-irq ppi:7'])
  })

  test('what passes is valid on every vCPU and nobody else’s; what is proposed passes', () => {
    const setting = fc.record({
      vcpus: fc.integer({ min: 1, max: 40 }),
      nrIrqs: fc.integer({ min: 2, max: 32 }).map(n => n * 32),
      taken: fc.array(fc.record({ spi: fc.nat(60), by: fc.constant('a device') })),
    })
    const interrupt = fc.oneof(
      fc.record({ kind: fc.constant('ppi' as const), number: fc.nat(40) }),
      fc.record({ kind: fc.constant('spi' as const), first: fc.nat(1100) }),
    )
    fc.assert(
      fc.property(interrupt, setting, (interrupt, setting) => {
        expect(parsePmuInterrupt(renderPmuInterrupt(interrupt))).toEqual(interrupt)
        try {
          checkPmuInterrupt(interrupt, setting)
          const intids = Array.from({ length: setting.vcpus }, (_, i) => intidOf(interrupt, i))
          for (const intid of intids) {
            expect(intid).toBeLessThan(interrupt.kind === 'ppi' ? 32 : setting.nrIrqs)
            expect([26, 27, 28, 30]).not.toContain(intid)
            expect(setting.taken.map(({ spi }) => 32 + spi)).not.toContain(intid)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
          for (const remedy of (error as UsageError).try) {
            const proposed = parsePmuInterrupt(remedy.replace('--pmu-irq ', ''))
            expect(() => checkPmuInterrupt(proposed, setting)).not.toThrow()
          }
        }
      }),
    )
  })
})
