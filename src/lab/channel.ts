import {
  type Frame,
  FrameDecoder,
  MAX_CHUNK,
  type StreamName,
  WINDOW,
  encodeFrame,
} from './protocol.ts'

/** A two-way byte pipe: the socket to QEMU on one side, the virtio port on the other. */
export interface Pipe {
  /** Ends when the other side is gone. Not read ahead of whoever consumes it. */
  readonly chunks: AsyncIterable<Uint8Array>
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>
}

/** Frames over a pipe, with a window per stream so that one slow reader holds up nobody else. */
export class Channel<Out> {
  readonly #pipe: Pipe
  /** A new map for each command. */
  #credits = new Map<StreamName, Credit>()

  constructor(pipe: Pipe) {
    this.#pipe = pipe
  }

  /** Everything the other side sends, in order. */
  async *frames(): AsyncGenerator<Frame> {
    const decoder = new FrameDecoder()
    for await (const chunk of this.#pipe.chunks) yield* decoder.push(chunk)
  }

  async tell(message: Out): Promise<void> {
    await this.#pipe.write(encodeFrame({ control: message }))
  }

  /** Starts a new command's streams with full windows; pumps of the last one send nothing more. */
  reset(): void {
    this.#credits = new Map()
  }

  /** Sends bytes of a stream as its reader takes them. */
  async pump(stream: StreamName, source: AsyncIterable<Uint8Array>): Promise<void> {
    const command = this.#credits
    for await (const chunk of source) {
      for (const piece of pieces(chunk)) {
        await this.#credit(stream).take(piece.length)
        if (this.#credits !== command) return
        await this.#pipe.write(encodeFrame({ stream, bytes: piece }))
      }
    }
  }

  /** Sends bytes the other side is sure to take before anything else; no window. */
  async send(stream: StreamName, bytes: Uint8Array): Promise<void> {
    for (const piece of pieces(bytes)) {
      await this.#pipe.write(encodeFrame({ stream, bytes: piece }))
    }
  }

  /** The other side has taken `bytes` of what we pumped. */
  grant(stream: StreamName, bytes: number): void {
    this.#credit(stream).give(bytes)
  }

  #credit(stream: StreamName): Credit {
    const known = this.#credits.get(stream)
    if (known !== undefined) return known
    const fresh = new Credit()
    this.#credits.set(stream, fresh)
    return fresh
  }
}

/** Bytes one sender may still send. One taker at a time. */
class Credit {
  #available = WINDOW
  #waiting: (() => void) | undefined

  async take(bytes: number): Promise<void> {
    while (this.#available < bytes) {
      await new Promise<void>(resolve => (this.#waiting = resolve))
    }
    this.#available -= bytes
  }

  give(bytes: number): void {
    this.#available += bytes
    this.#waiting?.()
  }
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MAX_CHUNK) yield bytes.subarray(at, at + MAX_CHUNK)
}
