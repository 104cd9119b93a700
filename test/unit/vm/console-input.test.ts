import fc from 'fast-check'
import { PassThrough, Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { ConsoleInput } from '../../../src/vm/console-input.ts'

/** A guest that takes as many bytes at a time as it is told to. */
function guestTaking(limit: () => number) {
  const got: number[] = []
  return {
    got,
    take: (bytes: Uint8Array) => {
      const taken = bytes.subarray(0, limit())
      got.push(...taken)
      return taken.length
    },
  }
}

test('a megabyte arrives whole and in order, however little the guest takes at a time', async () => {
  const bytes = Buffer.from(Array.from({ length: 2 ** 20 }, (_, index) => (index * 7) & 0xff))
  const guest = guestTaking(() => 16)
  const source = Readable.from([bytes.subarray(0, 300_000), bytes.subarray(300_000)], {
    objectMode: false,
  })
  using input = new ConsoleInput(source, guest.take)

  while (guest.got.length < bytes.length) {
    await setImmediate()
    for (let times = 0; times < 4096; times++) input.pump()
  }

  expect(Buffer.from(guest.got).equals(bytes)).toBe(true)
})

test('a guest rests as long as it took, but not for ever, and what is typed is not delayed', async () => {
  vi.useFakeTimers()
  const guest = guestTaking(() => 4)
  const source = new PassThrough()
  using input = new ConsoleInput(source, guest.take)
  source.write('x'.repeat(12))
  await vi.advanceTimersByTimeAsync(0)
  expect(guest.got).toHaveLength(4)

  vi.advanceTimersByTime(10)
  input.onRoom()
  input.pump()
  vi.advanceTimersByTime(9)
  expect(guest.got).toHaveLength(4)
  vi.advanceTimersByTime(1)
  expect(guest.got).toHaveLength(8)

  vi.advanceTimersByTime(10_000)
  input.onRoom()
  vi.advanceTimersByTime(50)
  expect(guest.got).toHaveLength(12)

  vi.advanceTimersByTime(10_000)
  input.onRoom()
  source.write('y')
  await vi.advanceTimersByTimeAsync(0)
  expect(guest.got).toHaveLength(13)
  vi.useRealTimers()
})

test('what the guest gives back it gets again, before the rest', async () => {
  const room = [3, 0]
  const guest = guestTaking(() => room.shift() ?? 0)
  const source = Readable.from([Buffer.from('reboot')], { objectMode: false })
  using input = new ConsoleInput(source, guest.take)
  await setImmediate()
  expect(Buffer.from(guest.got).toString()).toBe('reb')

  input.giveBack(guest.got.splice(1))
  room.splice(0, 2, 16)
  input.pump()

  expect(Buffer.from(guest.got).toString()).toBe('reboot')
})

test('nothing is read that the guest has no room for', async () => {
  const source = new PassThrough({ highWaterMark: 16 })
  const guest = guestTaking(() => 0)
  using input = new ConsoleInput(source, guest.take)
  input.pump()

  for (let chunk = 0; chunk < 100 && source.write(Buffer.alloc(16)); chunk++) await setImmediate()

  expect(source.writableNeedDrain).toBe(true)
  expect(guest.got).toEqual([])
})

test('whatever the chunks and the room, the guest gets what was given', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 10 }),
      fc.array(fc.nat(20), { minLength: 1, maxLength: 10 }),
      async (chunks, rooms) => {
        const source = new PassThrough()
        let turn = 0
        const guest = guestTaking(() => rooms[turn++ % rooms.length] ?? 0)
        using input = new ConsoleInput(source, guest.take)
        for (const chunk of chunks) source.write(chunk)
        const total = chunks.reduce((sum, { length }) => sum + length, 0)
        const takesAny = rooms.some(room => room > 0)
        for (let round = 0; takesAny && guest.got.length < total && round < 10_000; round++) {
          await setImmediate()
          input.pump()
        }
        const given = Buffer.concat(chunks).subarray(0, takesAny ? total : 0)
        expect(Buffer.from(guest.got).equals(given)).toBe(true)
      },
    ),
    { numRuns: 100 },
  ))

test('the end of the input is not an error, nor is input that fails', async () => {
  const guest = guestTaking(() => 16)
  using ended = new ConsoleInput(Readable.from([]), guest.take)
  const broken = new PassThrough()
  using failing = new ConsoleInput(broken, guest.take)
  broken.destroy(new Error('EIO'))
  await setImmediate()
  ended.pump()
  failing.pump()
  expect(guest.got).toEqual([])
})

test('what one guest did not take, the next one gets', async () => {
  const source = new PassThrough()
  const first = guestTaking(() => (first.got.length === 0 ? 2 : 0))
  const input = new ConsoleInput(source, first.take)
  source.write('abcde')
  await setImmediate()
  input[Symbol.dispose]()
  source.write('fg')
  const second = guestTaking(() => 16)
  const next = new ConsoleInput(source, second.take)
  await setImmediate()
  next[Symbol.dispose]()

  expect(Buffer.from(first.got).toString()).toBe('ab')
  expect(Buffer.from(second.got).toString()).toBe('cdefg')
  expect(source.listenerCount('error')).toBe(0)
})
