import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { errnoName, errnoText, ImageError } from '../errors/index.ts'
import type { NativeMemory } from '../native/index.ts'

/**
 * A file that goes into a guest's RAM, open: what was looked at is what is loaded. Its owner
 * releases it with `using`.
 */
export class GuestFile implements Disposable {
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly #fd: number
  #closed = false

  /**
   * @param what it is, for messages: `a guest image`
   * @param cannotOpen begins the sentence if there is none: `cannot open`
   * @throws {@link ImageError} if there is no such file, it cannot be read, is no regular file, or is
   * empty
   */
  constructor(path: string, what: string, cannotOpen = 'cannot open') {
    this.path = path
    this.#fd = openFile(path, cannotOpen)
    try {
      this.size = checkedSize(path, what, fstatSync(this.#fd))
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /**
   * The first bytes of the file.
   *
   * @throws {@link ImageError} `UNREADABLE`: it has become shorter, or reading fails
   */
  read(length: number): Buffer {
    const into = Buffer.alloc(length)
    for (let done = 0; done < length;) {
      const got = this.#readSome(into.subarray(done), done)
      if (got === 0) throw this.#endedAt(done)
      done += got
    }
    return into
  }

  /**
   * Puts the file from byte `start` on into RAM, without a copy in between.
   *
   * @throws {@link ImageError} `UNREADABLE`: it has become shorter, or reading fails
   */
  load(ram: NativeMemory, offset: number, start = 0): void {
    const length = this.size - start
    const done = ram.fillFrom(offset, length, (into, done) => this.#readSome(into, start + done))
    if (done < length) throw this.#endedAt(start + done)
  }

  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
  }

  #readSome(into: Uint8Array, position: number): number {
    try {
      return readSync(this.#fd, into, 0, into.length, position)
    } catch (error) {
      throw new ImageError('UNREADABLE', `cannot read ${this.path}`, { cause: error })
    }
  }

  #endedAt(position: number): ImageError {
    return new ImageError(
      'UNREADABLE',
      `${this.path} ended after ${position} of its ${this.size} bytes: it changed while it was read`,
    )
  }
}

/** Rounded up, never down to a size something fits into. */
export function renderSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  const mib = bytes / 2 ** 20
  return Number.isInteger(mib) ? `${mib} MiB` : `${Math.ceil(bytes / 1024)} KiB`
}

/** O_NONBLOCK: a FIFO without a writer must not keep us waiting. */
function openFile(path: string, cannotOpen: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new ImageError('MISSING', `${cannotOpen} ${path}: there is no such file`, {
        cause: error,
      })
    throw new ImageError('UNREADABLE', `${cannotOpen} ${path}`, {
      ...whyNot(error),
      ...(code === 'EACCES' && {
        try: [`ls -l ${path}    # may you read it, and search its directories?`],
      }),
      cause: error,
    })
  }
}

/** The kernel's reason, without the call and the path that Node adds. */
function whyNot(error: unknown): { readonly why?: string } {
  if (!(error instanceof Error && 'errno' in error && typeof error.errno === 'number')) return {}
  return { why: `${errnoName(-error.errno)}: ${errnoText(-error.errno)}` }
}

function checkedSize(path: string, what: string, stats: Stats): number {
  if (!stats.isFile())
    throw new ImageError(
      'NOT_A_FILE',
      stats.isDirectory()
        ? `${path} is a directory, not ${what}`
        : `${path} is no regular file, as ${what} has to be`,
    )
  if (stats.size === 0) throw new ImageError('EMPTY', `${path} is empty`)
  return stats.size
}
