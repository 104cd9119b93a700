import {
  closeSync,
  constants,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { UsageError } from '../errors/index.ts'

/**
 * A file for output, made sure of before the work begins and put in its place whole at the end: a
 * reader sees the old file or the new one, never half of one.
 */
export class OutputFile implements Disposable {
  readonly #path: string
  /** Undefined for what cannot be replaced: a pipe, a terminal, /dev/null. */
  readonly #temporary: string | undefined
  #fd: number | undefined

  /** @throws {UsageError} the file cannot be written; nothing is left behind */
  constructor(option: string, path: string) {
    this.#path = path
    try {
      const existing = statSync(path, { throwIfNoEntry: false })
      const replaced = existing === undefined || existing.isFile()
      this.#temporary = replaced ? `${path}.${process.pid}.tmp` : undefined
      const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
      this.#fd = replaced
        ? openSync(this.#temporary ?? path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666)
        : openSync(path, O_WRONLY)
    } catch (cause) {
      throw new UsageError(`${option} ${path}: the file cannot be written`, {
        why: cause instanceof Error ? cause.message : String(cause),
        cause,
      })
    }
  }

  /** Puts the content in its place. */
  commit(content: string): void {
    if (this.#fd === undefined) return
    writeSync(this.#fd, content)
    closeSync(this.#fd)
    this.#fd = undefined
    if (this.#temporary !== undefined) renameSync(this.#temporary, this.#path)
  }

  /** Leaves nothing behind of what was not committed. */
  [Symbol.dispose](): void {
    if (this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
    if (this.#temporary !== undefined) unlinkSync(this.#temporary)
  }
}
