import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MmioBus, type MmioDevice } from '../../../src/devices/index.ts'
import { BugError } from '../../../src/errors/index.ts'

/** Answers with its offset and keeps a record of writes. */
class Recorder implements MmioDevice {
  readonly writes: unknown[] = []

  read(offset: number): bigint {
    return BigInt(offset)
  }

  write(offset: number, length: number, value: bigint): void {
    this.writes.push([offset, length, value])
  }
}

function busWith(base: bigint, size: bigint) {
  const bus = new MmioBus()
  const device = new Recorder()
  bus.attach(device, base, size)
  return { bus, device }
}

describe('a device', () => {
  test('sees offsets from its base', () => {
    const { bus, device } = busWith(0x100_0000n, 0x1000n)

    expect(bus.read(0x100_0004n, 4)).toBe(4n)
    expect(bus.write(0x100_0ff8n, 8, 2n ** 64n - 1n)).toBe(true)
    expect(device.writes).toEqual([[0xff8, 8, 2n ** 64n - 1n]])
  })

  test.each([
    ['before its first byte', 0xff_ffffn, 1],
    ['across its start', 0xff_fffcn, 8],
    ['across its end', 0x100_0ffcn, 8],
    ['behind its last byte', 0x100_1000n, 1],
    ['at the end of the address space', 2n ** 64n - 1n, 8],
  ])('does not see an access %s', (_, address, length) => {
    const { bus, device } = busWith(0x100_0000n, 0x1000n)

    expect(bus.read(address, length)).toBeUndefined()
    expect(bus.write(address, length, 1n)).toBe(false)
    expect(device.writes).toEqual([])
  })
})

test('an empty bus answers nothing', () => {
  expect(new MmioBus().read(0n, 1)).toBeUndefined()
})

test('neighbours share no address, and each gets its own', () => {
  const { bus, device } = busWith(0x1000n, 0x1000n)
  const neighbour = new Recorder()
  bus.attach(neighbour, 0x2000n, 0x1000n)

  bus.write(0x2000n, 1, 7n)

  expect(device.writes).toEqual([])
  expect(neighbour.writes).toEqual([[0, 1, 7n]])
})

test('an empty range is a bug', () => {
  expect(() => busWith(0x1000n, 0n)).toThrow(BugError)
})

test('devices that overlap are refused, whichever comes first', () => {
  const start = fc.bigInt({ min: 0n, max: 40n })
  const size = fc.bigInt({ min: 1n, max: 20n })
  fc.assert(
    fc.property(start, size, start, size, (base1, size1, base2, size2) => {
      const { bus } = busWith(base1, size1)
      const overlap = base1 < base2 + size2 && base2 < base1 + size1

      const attach = () => bus.attach(new Recorder(), base2, size2)

      if (overlap) expect(attach).toThrow(BugError)
      else expect(attach).not.toThrow()
    }),
  )
})
