/*
 * PrimeCell real time clock PL031 (Arm DDI 0224C), registers of 32 bits:
 *
 *   offset  name      read                          write
 *   0x000   RTCDR     seconds                       –
 *   0x004   RTCMR     second of the alarm           RTCMR
 *   0x008   RTCLR     what was written last         sets RTCDR
 *   0x00c   RTCCR     1: it runs                    –, once it runs
 *   0x010   RTCIMSC   1: the alarm may interrupt    RTCIMSC
 *   0x014   RTCRIS    1: the alarm's second passed  –
 *   0x018   RTCMIS    RTCRIS and RTCIMSC            –
 *   0x01c   RTCICR    –                             1 clears RTCRIS
 *   0xfe0   RTCPeriphID0 to 3, RTCPCellID0 to 3
 */
import type { MmioDevice } from './mmio-bus.ts'

const RTCDR = 0x00
const RTCMR = 0x04
const RTCLR = 0x08
const RTCCR = 0x0c
const RTCIMSC = 0x10
const RTCRIS = 0x14
const RTCMIS = 0x18
const RTCICR = 0x1c

const IDS_OFFSET = 0xfe0
/** A byte per register: part 0x031 of Arm (0x41), revision 0; then what every PrimeCell has. */
const IDS = [0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1] as const

/**
 * A PL031 that runs from the start, with the host's time of day. Its interrupt is wired to nothing: an
 * alarm shows in RTCRIS only. Only whole, aligned words are written; all else is swallowed.
 */
export class RtcPl031 implements MmioDevice {
  readonly #now: () => number
  /** What the guest's clock is ahead of the host's, seconds. */
  #ahead = 0
  #match = 0
  #load = 0
  #mask = 0
  #alarmed = false
  /** When it was last looked whether the alarm's second has passed. */
  #looked: number

  /** @param now the host's time of day, seconds since 1970 */
  constructor(now: () => number) {
    this.#now = now
    this.#looked = this.#seconds
  }

  read(offset: number, length: number): bigint {
    const word = BigInt(this.#readRegister(offset & ~3))
    return BigInt.asUintN(8 * length, word >> BigInt(8 * (offset & 3)))
  }

  write(offset: number, length: number, value: bigint): void {
    if (length === 4) this.#writeRegister(offset, Number(BigInt.asUintN(32, value)))
  }

  get #seconds(): number {
    return (Math.floor(this.#now()) + this.#ahead) >>> 0
  }

  #readRegister(offset: number): number {
    switch (offset) {
      case RTCDR:
        return this.#seconds
      case RTCMR:
        return this.#match
      case RTCLR:
        return this.#load
      case RTCCR:
        return 1
      case RTCIMSC:
        return this.#mask
      case RTCRIS:
        return this.#lookForAlarm()
      case RTCMIS:
        return this.#lookForAlarm() & this.#mask
      default:
        return IDS[(offset - IDS_OFFSET) / 4] ?? 0
    }
  }

  #writeRegister(offset: number, word: number): void {
    this.#lookForAlarm()
    switch (offset) {
      case RTCMR:
        this.#match = word
        this.#alarmed ||= word === this.#seconds
        break
      case RTCLR:
        this.#load = word
        this.#ahead = word - Math.floor(this.#now())
        this.#looked = word
        this.#alarmed ||= word === this.#match
        break
      case RTCIMSC:
        this.#mask = word & 1
        break
      case RTCICR:
        if ((word & 1) !== 0) this.#alarmed = false
        break
    }
  }

  /** The counter wraps around, and the alarm's second may have passed while nobody looked. */
  #lookForAlarm(): 0 | 1 {
    const now = this.#seconds
    const passed = (now - this.#looked) >>> 0
    const untilMatch = (this.#match - this.#looked) >>> 0
    if (untilMatch > 0 && untilMatch <= passed) this.#alarmed = true
    this.#looked = now
    return this.#alarmed ? 1 : 0
  }
}
