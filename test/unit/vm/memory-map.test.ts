import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_IRQS } from '../../../src/gic/gic.ts'
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

  it('has an ITS right below the redistributors, where its alignment has it', () => {
    expect(map.itsBase(512) % 0x1_0000n).toBe(0n)
    expect(map.itsBase(8) + map.GICV3_ITS_SIZE).toBe(map.redistributorBase(8))
  })

  it.each([2, 3])('lays no two things over each other with a GICv%i', version => {
    const areas = map.MEMORY_MAP.filter(({ gic = version }) => gic === version)
    const ends = areas.map(({ base, size = 1n }) => base + size)
    areas.slice(1).forEach(({ base }, i) => {
      expect(base).toBeGreaterThanOrEqual(ends[i]!)
    })
  })

  it('has room for the last device below the first interrupt of a GICv2m', () => {
    const { first, count } = map.GICV2M_SPIS
    expect(map.UART_SPI).toBeLessThan(first)
    expect(32 + first + count).toBeLessThanOrEqual(MAX_IRQS)
  })
})
