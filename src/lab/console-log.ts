/** The host kernel's console: its last lines, kept for the moment something goes wrong. */
export class ConsoleLog {
  readonly #onLine: (line: string) => void
  #lines: string[] = []
  #partial = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  add(bytes: Uint8Array): void {
    const lines = (this.#partial + Buffer.from(bytes).toString('latin1')).split(/\r?\n/)
    this.#partial = (lines.pop() ?? '').slice(-MAX_LINE)
    for (const line of lines) this.#onLine(line)
    this.#lines = [...this.#lines, ...lines].slice(-MAX_LINES)
  }

  /** The last line that contains `words`. */
  find(words: string): string | undefined {
    return this.all.findLast(line => line.includes(words))
  }

  /** The last lines, for an error. */
  tail(count = 12): string[] {
    return this.all.filter(line => line.trim() !== '').slice(-count)
  }

  private get all(): string[] {
    return [...this.#lines, this.#partial]
  }
}

const MAX_LINES = 200
const MAX_LINE = 4096
