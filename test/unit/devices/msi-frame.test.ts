import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MsiFrame } from '../../../src/devices/index.ts'

const SPIS = { first: 928, count: 64 }

function frame(): { device: MsiFrame; signalled: number[] } {
  const signalled: number[] = []
  return { device: new MsiFrame(SPIS, intid => signalled.push(intid)), signalled }
}

it('says which INTIDs it has, and nothing else', () => {
  const { device } = frame()

  expect(device.read(0x008)).toBe((928n << 16n) | 64n)
  expect(device.read(0xfcc)).toBe(0n)
  expect(device.read(0x040)).toBe(0n)
})

it.each([
  [927, []],
  [928, [928]],
  [991, [991]],
  [992, []],
])('makes of a message with %i the interrupts %j', (intid, expected) => {
  const { device, signalled } = frame()

  device.write(0x040, 4, BigInt(intid))

  expect(signalled).toEqual(expected)
})

it('signals nothing but its own, whatever the guest writes where', () => {
  const { device, signalled } = frame()
  fc.assert(
    fc.property(
      fc.nat(0xfff),
      fc.constantFrom(1, 2, 4, 8),
      fc.bigInt(0n, 2n ** 64n - 1n),
      (...write) => {
        device.write(...write)
        device.read(write[0])
        expect(signalled.every(intid => intid >= 928 && intid < 992)).toBe(true)
      },
    ),
  )
})
