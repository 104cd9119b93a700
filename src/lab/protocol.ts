/**
 * What goes over the one wire between `tsvmm lab` and its agent in the emulated host: frames of
 * [type u8][length u32 LE][payload]. Type 0 is a control message (JSON), the others are the bytes of
 * a stream. Both sides use this file; it imports nothing.
 *
 * Order of one command: the outer side sends the command's files, then `exec`, then stdin; the agent
 * sends stdout and stderr, `exit` after the last byte of both, the files that changed, then `done`.
 */

/** Bytes of a command's streams, and of the file announced by the last `file` message. */
export const STREAMS = ['stdin', 'stdout', 'stderr', 'file'] as const
export type StreamName = (typeof STREAMS)[number]

/** A payload longer than this is a broken peer, not a long message. */
export const MAX_PAYLOAD = 1 << 20
/** Senders cut streams into pieces of at most this. */
export const MAX_CHUNK = 1 << 16
/** How many bytes of one stream may be under way before its reader has taken any. */
export const WINDOW = 1 << 18

/** A place whose changes are brought back: with all below it, or only the files directly in it. */
export interface Root {
  readonly path: string
  readonly deep: boolean
}

/** The next `size` bytes of the stream `file` are this file's contents. */
export interface FileMessage {
  readonly kind: 'file'
  readonly path: string
  readonly mode: number
  readonly size: number
}

export interface DirectoryMessage {
  readonly kind: 'directory'
  readonly path: string
}

export interface ExecMessage {
  readonly kind: 'exec'
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly roots: readonly Root[]
}

/** The reader of `stream` has taken `bytes` of it. */
export interface CreditMessage {
  readonly kind: 'credit'
  readonly stream: StreamName
  readonly bytes: number
}

/** How a command ended; `problem` if it could not be started. */
export interface ExitMessage {
  readonly kind: 'exit'
  readonly status: number
  readonly signal: string | null
  readonly problem?: string
}

export type ToAgent =
  | DirectoryMessage
  | FileMessage
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | ExecMessage
  | CreditMessage
  | { readonly kind: 'end-of-stdin' }
  | { readonly kind: 'kill' }

export type FromAgent =
  | { readonly kind: 'ready' }
  | CreditMessage
  | ExitMessage
  | DirectoryMessage
  | FileMessage
  | { readonly kind: 'done'; readonly problem?: string }

export type Frame =
  { readonly control: unknown } | { readonly stream: StreamName; readonly bytes: Uint8Array }

const HEADER = 5
const CONTROL = 0

/** The peer does not speak the protocol. */
export class ProtocolError extends Error {}

export function encodeFrame(frame: Frame): Uint8Array {
  const payload = 'control' in frame ? Buffer.from(JSON.stringify(frame.control)) : frame.bytes
  if (payload.length > MAX_PAYLOAD) {
    throw new ProtocolError(`a frame of ${payload.length} bytes is longer than ${MAX_PAYLOAD}`)
  }
  const bytes = Buffer.allocUnsafe(HEADER + payload.length)
  bytes.writeUInt8('control' in frame ? CONTROL : STREAMS.indexOf(frame.stream) + 1)
  bytes.writeUInt32LE(payload.length, 1)
  bytes.set(payload, HEADER)
  return bytes
}

/** Puts frames together again from pieces of any size. */
export class FrameDecoder {
  #rest: Buffer = Buffer.alloc(0)

  /** The frames that `chunk` completes. Throws `ProtocolError`; the decoder is of no use then. */
  push(chunk: Uint8Array): Frame[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    let at = 0
    while (this.#rest.length - at >= HEADER) {
      const type = this.#rest.readUInt8(at)
      const length = this.#rest.readUInt32LE(at + 1)
      if (type > STREAMS.length) throw new ProtocolError(`unknown frame type ${type}`)
      if (length > MAX_PAYLOAD) throw new ProtocolError(`a frame of ${length} bytes`)
      const end = at + HEADER + length
      if (this.#rest.length < end) break
      frames.push(decodePayload(type, this.#rest.subarray(at + HEADER, end)))
      at = end
    }
    this.#rest = this.#rest.subarray(at)
    return frames
  }
}

function decodePayload(type: number, payload: Buffer): Frame {
  const stream = STREAMS[type - 1]
  if (stream !== undefined) return { stream, bytes: payload }
  try {
    return { control: JSON.parse(payload.toString()) as unknown }
  } catch {
    throw new ProtocolError('a control message that is not JSON')
  }
}

/** Checks a message of the agent: the emulated host is not trusted. */
export function parseFromAgent(value: unknown): FromAgent {
  const message = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >
  const check = Object.entries(CHECKS).find(([kind]) => kind === message['kind'])?.[1]
  if (check?.(message) !== true)
    throw new ProtocolError(`unknown message ${JSON.stringify(value).slice(0, 200)}`)
  return message as unknown as FromAgent
}

type Check = (message: Record<string, unknown>) => boolean

const CHECKS: Readonly<Record<FromAgent['kind'], Check>> = {
  ready: () => true,
  credit: ({ stream, bytes }) => STREAMS.includes(stream as StreamName) && isSize(bytes),
  exit: ({ status, signal, problem }) =>
    isSize(status) && status <= 255 && (signal === null || isText(signal)) && isProblem(problem),
  directory: ({ path }) => isText(path),
  file: ({ path, mode, size }) => isText(path) && isSize(mode) && isSize(size),
  done: ({ problem }) => isProblem(problem),
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isProblem(value: unknown): boolean {
  return value === undefined || isText(value)
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
