import {
  closeSync,
  constants,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { HostError } from '../errors/index.ts'
import {
  cannotWrite,
  isInPlace,
  openOutput,
  requireName,
  takeFile,
  wordsOf,
} from './open-output.ts'
import { openStdout } from './standard-output.ts'

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

/** Opened by these names, a socket would be refused; and what is there already must stay in front. */
const STREAMS: Readonly<Record<string, () => Writable>> = {
  '/dev/stdout': openStdout,
  '/dev/stderr': () => process.stderr,
}

/**
 * A file for output, made sure of before the work begins and put in its place whole at the end: a
 * reader sees the old file or the new one, never half of one. Links are followed; pipes, terminals
 * and what is named by way of /dev or /proc are written to as they are.
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
      this.#stream = STREAMS[resolve(path)]?.()
      if (this.#stream !== undefined) return
      this.#giveBack = takeFile(option, path)
      const old = statSync(path, { throwIfNoEntry: false })
      if (isInPlace(path) || (old !== undefined && !old.isFile())) {
        this.#replacing = undefined
        this.#fd = openOutput(path, O_WRONLY | O_APPEND)
      } else {
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
   * Puts the content in its place.
   *
   * @throws {HostError} `TSVMM_HOST_OUTPUT`: no space, or the place is not ours after all; what was
   * there before is untouched
   */
  commit(content: string | Uint8Array): void {
    this.#stream?.write(content)
    if (!this.#open || this.#fd === undefined) return
    try {
      writeFileSync(this.#fd, content)
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
