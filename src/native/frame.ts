import { FRAME_WORDS } from './shim-abi.ts'

/** The words that an operation of the shim is called with: `uint64_t[FRAME_WORDS]`, little-endian. */
export class Frame {
  // SAFETY: of more than 64 bytes, so that V8 gives it memory of its own and never moves it.
  readonly bytes = Buffer.alloc(128)
  readonly #halves = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, 2 * FRAME_WORDS)
  readonly #words = new BigUint64Array(this.bytes.buffer, this.bytes.byteOffset, FRAME_WORDS)

  /** Arguments are integers or addresses; of those that are left out the words are 0. */
  fill(op: number, args: readonly (number | bigint)[]): void {
    this.#write(0, op)
    for (let i = 1; i < FRAME_WORDS; i++) this.#write(i, args[i - 1] ?? 0)
  }

  /** Writing two halves is several times cheaper than making a bigint of a small number first. */
  #write(index: number, value: number | bigint): void {
    if (typeof value === 'bigint') this.#words[index] = value
    else {
      this.#halves[2 * index] = value
      this.#halves[2 * index + 1] = Math.floor(value / 2 ** 32)
    }
  }
}
