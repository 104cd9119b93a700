import type { Writable } from 'node:stream'
import { PanicWatch } from './panic-watch.ts'

/**
 * The guest's output on its way out: bytes are collected and written once per turn of the event
 * loop. When the reader is slow, {@link full} says so, and the run loop leaves the guest waiting:
 * nothing is lost and nothing piles up.
 */
export class ConsoleOutput {
  readonly #out: Writable
  #bytes: number[] = []
  #full = false
  readonly #panics = new PanicWatch()

  constructor(out: Writable) {
    this.#out = out
  }

  get full(): boolean {
    return this.#full
  }

  /** What the guest's kernel said when it panicked, if it was Linux and did. */
  get panicMessage(): string | undefined {
    return this.#panics.message
  }

  put(byte: number): void {
    this.#bytes.push(byte)
  }

  /** Writes what was put. `onDrain` is called when a reader that was too slow has caught up. */
  flush(onDrain: () => void): void {
    if (this.#bytes.length === 0) return
    const chunk = Buffer.from(this.#bytes)
    this.#bytes = []
    this.#panics.see(chunk)
    if (this.#out.destroyed || this.#out.write(chunk)) return
    this.#full = true
    this.#out.once('drain', () => {
      this.#full = false
      onDrain()
    })
  }
}
