import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodePmceid } from '../../../src/pmu/pmceid.ts'

/** The bit of an event, as Arm DDI 0487 words it: ID<n> is event n or 0x20 + n, IDhi<n> 0x4000 more. */
function placeOf(event: number): { register: number; bit: number } {
  const low = event & 0x3f
  return { register: low < 0x20 ? 0 : 1, bit: (low & 0x1f) + (event >= 0x4000 ? 32 : 0) }
}

const anyEvent = fc.oneof(
  fc.integer({ min: 0, max: 0x3f }),
  fc.integer({ min: 0x4000, max: 0x403f }),
)

describe('PMCEID0_EL0 and PMCEID1_EL0', () => {
  it.each<[bigint, bigint, number[]]>([
    [0n, 0n, []],
    // Of the emulated host: SW_INCR, CPU_CYCLES, CHAIN; STALL_FRONTEND, STALL_BACKEND.
    [0x4002_0001n, 0x18n, [0x00, 0x11, 0x1e, 0x23, 0x24]],
    [1n << 31n, 1n << 31n, [0x1f, 0x3f]],
    [0x11n << 32n, 0x71n << 32n, [0x4000, 0x4004, 0x4020, 0x4024, 0x4025, 0x4026]],
    [1n << 63n, 1n << 63n, [0x401f, 0x403f]],
  ])('%x and %x', (pmceid0, pmceid1, events) => {
    expect(decodePmceid(pmceid0, pmceid1)).toEqual(events)
  })

  it('name any set of events, and name it in order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyEvent, { maxLength: 128 }), events => {
        const registers = [0n, 0n]
        for (const event of events) {
          const { register, bit } = placeOf(event)
          registers[register]! |= 1n << BigInt(bit)
        }
        expect(decodePmceid(registers[0]!, registers[1]!)).toEqual(events.sort((a, b) => a - b))
      }),
    )
  })
})
