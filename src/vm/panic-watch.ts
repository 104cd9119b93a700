/** What Linux says first of all when it panics, and again at the end. kernel/panic.c, vpanic() (v6.12). */
const MARK = Buffer.from('Kernel panic - not syncing')

/** No reason of Linux' is as long. */
const MAX_LENGTH = 200

/**
 * Looks for a panic of Linux in what a guest prints: a kernel without a driver for pvpanic tells
 * nobody else. What a guest prints proves nothing, so this is for sentences only.
 */
export class PanicWatch {
  /** What may be the beginning of it, or is the line as far as it has come. */
  #rest: Buffer = Buffer.alloc(0)
  #message: string | undefined

  /** The line, as far as it was printed; missing if there was none. */
  get message(): string | undefined {
    return this.#message ?? (this.#rest.indexOf(MARK) === 0 ? lineOf(this.#rest) : undefined)
  }

  see(chunk: Buffer): void {
    if (this.#message !== undefined) return
    const text = Buffer.concat([this.#rest, chunk])
    const at = text.indexOf(MARK)
    const rest =
      at < 0 ? text.subarray(Math.max(0, text.length - MARK.length + 1)) : text.subarray(at)
    const isWhole = at >= 0 && (rest.length >= MAX_LENGTH || /[\r\n]/.test(rest.toString('latin1')))
    if (isWhole) this.#message = lineOf(rest)
    this.#rest = rest
  }
}

function lineOf(text: Buffer): string {
  return text.toString('latin1', 0, MAX_LENGTH).split(/[\r\n]/, 1)[0] ?? ''
}
