import { BugError } from '../errors/index.ts'

/** A device with registers in memory. The guest is hostile: every access must be harmless. */
export interface MmioDevice {
  /** @returns what the guest sees in `length` (1, 2, 4 or 8) bytes at `offset` */
  read(offset: number, length: number): bigint
  write(offset: number, length: number, value: bigint): void
}

interface Range {
  readonly base: bigint
  readonly end: bigint
  readonly device: MmioDevice
}

/** Which device answers at which guest physical address. */
export class MmioBus {
  readonly #ranges: Range[] = []

  /** @throws {@link BugError} if the range is empty or overlaps one that is taken */
  attach(device: MmioDevice, base: bigint, size: bigint): void {
    const end = base + size
    if (size <= 0n) throw new BugError(`a device at 0x${base.toString(16)} has no size`)
    if (this.#ranges.some(range => base < range.end && range.base < end))
      throw new BugError(`two devices overlap at 0x${base.toString(16)}`)
    this.#ranges.push({ base, end, device })
  }

  /** What the device there answers, or undefined if no device has all of these bytes. */
  read(address: bigint, length: number): bigint | undefined {
    const range = this.#find(address, length)
    return range?.device.read(Number(address - range.base), length)
  }

  /** @returns whether there was a device that has all of these bytes */
  write(address: bigint, length: number, value: bigint): boolean {
    const range = this.#find(address, length)
    range?.device.write(Number(address - range.base), length, value)
    return range !== undefined
  }

  #find(address: bigint, length: number): Range | undefined {
    return this.#ranges.find(({ base, end }) => address >= base && address + BigInt(length) <= end)
  }
}
