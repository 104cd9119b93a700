import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeIrqLine, encodeIrqLine, type IrqLine } from '../../../src/ioctl/irq-line.ts'

const vcpu = fc.integer({ min: 0, max: 4095 })
const intid = fc.integer({ min: 0, max: 0xffff })
const lines: fc.Arbitrary<IrqLine> = fc.oneof(
  fc.record({ kind: fc.constant('cpu'), vcpu, number: fc.integer({ min: 0, max: 1 }) }),
  fc.record({ kind: fc.constant('spi'), intid }),
  fc.record({ kind: fc.constant('ppi'), vcpu, intid }),
)

describe('the irq of a KVM_IRQ_LINE', () => {
  test('what was encoded is decoded', () => {
    fc.assert(
      fc.property(lines, line => {
        expect(decodeIrqLine(encodeIrqLine(line))).toEqual(line)
      }),
    )
  })

  test.each<[IrqLine, number]>([
    [{ kind: 'spi', intid: 32 }, 0x0100_0020],
    [{ kind: 'ppi', vcpu: 3, intid: 23 }, 0x0203_0017],
    // Index 511 takes both vCPU fields: 256 * 1 + 255.
    [{ kind: 'ppi', vcpu: 511, intid: 27 }, 0x12ff_001b],
    [{ kind: 'cpu', vcpu: 1, number: 1 }, 0x0001_0001],
    // The highest index: the number stays unsigned.
    [{ kind: 'cpu', vcpu: 4095, number: 0 }, 0xf0ff_0000],
  ])('%o', (line, irq) => {
    expect(encodeIrqLine(line)).toBe(irq)
  })

  test.each<[string, IrqLine]>([
    ['a vCPU beyond both fields', { kind: 'ppi', vcpu: 4096, intid: 27 }],
    ['an interrupt beyond 16 bits', { kind: 'spi', intid: 0x1_0000 }],
  ])('%s does not fit', (_what, line) => {
    expect(() => encodeIrqLine(line)).toThrow('does not fit')
  })

  test('a type the kernel does not have is nothing', () => {
    expect(decodeIrqLine(0x0300_0000)).toBeUndefined()
  })
})
