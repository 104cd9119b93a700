import { ImageError } from '../errors/index.ts'
import type { NativeMemory } from '../native/index.ts'
import { GuestFile, renderSize } from './guest-file.ts'
import { decodeImageLayout, IMAGE_HEAD_SIZE, type ImageLayout } from './image-format.ts'
import { checkPageSize } from './page-size.ts'
import { isWrapped, MAX_WRAPPED, unwrapImage } from './unpack.ts'

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

/** lkvm's words, by which kvm-unit-tests' runner knows that all but the kernel is there. */
const LKVM_CANNOT_OPEN = 'Fatal: Unable to open kernel'

/** A guest image, open, and unpacked if it was packed. Its owner releases it with `using`. */
export class GuestImage implements Disposable {
  readonly path: string
  /** Bytes in the file. */
  readonly size: number
  readonly layout: ImageLayout
  readonly #file: GuestFile
  /** What begins the image: all of it if it was packed, and the file is needed no more. */
  readonly #head: Buffer
  readonly #isPacked: boolean

  /**
   * @throws {@link ImageError} if there is no such file, it cannot be read, is no regular file, is
   * empty, or of a format that cannot be loaded
   */
  constructor(path: string) {
    this.#file = new GuestFile(path, 'a guest image', LKVM_CANNOT_OPEN)
    this.path = path
    this.size = this.#file.size
    try {
      const head = this.#file.read(Math.min(this.size, IMAGE_HEAD_SIZE))
      this.#isPacked = isWrapped(head)
      this.#head = this.#isPacked ? unwrapImage(path, this.#readAll()) : head
      const length = this.#isPacked ? this.#head.length : this.size
      this.layout = decodeImageLayout(path, this.#head, length)
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
    ram.writeBytes(loadOffset, this.#head)
    const start = this.#head.length
    if (!this.#isPacked) this.#file.load(ram, loadOffset + start, start)
  }

  /**
   * Refuses a kernel that a guest on this host could not run.
   *
   * @param readMmfr0 reads ID_AA64MMFR0_EL1 of a vCPU; called only where it matters
   * @throws {@link ImageError} `FORMAT`
   */
  checkPageSize(readMmfr0: () => bigint): void {
    const { pageSize } = this.layout
    if (pageSize !== undefined) checkPageSize(this.path, pageSize, readMmfr0())
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]()
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
    if (this.size > MAX_WRAPPED)
      throw new ImageError('TOO_LARGE', `${this.path} is too large to be unpacked`, {
        why: `it has ${renderSize(this.size)}; the most is ${renderSize(MAX_WRAPPED)}`,
      })
    return this.#file.read(this.size)
  }
}
