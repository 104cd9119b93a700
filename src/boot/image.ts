import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { ImageError } from '../errors/index.ts'
import type { NativeMemory } from '../native/index.ts'
import { decodeImageLayout, IMAGE_HEAD_SIZE, type ImageLayout } from './image-format.ts'
import { isWrapped, MAX_UNPACKED, unwrapImage } from './unpack.ts'

/** The part of RAM an image may take. Offsets and sizes are bytes from the start of RAM. */
export interface ImageRoom {
  readonly ramSize: number
  /** Where the image must have ended: something of ours begins here. */
  readonly end: number
  /** The highest `end` that more RAM would give. */
  readonly maxEnd: number
}

const MIB = 2 ** 20

/** The machine's layout moves in these steps. */
const LAYOUT_STEP = 2 * MIB

/**
 * A guest image, open. What was looked at is what is loaded: the file is opened once, and its first
 * bytes are kept. Its owner releases it with `using`.
 */
export class GuestImage implements Disposable {
  readonly path: string
  /** Bytes in the file. */
  readonly size: number
  readonly layout: ImageLayout
  readonly #fd: number
  #closed = false
  /** What begins the image; all of it if it had to be unpacked. */
  readonly #head: Buffer
  /** Bytes of the image; not those of the file if it is packed. */
  readonly #length: number

  /**
   * @throws {@link ImageError} if there is no such file, it cannot be read, is no regular file, is
   * empty, or of a format that cannot be loaded
   */
  constructor(path: string) {
    this.path = path
    this.#fd = openImage(path)
    try {
      this.size = checkedSize(path, fstatSync(this.#fd))
      const head = this.#read(Math.min(this.size, IMAGE_HEAD_SIZE))
      this.#head = isWrapped(head) ? unwrapImage(path, this.#readAll()) : head
      this.#length = isWrapped(head) ? this.#head.length : this.size
      this.layout = decodeImageLayout(path, this.#head, this.#length)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /**
   * Puts the image into RAM at its load offset. The memory it claims beyond the file must be zero
   * already, as fresh RAM is.
   *
   * @throws {@link ImageError} `TOO_LARGE`, before RAM is touched; `UNREADABLE` if the file has
   * become shorter or reading fails
   */
  load(ram: NativeMemory, room: ImageRoom): void {
    this.#checkFits(room)
    const { loadOffset } = this.layout
    const start = this.#head.length
    ram.writeBytes(loadOffset, this.#head)
    const length = this.#length - start
    const done = ram.fillFrom(loadOffset + start, length, (into, done) =>
      this.#readSome(into, start + done),
    )
    if (done < length) throw this.#endedAt(start + done)
  }

  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#fd)
  }

  #checkFits(room: ImageRoom): void {
    const end = this.layout.loadOffset + this.layout.memSize
    if (end <= room.end) return
    const missing = Math.ceil((end - room.end) / LAYOUT_STEP) * LAYOUT_STEP
    const enough = Math.ceil((room.ramSize + missing) / MIB)
    throw new ImageError(
      'TOO_LARGE',
      `${this.path} (${renderSize(this.layout.memSize)}) does not fit into ${renderSize(room.ramSize)} of RAM: ` +
        `it would end ${renderSize(end)} from its start, and there is room up to ${renderSize(room.end)}`,
      end <= room.maxEnd
        ? { try: [`--mem ${enough}M`] }
        : { why: `the room for images ends ${renderSize(room.maxEnd)} from the start of any RAM` },
    )
  }

  #readAll(): Buffer {
    if (this.size > MAX_UNPACKED)
      throw new ImageError('TOO_LARGE', `${this.path} is too large to be unpacked`, {
        why: `it has ${renderSize(this.size)}; the most is ${renderSize(MAX_UNPACKED)}`,
      })
    return this.#read(this.size)
  }

  /** The first bytes of the file. */
  #read(length: number): Buffer {
    const into = Buffer.alloc(length)
    for (let done = 0; done < length;) {
      const got = this.#readSome(into.subarray(done), done)
      if (got === 0) throw this.#endedAt(done)
      done += got
    }
    return into
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

/** O_NONBLOCK: a FIFO without a writer must not keep us waiting. */
function openImage(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new ImageError('MISSING', `there is no file ${path}`, { cause: error })
    throw new ImageError('UNREADABLE', `cannot open ${path}`, { cause: error })
  }
}

function checkedSize(path: string, stats: Stats): number {
  if (!stats.isFile())
    throw new ImageError(
      'NOT_A_FILE',
      `${path} is ${stats.isDirectory() ? 'a directory' : 'no regular file'}, not a guest image`,
    )
  if (stats.size === 0) throw new ImageError('EMPTY', `${path} is empty`)
  return stats.size
}

/** Rounded up, never down to a size something fits into. */
function renderSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  return bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${Math.ceil(bytes / 1024)} KiB`
}
