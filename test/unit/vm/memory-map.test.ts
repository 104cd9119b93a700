import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as map from '../../../src/vm/memory-map.ts'

const MIB = 2 ** 20

describe('the memory map', () => {
  it('keeps the device tree in RAM, 2 MiB aligned, within the first 256 MiB, behind the image', () => {
    fc.assert(
      fc.property(fc.integer({ min: map.RAM_MIN, max: 2 ** 40 }), ramSize => {
        const offset = map.fdtOffset(ramSize)
        expect(offset % (2 * MIB)).toBe(0)
        expect(offset).toBeGreaterThanOrEqual(map.RAM_MIN - 2 * map.FDT_MAX_SIZE)
        expect(offset + map.FDT_MAX_SIZE).toBeLessThanOrEqual(Math.min(ramSize, 256 * MIB))
      }),
    )
  })

  it.each([1, 8, 512])('has room for %i redistributors between devices and distributor', vcpus => {
    const base = map.redistributorBase(vcpus)
    expect(base % 0x1_0000n).toBe(0n)
    expect(base).toBeGreaterThan(0x0400_0000n)
    expect(base + BigInt(vcpus) * map.GICV3_REDIST_SIZE).toBe(map.GIC_DIST_BASE)
  })

  it('lays no two things over each other', () => {
    expect(map.UART_BASE + map.UART_SIZE).toBeLessThanOrEqual(0x0101_0000n)
    expect(map.GICV2_CPU_BASE + map.GICV2_CPU_SIZE).toBeLessThanOrEqual(map.GIC_DIST_BASE)
    expect(map.GIC_DIST_BASE + map.GIC_DIST_SIZE).toBeLessThanOrEqual(map.RAM_BASE)
  })
})
