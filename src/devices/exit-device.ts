/*
 * The device by which a guest ends with a status of its own. docs/exit-device.md.
 *
 *   offset  register
 *   0       write: ends the guest with this status, 0 to 255; read: 0
 */
import type { MmioDevice } from './mmio-bus.ts'

/** The most a process can end with. */
const MAX_STATUS = 255n

/** Accesses of any width are taken. */
export class ExitDevice implements MmioDevice {
  readonly #end: (status: number) => void

  constructor(end: (status: number) => void) {
    this.#end = end
  }

  read(): bigint {
    return 0n
  }

  /** What is too large must not become a 0 by being cut off. */
  write(offset: number, _length: number, value: bigint): void {
    if (offset === 0) this.#end(Number(value > MAX_STATUS ? MAX_STATUS : value))
  }
}
