/*
 * The frame of a GICv2m, which makes interrupts of messages. Arm DEN 0029A (SBSA v3.0), appendix E:
 *
 *   offset  register
 *   0x008   MSI_TYPER   read: first INTID in bits 25 to 16, how many in bits 9 to 0
 *   0x040   MSI_SETSPI  write: the INTID in bits 9 to 0
 *   0xfcc   MSI_IIDR    read: 0, as lkvm's
 */
import type { MmioDevice } from './mmio-bus.ts'

const MSI_TYPER = 0x008
const MSI_SETSPI = 0x040

const INTID_MASK = 0x3ffn

/** The SPIs it has, as INTIDs. */
export interface MsiSpis {
  readonly first: number
  readonly count: number
}

/** A GICv2m frame. Accesses of any width are taken; INTIDs that it does not have go nowhere. */
export class MsiFrame implements MmioDevice {
  readonly #spis: MsiSpis
  readonly #signal: (intid: number) => void

  /** `signal` is given the INTID of an edge-triggered interrupt that is to become pending. */
  constructor(spis: MsiSpis, signal: (intid: number) => void) {
    this.#spis = spis
    this.#signal = signal
  }

  read(offset: number): bigint {
    if (offset !== MSI_TYPER) return 0n
    return (BigInt(this.#spis.first) << 16n) | BigInt(this.#spis.count)
  }

  write(offset: number, _length: number, value: bigint): void {
    if (offset !== MSI_SETSPI) return
    const intid = Number(value & INTID_MASK)
    const { first, count } = this.#spis
    if (intid >= first && intid < first + count) this.#signal(intid)
  }
}
