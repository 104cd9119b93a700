import {
  closeSync,
  constants,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import type { Writable } from 'node:stream'
import { HostError } from '../errors/index.ts'
import {
  cannotWrite,
  isInPlace,
  openOutput,
  requireName,
  streamOf,
  wordsOf,
} from './open-output.ts'
import { takeFile } from './taken-files.ts'

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

/**
 * A file for output, made sure of before the work begins and put in its place whole at the end: a
 * reader sees the old file or the new one, never half of one. Links are followed; pipes, terminals,
 * devices and what is open already (/dev/stdout, /dev/fd/3) are written to as they are.
 */
export class OutputFile implements Disposable {
  readonly #name: string
  readonly #stream: Writable | undefined
  readonly #fd: number | undefined
  /** Undefined for what is written to in place. */
  readonly #replacing: { readonly temporary: string; readonly path: string } | undefined
  #open = true
  #giveBack: () => void = () => undefined

  /** @throws {UsageError} the file cannot be written; nothing is left behind */
  constructor(option: string, path: string) {
    this.#name = `${option} ${path}`
    requireName(option, path)
    try {
      this.#stream = streamOf(path)
      if (this.#stream !== undefined) return
      this.#giveBack = takeFile(option, path)
      if (isInPlace(path)) {
        this.#replacing = undefined
        this.#fd = openOutput(path, O_WRONLY | O_APPEND)
      } else {
        const old = statSync(path, { throwIfNoEntry: false })
        const target = old === undefined ? path : realpathSync(path)
        // Unlikely to be there suffices, O_EXCL sees to the rest; node:crypto takes 2 ms to load.
        const temporary = `${target}.${Math.random().toString(36).slice(2, 12)}.tmp`
        this.#replacing = { temporary, path: target }
        const mode = old === undefined ? 0o666 : old.mode & 0o777
        this.#fd = openOutput(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
      }
    } catch (cause) {
      this.#giveBack()
      throw cannotWrite(option, path, cause)
    }
    // Also when the process is ended in a hurry, where nobody disposes of anything.
    process.on('exit', this.#discard)
  }

  /**
   * Puts the content in its place, once: what comes later, as of a guest that boots again or of an
   * error after it, is not written.
   *
   * @throws {HostError} `TSVMM_HOST_OUTPUT`: no space, or the place is not ours after all; what was
   * there before is untouched
   */
  commit(content: string | Uint8Array): void {
    if (!this.#open) return
    try {
      this.#stream?.write(content)
      if (this.#fd !== undefined) writeFileSync(this.#fd, content)
      if (this.#replacing) renameSync(this.#replacing.temporary, this.#replacing.path)
      this.#close()
    } catch (cause) {
      this.#discard()
      throw new HostError('OUTPUT', `${this.#name}: the file could not be written`, {
        why: wordsOf(cause),
        cause,
      })
    }
  }

  /** Leaves nothing behind of what was not committed. */
  [Symbol.dispose](): void {
    this.#discard()
  }

  readonly #discard = (): void => {
    if (!this.#open) return
    this.#close()
    if (this.#replacing) unlinkSync(this.#replacing.temporary)
  }

  #close(): void {
    this.#open = false
    this.#giveBack()
    process.off('exit', this.#discard)
    if (this.#fd !== undefined) closeSync(this.#fd)
  }
}
