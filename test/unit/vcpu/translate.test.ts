import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { translate, type Translation } from '../../../src/vcpu/translate.ts'

const KIB = 1024n
const ON = 1n

/** Memory in which tables are: what was never written reads as zero. */
class Memory {
  readonly #words = new Map<bigint, bigint>()
  reads = 0

  write(address: bigint, value: bigint): void {
    this.#words.set(address, value)
  }

  readonly read = (address: bigint): bigint => {
    this.reads++
    return this.#words.get(address) ?? 0n
  }
}

/** Granules by log2 of their size, with their numbers in TG0 and TG1. */
const GRANULES = [
  { granule: 12n, tg0: 0n, tg1: 2n },
  { granule: 14n, tg0: 2n, tg1: 1n },
  { granule: 16n, tg0: 1n, tg1: 3n },
]

const ROOT = 0x8000_0000n

/** Maps one page of an address space of `bits` bits; the tables follow each other from ROOT. */
function mapPage(memory: Memory, address: bigint, physical: bigint, granule: bigint, bits: bigint) {
  const stride = granule - 3n
  const offset = address & ((1n << bits) - 1n)
  let table = ROOT
  for (let left = (bits - granule + stride - 1n) / stride - 1n; left >= 0n; left--) {
    const index = (offset >> (granule + stride * left)) & ((1n << stride) - 1n)
    const next = table + (1n << granule)
    memory.write(table + index * 8n, (left === 0n ? physical : next) | 3n)
    table = next
  }
}

const off: Translation = { SCTLR_EL1: 0n, TCR_EL1: 0n, TTBR0_EL1: 0n, TTBR1_EL1: 0n }

describe('translate', () => {
  it('changes nothing while the MMU is off', () => {
    expect(translate(0x8008_0000n, off, () => undefined)).toBe(0x8008_0000n)
  })

  it.each(
    GRANULES.flatMap(given =>
      [39n, 42n, 48n].flatMap(bits => [false, true].map(upper => ({ ...given, bits, upper }))),
    ),
  )(
    'finds a page of 2^$granule in $bits bits, upper half: $upper',
    ({ granule, tg0, tg1, bits, upper }) => {
      fc.assert(
        fc.property(
          fc.bigInt(0n, (1n << bits) - 1n),
          fc.bigInt(0n, (1n << 40n) - 1n),
          (low, to) => {
            const memory = new Memory()
            const page = (value: bigint) => (value >> granule) << granule
            const address = upper ? 2n ** 64n - (1n << bits) + low : low
            mapPage(memory, low, page(to), granule, bits)
            const size = 64n - bits
            const registers = {
              SCTLR_EL1: ON,
              TCR_EL1: size | (size << 16n) | (tg0 << 14n) | (tg1 << 30n),
              // Whoever is not asked for leads astray; the upper one has an ASID.
              TTBR0_EL1: upper ? 0n : ROOT,
              TTBR1_EL1: upper ? ROOT | (0xabcdn << 48n) | 1n : 0n,
            }
            expect(translate(address, registers, memory.read)).toBe(page(to) + (low - page(low)))
          },
        ),
        { numRuns: 20 },
      )
    },
  )

  it('finds a block of 2 MiB', () => {
    const memory = new Memory()
    memory.write(ROOT, (ROOT + 4n * KIB) | 3n)
    memory.write(ROOT + 4n * KIB + 8n, 0x9020_0000n | 1n)
    const registers = { ...off, SCTLR_EL1: ON, TCR_EL1: 25n, TTBR0_EL1: ROOT }
    expect(translate(0x21_2345n, registers, memory.read)).toBe(0x9021_2345n)
  })

  it('finds nothing where nothing is mapped, or where tables are not RAM', () => {
    const registers = { ...off, SCTLR_EL1: ON, TCR_EL1: 25n, TTBR0_EL1: ROOT }
    expect(translate(0x1000n, registers, () => 0n)).toBeUndefined()
    expect(translate(0x1000n, registers, () => undefined)).toBeUndefined()
    expect(translate(1n << 45n, registers, () => 3n)).toBeUndefined()
  })

  it('ends after five reads, whatever the registers and the tables hold', () => {
    const any = fc.bigInt(0n, 2n ** 64n - 1n)
    fc.assert(
      fc.property(any, any, any, any, fc.infiniteStream(any), (address, tcr, low, high, words) => {
        let reads = 0
        const registers = { SCTLR_EL1: ON, TCR_EL1: tcr, TTBR0_EL1: low, TTBR1_EL1: high }
        translate(address, registers, () => {
          reads++
          return (words.next().value as bigint) | 3n
        })
        expect(reads).toBeLessThanOrEqual(5)
      }),
      { numRuns: 2000 },
    )
  })
})
