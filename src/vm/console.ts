import type { Writable } from 'node:stream'

/**
 * The guest's output on its way out: bytes are collected and written once per turn of the event
 * loop. When the reader is slow, {@link full} says so, and the run loop leaves the guest waiting:
 * nothing is lost and nothing piles up.
 */
export class ConsoleOutput {
  readonly #out: Writable
  #bytes: number[] = []
  #full = false

  constructor(out: Writable) {
    this.#out = out
  }

  get full(): boolean {
    return this.#full
  }

  put(byte: number): void {
    this.#bytes.push(byte)
  }

  /** Writes what was put. `onDrain` is called when a reader that was too slow has caught up. */
  flush(onDrain: () => void): void {
    if (this.#bytes.length === 0) return
    const chunk = Buffer.from(this.#bytes)
    this.#bytes = []
    if (this.#out.destroyed || this.#out.write(chunk)) return
    this.#full = true
    this.#out.once('drain', () => {
      this.#full = false
      onDrain()
    })
  }
}
