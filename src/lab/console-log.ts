const MAX_LINES = 200
const MAX_LINE = 4096
const SHOWN_LINES = 12
/** Nothing, or nothing after the kernel's time stamp. */
const EMPTY = /^(\[[ \d.]+\])?\s*$/

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

  /** How it ended, in words for an error: up to `last`, or up to its last line. */
  describeEnd(last?: string): string {
    const lines = this.all.filter(line => !EMPTY.test(line))
    const end = last === undefined ? lines.length : lines.lastIndexOf(last) + 1
    const shown = lines.slice(0, end).slice(-SHOWN_LINES)
    if (shown.length === 0) return 'its console is empty'
    return ['its console ends with', ...shown.map(line => `      ${line}`)].join('\n')
  }

  private get all(): string[] {
    return [...this.#lines, this.#partial]
  }
}
