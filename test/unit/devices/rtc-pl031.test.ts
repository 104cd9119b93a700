import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { RtcPl031 } from '../../../src/devices/index.ts'

const START = 1_700_000_000

const [RTCDR, RTCMR, RTCLR, RTCCR] = [0x0, 0x4, 0x8, 0xc]
const [RTCIMSC, RTCRIS, RTCMIS, RTCICR] = [0x10, 0x14, 0x18, 0x1c]

let now: number
let rtc: RtcPl031
beforeEach(() => {
  now = START
  rtc = new RtcPl031(() => now)
})

const read = (offset: number) => Number(rtc.read(offset, 4))
const write = (offset: number, value: number) => {
  rtc.write(offset, 4, BigInt(value))
}

describe('the clock', () => {
  test('has the time of the host, in whole seconds', () => {
    now += 2.9

    expect(read(RTCDR)).toBe(START + 2)
  })

  test('runs, and cannot be stopped', () => {
    write(RTCCR, 0)
    now += 1

    expect(read(RTCCR)).toBe(1)
    expect(read(RTCDR)).toBe(START + 1)
  })

  test('goes on from what is loaded', () => {
    write(RTCLR, 1000)
    now += 5

    expect(read(RTCDR)).toBe(1005)
    expect(read(RTCLR)).toBe(1000)
  })

  test('wraps around after 2^32 seconds', () => {
    write(RTCLR, 0xffff_ffff)
    now += 3

    expect(read(RTCDR)).toBe(2)
  })
})

describe('the alarm', () => {
  test('goes off at its second, even when nobody looks then, and until it is cleared', () => {
    write(RTCMR, START + 10)
    now += 9
    expect(read(RTCRIS)).toBe(0)

    now += 100
    expect(read(RTCRIS)).toBe(1)

    write(RTCICR, 1)
    now += 100
    expect(read(RTCRIS)).toBe(0)
  })

  test('shows in RTCMIS if it may interrupt', () => {
    write(RTCMR, START)
    expect(read(RTCMIS)).toBe(0)

    write(RTCIMSC, 0xffff_ffff)
    expect(read(RTCIMSC)).toBe(1)
    expect(read(RTCMIS)).toBe(1)
  })

  test('does not go off for a second that was jumped over', () => {
    write(RTCMR, START + 10)
    write(RTCLR, START + 20)
    now += 5

    expect(read(RTCRIS)).toBe(0)
  })
})

test('it is a PL031 of Arm, as Linux and firmware make sure', () => {
  const ids = Array.from({ length: 8 }, (_, n) => read(0xfe0 + 4 * n))

  // amba_device_id of drivers/rtc/rtc-pl031.c: 0x00041031 in these bits.
  const peripheral = ids.slice(0, 4).reduce((id, byte, n) => id | (byte << (8 * n)), 0)
  expect(peripheral & 0xf_ffff).toBe(0x41031)
  expect(ids.slice(4)).toEqual([0x0d, 0xf0, 0x05, 0xb1])
})

test('parts of a register can be read, and only whole ones written', () => {
  write(RTCMR, 0x1234_5678)
  rtc.write(RTCMR, 1, 0xffn)
  rtc.write(RTCMR, 8, 0xffn)
  rtc.write(RTCMR + 1, 4, 0xffn)

  expect(rtc.read(RTCMR, 1)).toBe(0x78n)
  expect(rtc.read(RTCMR + 2, 2)).toBe(0x1234n)
  expect(rtc.read(RTCMR, 8)).toBe(0x1234_5678n)
})

test('a guest may do with it what it likes', () => {
  const access = fc.record({
    offset: fc.integer({ min: 0, max: 0xfff }),
    length: fc.constantFrom(1, 2, 4, 8),
    value: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    wait: fc.integer({ min: 0, max: 2 ** 33 }),
  })
  fc.assert(
    fc.property(fc.array(access), accesses => {
      for (const { offset, length, value, wait } of accesses) {
        now += wait
        if (value === null)
          expect(BigInt.asUintN(8 * length, rtc.read(offset, length))).toBe(
            rtc.read(offset, length),
          )
        else rtc.write(offset, length, BigInt.asUintN(8 * length, value))
      }
    }),
  )
})
