/*
 * QEMU's pvpanic as MMIO: how the kernel of a guest says that it panicked. QEMU,
 * docs/specs/pvpanic.rst; Linux, drivers/misc/pvpanic.
 *
 *   offset  register
 *   0       read: the events that are understood; write: those that happened
 */
import type { MmioDevice } from './mmio-bus.ts'

const PANICKED = 1n
/** It panicked, and a crash kernel is loaded, which takes over now and ends the guest by itself. */
const CRASH_LOADED = 2n

interface PvpanicEvents {
  readonly onPanic: () => void
  readonly onCrashKernel: () => void
}

/** Accesses of any width are taken; bits that are no events go nowhere. */
export class Pvpanic implements MmioDevice {
  readonly #events: PvpanicEvents

  constructor(events: PvpanicEvents) {
    this.#events = events
  }

  read(offset: number): bigint {
    return offset === 0 ? PANICKED | CRASH_LOADED : 0n
  }

  write(offset: number, _length: number, value: bigint): void {
    if (offset !== 0) return
    if ((value & PANICKED) !== 0n) this.#events.onPanic()
    else if ((value & CRASH_LOADED) !== 0n) this.#events.onCrashKernel()
  }
}
