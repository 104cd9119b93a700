import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MmioBus } from '../../../src/devices/index.ts'
import { UART_BASE } from '../../../src/vm/memory-map.ts'
import { SerialConsole } from '../../../src/vm/serial-console.ts'

type Surroundings = ConstructorParameters<typeof SerialConsole>[0]

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const ignore = () => undefined

/** A console whose guest has more to read than there is room for. */
function makeConsole() {
  const shadow = vi.fn()
  const exits: Record<string, number> = {}
  const mmio = new MmioBus()
  const console = new SerialConsole({
    vm: { setSpi: () => undefined },
    loop: {
      fastRegister: () => ({ shadow, post: ignore, takeQueued: ignore, off: ignore }),
      readQueue: [] as number[],
      statistics: { exits },
    },
    mmio,
    output: { put: () => undefined },
  } as unknown as Surroundings)
  const source = new PassThrough()
  source.write('x'.repeat(100))
  console.attachInput(source)
  return {
    console,
    exits,
    writeIer: (value: bigint) => mmio.write(UART_BASE + 1n, 1, value),
    hasByte: () => shadow.mock.lastCall?.[0] === 0x61,
  }
}

test('input waits until the guest has asked for its interrupt for a while', () => {
  const { writeIer, hasByte } = makeConsole()
  writeIer(0x0fn)
  writeIer(0x00n)
  vi.advanceTimersByTime(1000)
  expect(hasByte()).toBe(false)

  writeIer(0x01n)
  expect(hasByte()).toBe(false)
  vi.advanceTimersByTime(100)
  expect(hasByte()).toBe(true)
})

test('or until it polls', () => {
  const { exits, hasByte } = makeConsole()
  exits['mmio-shadow-read'] = 10_000
  exits['mmio-posted-write'] = 10_000
  vi.advanceTimersByTime(100)
  expect(hasByte()).toBe(false)
  exits['mmio-shadow-read'] = 20_000
  vi.advanceTimersByTime(100)
  expect(hasByte()).toBe(true)
})

test('a guest that ended as soon as it listened gets nothing', () => {
  const { console, writeIer, hasByte } = makeConsole()
  writeIer(0x01n)
  console[Symbol.dispose]()
  vi.advanceTimersByTime(1000)
  expect(hasByte()).toBe(false)
})
