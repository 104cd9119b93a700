import fc from 'fast-check'
import { expect, test } from 'vitest'
import { placeInitrd } from '../../../src/vm/initrd.ts'
import { fdtOffset, FDT_MAX_SIZE, RAM_MIN } from '../../../src/vm/memory-map.ts'

const MIB = 2 ** 20
const file = (size: number) => ({ path: 'initrd', size })

test.each([
  ['below the device tree of small RAM', 10 * MIB, 128 * MIB, 116 * MIB],
  ['on a page of its own', 10 * MIB + 1, 128 * MIB, 116 * MIB - 64 * 1024],
  ['behind the first 256 MiB where there is room', 10 * MIB, 512 * MIB, 256 * MIB],
  ['behind them also if it takes all there is', 256 * MIB, 512 * MIB, 256 * MIB],
  ['below the device tree if it takes more', 245 * MIB, 500 * MIB, 9 * MIB],
])('%s', (_, size, ramSize, offset) => {
  expect(placeInitrd(file(size), ramSize)).toEqual({ offset, size })
})

test('one that fits nowhere says how much RAM it takes', () => {
  expect(() => placeInitrd(file(300 * MIB), 512 * MIB)).toThrow(
    expect.objectContaining({
      code: 'TSVMM_IMAGE_TOO_LARGE',
      message: 'the initrd initrd (300 MiB) does not fit into 512 MiB of RAM',
      try: ['--mem 556M'],
    }),
  )
})

test('wherever it goes, it is in RAM and beside the device tree, and what is advised is enough', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 33 }),
      fc.integer({ min: RAM_MIN / MIB, max: 16 * 1024 }),
      (size, ramMib) => {
        const ramSize = ramMib * MIB
        const fdt = fdtOffset(ramSize)
        try {
          const { offset } = placeInitrd(file(size), ramSize)
          expect(offset % 0x1_0000).toBe(0)
          expect(offset).toBeGreaterThan(0)
          expect(offset + size).toBeLessThanOrEqual(ramSize)
          expect(offset + size <= fdt || offset >= fdt + FDT_MAX_SIZE).toBe(true)
        } catch (error) {
          const mib = Number(/--mem (\d+)M/.exec((error as { try: string[] }).try[0] ?? '')?.[1])
          expect(placeInitrd(file(size), mib * MIB).offset).toBeGreaterThan(0)
        }
      },
    ),
  )
})
