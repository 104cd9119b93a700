/*
 * 16550A UART (National Semiconductor PC16550D, 1995), eight registers of one byte:
 *
 *   offset  read                        write
 *   0       RBR received byte           THR byte to transmit      DLL if LCR.DLAB
 *   1       IER interrupts enabled      IER                       DLM if LCR.DLAB
 *   2       IIR interrupt pending       FCR FIFO control
 *   3       LCR line control            LCR
 *   4       MCR modem control           MCR
 *   5       LSR line status             –
 *   6       MSR modem status            –
 *   7       SCR scratch                 SCR
 */
import type { MmioDevice } from './mmio-bus.ts'

const IER_RECEIVED = 0x01
const IER_TRANSMITTED = 0x02
const IER_MASK = 0x0f

const IIR_NONE = 0x01
const IIR_TRANSMITTED = 0x02
const IIR_RECEIVED = 0x04
/** Fewer bytes than the trigger level wait, and no more come for a while: with us at once. */
const IIR_TIMEOUT = 0x0c
const IIR_FIFO_ENABLED = 0xc0

const FCR_ENABLE = 0x01
const FCR_CLEAR_RECEIVER = 0x02
/** Received bytes that raise the interrupt, by the upper two bits of FCR. */
const TRIGGER_LEVELS = [1, 4, 8, 14] as const

const LCR_DLAB = 0x80

const MCR_RTS = 0x02
const MCR_LOOPBACK = 0x10
const MCR_MASK = 0x1f

const LSR_DATA_READY = 0x01
/** THRE and TEMT: what is transmitted is gone at once. */
const LSR_TRANSMITTER_EMPTY = 0x60

/** CTS, DSR and DCD: somebody listens. */
const MSR_CONNECTED = 0xb0

const FIFO_SIZE = 16

/** What is received waits in more than a FIFO: drivers read on while LSR says that there is something. */
export const RECEIVER_SIZE = 256

/** What a UART is connected to. */
export interface UartLines {
  /**
   * Where received bytes wait, {@link RECEIVER_SIZE} of them. Others may take bytes out, as reads of RBR
   * do, while {@link UartLines.onStatus} allows it; but never the last.
   */
  readonly received: {
    readonly length: number
    push: (...bytes: readonly number[]) => void
    shift: () => number | undefined
  }
  /** Is given each byte the guest sends, in order. */
  readonly transmit: (byte: number) => void
  /** Is told the level of the interrupt line whenever it changes; it starts low. */
  readonly interrupt: (level: boolean) => void
  /**
   * Is told, when it changes, what reading LSR gives, and whether THR and RBR are just that: a write to
   * THR can wait, since the guest sees nothing of it at once, and reads of RBR take received bytes.
   */
  readonly onStatus: (lsr: number, isPlain: boolean) => void
  /** Is told that the guest asks for the interrupt of received bytes: {@link Uart16550.heed} if it means it. */
  readonly onListen: () => void
  /**
   * Is given back what was received and the guest threw away unread, as drivers do while they set the
   * UART up: whoever sent it has waited so far, and can wait on.
   */
  readonly giveBack: (bytes: readonly number[]) => void
  /** Is told that the guest has taken bytes, so that there is room for more. */
  readonly onRoom: () => void
}

/**
 * A 16550A. Only the lowest byte of a wider access counts, and offsets beyond the eight registers
 * read as 0 and swallow writes. The guest may do with it what it likes: no state of ours grows.
 */
export class Uart16550 implements MmioDevice {
  readonly #lines: UartLines
  readonly #received: UartLines['received']
  /** The guest's own bytes are among them, looped back. */
  #isLooped = false
  /** The guest has taken RTS back: it wants no more for now. One that never raised it does not use it. */
  #isHeld = false
  #trigger: number = TRIGGER_LEVELS[0]
  #level = false
  /** The guest listens: bytes may come. */
  #isHeeded = false
  #toldLsr: number | undefined
  #toldIsPlain: boolean | undefined
  #ier = 0
  #lcr = 0
  #mcr = 0
  #scr = 0
  #divisor = 0
  #fifoEnabled = false
  /** The transmitter ran empty and the guest has not taken note by reading IIR. */
  #transmitted = false

  constructor(lines: UartLines) {
    this.#lines = lines
    this.#received = lines.received
    this.#updateStatus()
  }

  read(offset: number): bigint {
    return this.#access(() => BigInt(this.#readRegister(offset)))
  }

  write(offset: number, _length: number, value: bigint): void {
    this.#access(() => this.#writeRegister(offset, Number(value & 0xffn)))
  }

  /**
   * Puts bytes into the receiver, as many as it has room for. None before the guest listens: a driver
   * throws away what came before it was ready. None while it is looped back, or holds us off by RTS.
   *
   * @returns how many were taken
   */
  receive(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.#room)
    this.#received.push(...taken)
    this.#update()
    return taken.length
  }

  /** Whether the guest asks for the interrupt of received bytes. */
  get listens(): boolean {
    return (this.#ier & IER_RECEIVED) !== 0
  }

  /**
   * Lets bytes come, until the guest changes its mind about their interrupt. To be called a while
   * after `onListen`, since a driver that looks what UART it has sets all bits of IER for a moment; and
   * for a guest that polls LSR instead.
   */
  heed(): void {
    this.#access(() => {
      this.#isHeeded = true
    })
  }

  /** Puts into the receiver are ours, so that only accesses of the guest make room. */
  #access<T>(perform: () => T): T {
    const before = this.#room
    const result = perform()
    this.#update()
    if (this.#room > before) this.#lines.onRoom()
    return result
  }

  get #room(): number {
    const isOpen = this.#isHeeded && !this.#loopback && !this.#isHeld
    return isOpen ? RECEIVER_SIZE - this.#received.length : 0
  }

  #readRegister(offset: number): number {
    switch (offset) {
      case 0:
        return this.#dlab ? this.#divisor & 0xff : (this.#received.shift() ?? 0)
      case 1:
        return this.#dlab ? this.#divisor >> 8 : this.#ier
      case 2:
        return this.#readIir()
      case 3:
        return this.#lcr
      case 4:
        return this.#mcr
      case 5:
        return this.#lsr
      case 6:
        return this.#msr
      case 7:
        return this.#scr
      default:
        return 0
    }
  }

  #writeRegister(offset: number, byte: number): void {
    switch (offset) {
      case 0:
        if (this.#dlab) this.#divisor = (this.#divisor & 0xff00) | byte
        else this.#send(byte)
        break
      case 1:
        if (this.#dlab) this.#divisor = (byte << 8) | (this.#divisor & 0xff)
        else this.#writeIer(byte & IER_MASK)
        break
      case 2:
        this.#writeFcr(byte)
        break
      case 3:
        this.#lcr = byte
        break
      case 4:
        this.#isHeld = (byte & MCR_RTS) === 0 && (this.#isHeld || (this.#mcr & MCR_RTS) !== 0)
        this.#mcr = byte & MCR_MASK
        break
      case 7:
        this.#scr = byte
        break
    }
  }

  get #lsr(): number {
    return LSR_TRANSMITTER_EMPTY | (this.#received.length > 0 ? LSR_DATA_READY : 0)
  }

  get #dlab(): boolean {
    return (this.#lcr & LCR_DLAB) !== 0
  }

  get #loopback(): boolean {
    return (this.#mcr & MCR_LOOPBACK) !== 0
  }

  #send(byte: number): void {
    this.#transmitted = true
    if (!this.#loopback) this.#lines.transmit(byte)
    else if (this.#received.length < FIFO_SIZE) {
      this.#received.push(byte)
      this.#isLooped = true
    }
  }

  #update(): void {
    this.#updateStatus()
    const level = this.#pendingInterrupt !== IIR_NONE
    if (level === this.#level) return
    this.#level = level
    this.#lines.interrupt(level)
  }

  #updateStatus(): void {
    const lsr = this.#lsr
    const isPlain = !this.#dlab && !this.#loopback
    if (lsr === this.#toldLsr && isPlain === this.#toldIsPlain) return
    this.#toldLsr = lsr
    this.#toldIsPlain = isPlain
    this.#lines.onStatus(lsr, isPlain)
  }

  /** Enabling the transmit interrupt raises it if the transmitter is empty, and ours always is. */
  #writeIer(ier: number): void {
    if ((ier & ~this.#ier & IER_TRANSMITTED) !== 0) this.#transmitted = true
    const asks = (ier & IER_RECEIVED) !== 0
    const changes = ((ier ^ this.#ier) & IER_RECEIVED) !== 0
    this.#ier = ier
    if (!changes) return
    this.#isHeeded = false
    if (asks) this.#lines.onListen()
  }

  #writeFcr(fcr: number): void {
    const enabled = (fcr & FCR_ENABLE) !== 0
    if (enabled !== this.#fifoEnabled || (fcr & FCR_CLEAR_RECEIVER) !== 0) this.#clearReceiver()
    this.#fifoEnabled = enabled
    if (enabled) this.#trigger = TRIGGER_LEVELS[fcr >> 6] ?? TRIGGER_LEVELS[0]
  }

  #clearReceiver(): void {
    const unread: number[] = []
    for (let byte = this.#received.shift(); byte !== undefined; byte = this.#received.shift())
      unread.push(byte)
    if (unread.length > 0 && !this.#isLooped) this.#lines.giveBack(unread)
    this.#isLooped = false
  }

  #readIir(): number {
    const pending = this.#pendingInterrupt
    if (pending === IIR_TRANSMITTED) this.#transmitted = false
    return pending | (this.#fifoEnabled ? IIR_FIFO_ENABLED : 0)
  }

  /** The enabled interrupt with the highest priority, as IIR identifies it. */
  get #pendingInterrupt(): number {
    const waiting = this.#received.length
    if ((this.#ier & IER_RECEIVED) !== 0 && waiting > 0)
      return !this.#fifoEnabled || waiting >= this.#trigger ? IIR_RECEIVED : IIR_TIMEOUT
    if ((this.#ier & IER_TRANSMITTED) !== 0 && this.#transmitted) return IIR_TRANSMITTED
    return IIR_NONE
  }

  /** In loopback the modem outputs DTR, RTS, OUT1, OUT2 come back as DSR, CTS, RI, DCD. */
  get #msr(): number {
    if (!this.#loopback) return MSR_CONNECTED
    const [dtr, rts, outputs] = [this.#mcr & 1, (this.#mcr >> 1) & 1, (this.#mcr >> 2) & 3]
    return (outputs << 6) | (dtr << 5) | (rts << 4)
  }
}
