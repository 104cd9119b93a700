import type { NativeMemory } from './memory.ts'
import { QUEUE, SHARED } from './shim-abi.ts'

/** Offsets in what is shared with the threads. */
const AT = {
  head: SHARED.queue + QUEUE.head,
  tail: SHARED.queue + QUEUE.tail,
  values: SHARED.queue + QUEUE.values,
} as const

/** Values there is room for. */
export const QUEUE_SIZE = QUEUE.count

/**
 * The values that a fast register gives, one for each read of the guest: threads take all but the
 * last, which is an exit. docs/engine.md has the protocol.
 */
export class ValueQueue {
  readonly #shared: NativeMemory

  constructor(shared: NativeMemory) {
    this.#shared = shared
  }

  /** How many there are, {@link QUEUE_SIZE} at most; threads may take some at any time, but never the last. */
  get length(): number {
    return (this.#head - this.#tail) >>> 0
  }

  /** Puts values in, from 0 to 2^32 - 1; there must be room for them. */
  push(...values: readonly number[]): void {
    let head = this.#head
    for (const value of values)
      this.#shared.atomicStore(AT.values + (head++ % QUEUE.count) * 4, value | 0)
    // Last: what is counted is there.
    this.#shared.atomicStore(AT.head, head | 0)
  }

  /** Takes the next value; undefined if there is none. */
  shift(): number | undefined {
    for (;;) {
      const tail = this.#tail
      if (tail === this.#head) return undefined
      const value = this.#shared.atomicLoad(AT.values + (tail % QUEUE.count) * 4) >>> 0
      const before = this.#shared.atomicCompareExchange(AT.tail, tail | 0, (tail + 1) | 0)
      if (before >>> 0 === tail) return value
    }
  }

  get #head(): number {
    return this.#shared.atomicLoad(AT.head) >>> 0
  }

  get #tail(): number {
    return this.#shared.atomicLoad(AT.tail) >>> 0
  }
}
