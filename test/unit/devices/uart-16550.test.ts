import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Uart16550 } from '../../../src/devices/index.ts'
import { RECEIVER_SIZE } from '../../../src/devices/uart-16550.ts'

const [DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 3, 4, 5, 6, 7]
const DLAB = 0x80
const LOOPBACK = 0x10

function makeUart() {
  const sent: number[] = []
  const levels: boolean[] = []
  const status: [number, boolean][] = []
  const givenBack: number[] = []
  let room = 0
  let listen = 0
  const uart = new Uart16550({
    received: [] as number[],
    transmit: byte => sent.push(byte),
    interrupt: level => levels.push(level),
    onStatus: (lsr, isPlain) => status.push([lsr, isPlain]),
    onListen: () => listen++,
    giveBack: bytes => givenBack.push(...bytes),
    onRoom: () => room++,
  })
  return {
    sent,
    /** Of the interrupt line, each time it changed. */
    levels,
    /** What LSR gives and whether THR and RBR are plain, each time one of them changed. */
    status,
    /** What the guest threw away unread. */
    givenBack,
    /** How often there was room for more. */
    rooms: () => room,
    /** How often the guest began to ask for the interrupt. */
    listens: () => listen,
    uart,
    read: (register: number) => Number(uart.read(register)),
    write: (register: number, byte: number) => uart.write(register, 1, BigInt(byte)),
  }
}

describe('what the guest throws away unread', () => {
  test.each([0x00, 0x03])('is given back, in order, when FCR becomes %i', fcr => {
    const { uart, write, read, givenBack } = makeUart()
    write(IIR_FCR, 0x01)
    write(IER, 0x01)
    uart.heed()
    uart.receive(Buffer.from('reboot'))

    expect(read(DATA)).toBe(0x72)
    write(IIR_FCR, fcr)

    expect(Buffer.from(givenBack).toString()).toBe('eboot')
    expect(read(LSR) & 0x01).toBe(0)
  })

  test('is gone if it was its own, looped back', () => {
    const { write, givenBack } = makeUart()
    write(IIR_FCR, 0x01)
    write(MCR, LOOPBACK)
    write(DATA, 0x41)
    write(IIR_FCR, 0x03)

    expect(givenBack).toEqual([])
  })
})

describe('transmitting', () => {
  test('hands over every byte in order', () => {
    const { sent, write } = makeUart()

    for (const byte of Buffer.from('hi\n\0\xff', 'latin1')) write(DATA, byte)

    expect(sent).toEqual([0x68, 0x69, 0x0a, 0, 0xff])
  })

  test('the transmitter is always empty', () => {
    const { read, write } = makeUart()

    write(DATA, 0x41)

    expect(read(LSR)).toBe(0x60)
  })

  test('of a wider write the lowest byte is sent', () => {
    const { sent, uart } = makeUart()

    uart.write(DATA, 8, 0xffff_ffff_ffff_ff41n)

    expect(sent).toEqual([0x41])
  })
})

describe('registers', () => {
  test.each([
    ['IER', IER, 0x00],
    ['IIR', IIR_FCR, 0x01],
    ['LCR', LCR, 0x00],
    ['MCR', MCR, 0x00],
    ['LSR', LSR, 0x60],
    ['MSR', MSR, 0xb0],
    ['SCR', SCR, 0x00],
    ['RBR', DATA, 0x00],
  ])('%s starts with its reset value', (_, register, value) => {
    expect(makeUart().read(register)).toBe(value)
  })

  test.each([
    ['IER keeps four bits', IER, 0x0f],
    ['LCR keeps all bits', LCR, 0xff],
    ['MCR keeps five bits', MCR, 0x1f],
    ['LSR cannot be written', LSR, 0x60],
    ['MSR cannot be written', MSR, 0xb0],
    ['SCR keeps all bits', SCR, 0xff],
  ])('%s', (_, register, value) => {
    const { read, write } = makeUart()

    write(register, 0xff)

    expect(read(register)).toBe(value)
  })

  test('DLAB puts the divisor in place of data and IER, and gives them back', () => {
    const { sent, read, write } = makeUart()
    write(IER, 0x05)

    write(LCR, DLAB)
    write(DATA, 0x34)
    write(IER, 0x12)

    expect([read(DATA), read(IER)]).toEqual([0x34, 0x12])
    write(LCR, 0x03)
    expect([read(DATA), read(IER)]).toEqual([0, 0x05])
    expect(sent).toEqual([])
  })

  test('IIR shows whether the FIFO is enabled', () => {
    const { read, write } = makeUart()

    write(IIR_FCR, 0x01)
    expect(read(IIR_FCR)).toBe(0xc1)

    write(IIR_FCR, 0x00)
    expect(read(IIR_FCR)).toBe(0x01)
  })
})

describe('the transmit interrupt', () => {
  test('is pending as soon as it is enabled, until IIR is read', () => {
    const { read, write } = makeUart()

    write(IER, 0x02)

    expect(read(IIR_FCR)).toBe(0x02)
    expect(read(IIR_FCR)).toBe(0x01)
  })

  test('is pending again after a byte was sent', () => {
    const { read, write } = makeUart()
    write(IER, 0x02)
    read(IIR_FCR)

    write(DATA, 0x41)

    expect(read(IIR_FCR)).toBe(0x02)
  })

  test('is not pending while it is disabled', () => {
    const { read, write } = makeUart()

    write(DATA, 0x41)

    expect(read(IIR_FCR)).toBe(0x01)
  })

  test('passes the test by which Linux looks for UARTs that lose it', () => {
    const { read, write } = makeUart()

    write(IER, 0x02)
    write(IER, 0x00)
    write(IER, 0x02)

    expect(read(IIR_FCR) & 0x01).toBe(0)
  })
})

describe('receiving', () => {
  const bytes = (count: number) => Uint8Array.from({ length: count }, (_, index) => index + 1)

  test('nothing arrives before the guest listens and is heeded', () => {
    const { uart, rooms, listens, write } = makeUart()
    expect(uart.receive(bytes(3))).toBe(0)

    write(IER, 0x05)
    expect([listens(), uart.listens, uart.receive(bytes(3))]).toEqual([1, true, 0])
    uart.heed()
    expect(rooms()).toBe(1)
    expect(uart.receive(bytes(3))).toBe(3)
    write(IER, 0x07)
    expect([listens(), uart.receive(bytes(3))]).toEqual([1, 3])
  })

  test('and no longer when it listens no more', () => {
    const { uart, listens, write } = makeUart()
    uart.heed()
    write(IER, 0x01)
    expect([listens(), uart.receive(bytes(1))]).toEqual([1, 0])
    uart.heed()
    write(IER, 0x00)
    expect([listens(), uart.listens, uart.receive(bytes(1))]).toEqual([1, false, 0])
  })

  test('the guest polls bytes in order, as many as there is room for', () => {
    const { uart, read } = makeUart()
    uart.heed()

    expect(uart.receive(bytes(RECEIVER_SIZE + 4))).toBe(RECEIVER_SIZE)
    expect(read(LSR)).toBe(0x61)
    const taken = Array.from({ length: RECEIVER_SIZE }, () => read(DATA))
    expect(taken).toEqual([...bytes(RECEIVER_SIZE)])
    expect(read(LSR)).toBe(0x60)
  })

  test('the line is up while there is something to read, and not before the guest wants it', () => {
    const { uart, levels, read, write } = makeUart()
    uart.heed()
    uart.receive(bytes(2))
    expect(levels).toEqual([])

    write(IER, 0x01)
    uart.heed()
    expect(levels).toEqual([true])
    read(DATA)
    expect(levels).toEqual([true])
    read(DATA)
    expect(levels).toEqual([true, false])
    uart.receive(bytes(1))
    expect(levels).toEqual([true, false, true])
  })

  test.each([
    ['1', 0x01, 1],
    ['4', 0x41, 4],
    ['8', 0x81, 8],
    ['14', 0xc1, 14],
  ])('below a trigger level of %s IIR says timeout, from there on data', (_, fcr, level) => {
    const { uart, read, write } = makeUart()
    write(IIR_FCR, fcr)
    write(IER, 0x01)
    uart.heed()

    for (let count = 1; count <= 16; count++) {
      uart.receive(bytes(1))
      expect(read(IIR_FCR)).toBe(0xc0 | (count < level ? 0x0c : 0x04))
    }
  })

  test('taking bytes makes room, and so does emptying the FIFO', () => {
    const { uart, rooms, read, write } = makeUart()
    uart.heed()
    uart.receive(bytes(RECEIVER_SIZE))
    expect(uart.receive(bytes(1))).toBe(0)
    read(SCR)
    expect(rooms()).toBe(1)

    read(DATA)
    expect(rooms()).toBe(2)
    expect(uart.receive(bytes(2))).toBe(1)
    write(IIR_FCR, 0x03)
    expect(rooms()).toBe(3)
    expect(uart.receive(bytes(RECEIVER_SIZE))).toBe(RECEIVER_SIZE)
  })

  test('nothing comes while the guest has taken RTS back', () => {
    const { uart, rooms, write } = makeUart()
    uart.heed()
    // It never raised it: it does not use it.
    write(MCR, 0x00)
    expect(uart.receive(bytes(1))).toBe(1)
    write(MCR, 0x02)
    write(MCR, 0x01)
    write(MCR, 0x00)
    expect(uart.receive(bytes(1))).toBe(0)
    const before = rooms()
    write(MCR, 0x02)
    expect(rooms()).toBe(before + 1)
    expect(uart.receive(bytes(1))).toBe(1)
  })

  test('in loopback nothing arrives from outside, and what waits does afterwards', () => {
    const { uart, rooms, write } = makeUart()
    uart.heed()
    write(MCR, LOOPBACK)
    expect(uart.receive(bytes(1))).toBe(0)

    write(MCR, 0)
    expect(rooms()).toBe(2)
    expect(uart.receive(bytes(1))).toBe(1)
  })

  test('the line follows the transmitter, too', () => {
    const { levels, read, write } = makeUart()
    write(IER, 0x02)
    read(IIR_FCR)
    write(DATA, 0x41)
    write(IER, 0x00)
    expect(levels).toEqual([true, false, true, false])
  })
})

describe('what may be answered without asking', () => {
  test('is told at first, and when it changes', () => {
    const { uart, status, read, write } = makeUart()
    uart.heed()
    expect(status).toEqual([[0x60, true]])

    write(DATA, 0x41)
    write(SCR, 1)
    expect(status).toHaveLength(1)
    uart.receive(Uint8Array.of(1))
    expect(status.at(-1)).toEqual([0x61, true])
    read(DATA)
    expect(status.at(-1)).toEqual([0x60, true])
  })

  test.each([
    ['DLAB', LCR, DLAB],
    ['loopback', MCR, LOOPBACK],
  ])('is not THR under %s', (_, register, bit) => {
    const { status, write } = makeUart()
    write(register, bit)
    expect(status.at(-1)).toEqual([0x60, false])
    write(register, 0)
    expect(status.at(-1)).toEqual([0x60, true])
  })
})

describe('loopback', () => {
  test('what is sent is received, and does not leave', () => {
    const { sent, read, write } = makeUart()
    write(MCR, LOOPBACK)

    write(DATA, 0x41)
    write(DATA, 0x42)

    expect(read(LSR)).toBe(0x61)
    expect([read(DATA), read(DATA), read(DATA)]).toEqual([0x41, 0x42, 0])
    expect(read(LSR)).toBe(0x60)
    expect(sent).toEqual([])
  })

  test('received data comes before the transmit interrupt', () => {
    const { read, write } = makeUart()
    write(MCR, LOOPBACK)
    write(IER, 0x03)

    write(DATA, 0x41)

    expect(read(IIR_FCR)).toBe(0x04)
    read(DATA)
    expect(read(IIR_FCR)).toBe(0x02)
  })

  test('a full FIFO takes no more', () => {
    const { read, write } = makeUart()
    write(MCR, LOOPBACK)

    for (let byte = 1; byte <= 20; byte++) write(DATA, byte)

    const received = Array.from({ length: 17 }, () => read(DATA))
    expect(received).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0])
  })

  test.each([
    ['cleared', 0x03],
    ['disabled', 0x00],
  ])('the FIFO is emptied when it is %s', (_, fcr) => {
    const { read, write } = makeUart()
    write(IIR_FCR, 0x01)
    write(MCR, LOOPBACK)
    write(DATA, 0x41)

    write(IIR_FCR, fcr)

    expect(read(LSR)).toBe(0x60)
  })

  test('the modem outputs come back, as the probe of Linux wants them', () => {
    const { read, write } = makeUart()

    write(MCR, LOOPBACK | 0x0a)

    expect(read(MSR)).toBe(0x90)
  })

  test.each([
    [0x01, 0x20],
    [0x02, 0x10],
    [0x04, 0x40],
    [0x08, 0x80],
  ])('MCR bit 0x%s drives its own MSR bit', (output, input) => {
    const { read, write } = makeUart()

    write(MCR, LOOPBACK | output)

    expect(read(MSR)).toBe(input)
  })
})

test('whatever the guest does, reads fit a byte and sending is all that leaves', () => {
  const access = fc.record({
    offset: fc.oneof(fc.nat(8), fc.nat(0xfff)),
    length: fc.constantFrom(1, 2, 4, 8),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    write: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(access, { maxLength: 100 }), accesses => {
      const { sent, levels, uart } = makeUart()

      for (const { offset, length, value, write } of accesses) {
        if (write) uart.write(offset, length, value)
        else expect(uart.read(offset)).toBeLessThanOrEqual(0xffn)
        expect(uart.receive(Uint8Array.of(1, 2, 3))).toBeLessThanOrEqual(3)
      }
      expect(levels.every((level, index) => level === (index % 2 === 0))).toBe(true)

      expect(sent.every(byte => byte >= 0 && byte <= 0xff)).toBe(true)
    }),
  )
})
