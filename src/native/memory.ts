import { BugError } from '../errors/index.ts'

/**
 * Bytes per window. Large memory is wrapped piecewise, on first touch: V8 takes what it is shown for
 * its own and collects garbage from 32 MiB of it on, Node 20 dies on a view of more than 4 GiB.
 */
const WINDOW_SIZE = 2 ** 22

/** Gives the bytes of one window; called at most once per window, never after `release`. */
export type WindowSource = (offset: number, length: number) => Buffer

/**
 * Memory outside the JavaScript heap: bounds-checked, little-endian, 64-bit values as bigint.
 *
 * The owner releases it (`using`, or {@link release}); from then on every access throws a
 * {@link BugError} instead of touching memory that is gone. The raw bytes never leave this class:
 * an ArrayBuffer over foreign memory claims a gigabyte and outlives its mapping.
 */
export class NativeMemory implements Disposable {
  /** Address in this process. */
  readonly address: bigint
  readonly byteLength: number
  readonly #source: WindowSource
  readonly #release: () => void
  #windows: (Buffer | undefined)[] | undefined = []
  readonly #atomics: (Int32Array | undefined)[] = []

  constructor(address: bigint, byteLength: number, source: WindowSource, release: () => void) {
    this.address = address
    this.byteLength = byteLength
    this.#source = source
    this.#release = release
  }

  /** Memory on the JavaScript heap with the same interface: for tests and for models of the kernel. */
  static onHeap(byteLength: number, address = 0n): NativeMemory {
    const bytes = Buffer.alloc(byteLength)
    return new NativeMemory(
      address,
      byteLength,
      (offset, length) => bytes.subarray(offset, offset + length),
      () => undefined,
    )
  }

  get released(): boolean {
    return this.#windows === undefined
  }

  /** Gives the memory back. Calling it again does nothing. */
  release(): void {
    if (this.#windows === undefined) return
    this.#windows = undefined
    this.#release()
  }

  [Symbol.dispose](): void {
    this.release()
  }

  readU8(offset: number): number {
    return this.#at(offset, 1).readUInt8(offset % WINDOW_SIZE)
  }

  readU16(offset: number): number {
    return this.#at(offset, 2).readUInt16LE(offset % WINDOW_SIZE)
  }

  readU32(offset: number): number {
    return this.#at(offset, 4).readUInt32LE(offset % WINDOW_SIZE)
  }

  readI32(offset: number): number {
    return this.#at(offset, 4).readInt32LE(offset % WINDOW_SIZE)
  }

  readU64(offset: number): bigint {
    return this.#at(offset, 8).readBigUInt64LE(offset % WINDOW_SIZE)
  }

  writeU8(offset: number, value: number): void {
    this.#at(offset, 1).writeUInt8(value, offset % WINDOW_SIZE)
  }

  writeU16(offset: number, value: number): void {
    this.#at(offset, 2).writeUInt16LE(value, offset % WINDOW_SIZE)
  }

  writeU32(offset: number, value: number): void {
    this.#at(offset, 4).writeUInt32LE(value, offset % WINDOW_SIZE)
  }

  writeI32(offset: number, value: number): void {
    this.#at(offset, 4).writeInt32LE(value, offset % WINDOW_SIZE)
  }

  writeU64(offset: number, value: bigint): void {
    this.#at(offset, 8).writeBigUInt64LE(value, offset % WINDOW_SIZE)
  }

  /** A copy of `length` bytes; later changes of the memory do not show in it. */
  readBytes(offset: number, length: number): Buffer {
    const copy = Buffer.alloc(length)
    this.#eachWindow(offset, length, (window, at, done) => window.copy(copy, done, at))
    return copy
  }

  writeBytes(offset: number, bytes: Uint8Array): void {
    this.#eachWindow(offset, bytes.byteLength, (window, at, done) =>
      window.set(bytes.subarray(done, done + WINDOW_SIZE - at), at),
    )
  }

  fill(value: number, offset = 0, length = this.byteLength - offset): void {
    this.#eachWindow(offset, length, (window, at, done) =>
      window.fill(value, at, Math.min(WINDOW_SIZE, at + length - done)),
    )
  }

  /**
   * Lets `read` put bytes straight into the memory, window by window (a file read without a copy in
   * between). `read` returns how many bytes it put, 0 at the end.
   *
   * @returns how many bytes were put, `length` at most
   */
  fillFrom(
    offset: number,
    length: number,
    read: (into: Uint8Array, done: number) => number,
  ): number {
    this.#check(offset, length)
    let done = 0
    while (done < length) {
      const at = (offset + done) % WINDOW_SIZE
      const room = Math.min(WINDOW_SIZE - at, length - done)
      const window = this.#window(Math.floor((offset + done) / WINDOW_SIZE))
      const got = read(window.subarray(at, at + room), done)
      if (got === 0) break
      done += got
    }
    return done
  }

  /** Sequentially consistent, for words another thread writes. `offset` is a multiple of 4. */
  atomicLoad(offset: number): number {
    return Atomics.load(this.#words(offset), (offset % WINDOW_SIZE) >> 2)
  }

  /** See {@link atomicLoad}. */
  atomicStore(offset: number, value: number): void {
    Atomics.store(this.#words(offset), (offset % WINDOW_SIZE) >> 2, value)
  }

  /** See {@link atomicLoad}. @returns the word's old value */
  atomicExchange(offset: number, value: number): number {
    return Atomics.exchange(this.#words(offset), (offset % WINDOW_SIZE) >> 2, value)
  }

  /** See {@link atomicLoad}. @returns the word's old value, which was replaced if it was `expected` */
  atomicCompareExchange(offset: number, expected: number, value: number): number {
    const word = (offset % WINDOW_SIZE) >> 2
    return Atomics.compareExchange(this.#words(offset), word, expected, value)
  }

  /** The window of a word, as words. */
  #words(offset: number): Int32Array {
    if (offset % 4 !== 0) throw new BugError(`offset ${offset} is not that of a word`)
    const window = this.#at(offset, 4)
    return (this.#atomics[Math.floor(offset / WINDOW_SIZE)] ??= new Int32Array(
      window.buffer,
      window.byteOffset,
      window.byteLength >> 2,
    ))
  }

  #check(offset: number, length: number): void {
    if (this.#windows === undefined)
      throw new BugError(`memory at 0x${this.address.toString(16)} was used after its release`)
    if (!(offset >= 0 && length >= 0 && offset + length <= this.byteLength))
      throw new BugError(
        `access of ${length} bytes at offset ${offset} is outside of ${this.byteLength} bytes of memory`,
      )
  }

  /** The window that holds all of a small access. Nothing of ours straddles a window's end. */
  #at(offset: number, length: number): Buffer {
    this.#check(offset, length)
    return this.#window(Math.floor(offset / WINDOW_SIZE))
  }

  #window(index: number): Buffer {
    const windows = this.#windows ?? []
    return (windows[index] ??= this.#source(
      index * WINDOW_SIZE,
      Math.min(WINDOW_SIZE, this.byteLength - index * WINDOW_SIZE),
    ))
  }

  #eachWindow(
    offset: number,
    length: number,
    visit: (window: Buffer, at: number, done: number) => void,
  ): void {
    this.#check(offset, length)
    for (let done = 0; done < length;) {
      const at = (offset + done) % WINDOW_SIZE
      visit(this.#window(Math.floor((offset + done) / WINDOW_SIZE)), at, done)
      done += WINDOW_SIZE - at
    }
  }
}
