import type { Readable } from 'node:stream'

/** The longest a guest rests, in ms: it may have been busy with other things than its input. */
const LONGEST_REST_MS = 50

/**
 * What is typed or piped, on its way to the guest. No more is read than the guest takes, so that
 * nothing is lost, however fast it comes, and nothing piles up. A guest that has taken what it was given
 * rests as long as that took, before it is given more: its interrupt handler must leave time to those who
 * read. The end of the input is not the end of the guest.
 */
export class ConsoleInput implements Disposable {
  readonly #source: Readable
  readonly #take: (bytes: Uint8Array) => number
  #rest: Buffer = Buffer.alloc(0)
  /** When the guest was last given something, in ms. */
  #givenAt = -Infinity
  #resting: NodeJS.Timeout | undefined

  /** @param take gives bytes to the guest and returns how many of them it took */
  constructor(source: Readable, take: (bytes: Uint8Array) => number) {
    this.#source = source
    this.#take = take
    source.on('readable', this.pump)
    // Input that cannot be read has ended.
    source.on('error', this[Symbol.dispose])
  }

  /** To be called when the guest has room again. */
  readonly onRoom = (): void => {
    if (this.#rest.length === 0) this.pump()
    else
      this.#resting ??= setTimeout(
        () => {
          this.#resting = undefined
          this.pump()
        },
        Math.min(performance.now() - this.#givenAt, LONGEST_REST_MS),
      )
  }

  /** Gives the guest what there is, unless it rests. */
  readonly pump = (): void => {
    while (this.#resting === undefined) {
      if (this.#rest.length === 0) {
        const chunk = this.#source.read() as Buffer | null
        if (chunk === null) return
        this.#rest = chunk
      }
      const taken = this.#take(this.#rest)
      this.#rest = this.#rest.subarray(taken)
      if (taken > 0) this.#givenAt = performance.now()
      if (this.#rest.length > 0) return
    }
  }

  /** Puts back in front what the guest took and did not read; it gets it again when it has room. */
  giveBack(bytes: readonly number[]): void {
    this.#rest = Buffer.concat([Uint8Array.from(bytes), this.#rest])
  }

  /** Reads no more. What the guest did not take is the source's again, for the next guest. */
  readonly [Symbol.dispose] = (): void => {
    clearTimeout(this.#resting)
    this.#source.off('readable', this.pump)
    this.#source.off('error', this[Symbol.dispose])
    if (this.#rest.length > 0 && !this.#source.destroyed) this.#source.unshift(this.#rest)
    this.#rest = Buffer.alloc(0)
  }
}
