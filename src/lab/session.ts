import type { Writable } from 'node:stream'
import { InterruptedError } from '../errors/index.ts'
import type { Channel } from './channel.ts'
import { type ExitMessage, type FromAgent, ProtocolError, type Root } from './protocol.ts'
import type { StreamName, ToAgent } from './protocol.ts'
import { FileReceiver } from './receive-files.ts'

/** How a command in the emulated host ended. */
export interface ExecResult {
  /** As a shell reports it: 128 + n after signal n, 127 if there is no such program. */
  readonly status: number
  readonly signal: string | null
  /** Empty if the stream went to a `Writable`. */
  readonly stdout: Buffer
  readonly stderr: Buffer
  /** Files of this machine that were written because the command created or changed them. */
  readonly written: readonly string[]
}

/** The outer side of one command: where its streams and files go, until it is done. */
export class Session {
  readonly result: Promise<ExecResult>
  readonly #channel: Channel<ToAgent>
  readonly #files: FileReceiver
  readonly #sinks: Readonly<Record<'stdout' | 'stderr', Sink>>
  readonly #resolve: (result: ExecResult) => void
  readonly #reject: (reason: unknown) => void
  #exit: ExitMessage | undefined

  constructor(
    channel: Channel<ToAgent>,
    roots: readonly Root[],
    streams: { stdout: Writable | undefined; stderr: Writable | undefined },
  ) {
    this.#channel = channel
    this.#files = new FileReceiver(roots)
    this.#sinks = { stdout: new Sink(streams.stdout), stderr: new Sink(streams.stderr) }
    const { promise, resolve, reject } = withResolvers<ExecResult>()
    this.result = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  async control(message: FromAgent): Promise<void> {
    switch (message.kind) {
      case 'ready':
        throw new ProtocolError('ready in the middle of a command')
      case 'credit':
        this.#channel.grant(message.stream, message.bytes)
        break
      case 'exit':
        this.#exit = message
        break
      case 'directory':
        await this.#files.directory(message.path)
        break
      case 'file':
        await this.#files.begin(message)
        break
      case 'done':
        await this.#finish(message.problem)
    }
  }

  async bytes(stream: StreamName, bytes: Uint8Array): Promise<void> {
    if (stream === 'file') await this.#files.data(bytes)
    else if (stream !== 'stdin') void this.#show(stream, bytes)
  }

  fail(reason: unknown): void {
    void this.#files.abandon()
    this.#reject(reason)
  }

  /** Not waited for: a slow reader of stdout must not hold up stderr. The window bounds it. */
  async #show(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> {
    try {
      await this.#sinks[stream].write(bytes)
      await this.#channel.tell({ kind: 'credit', stream, bytes: bytes.length })
    } catch (error) {
      const closed = (error as NodeJS.ErrnoException).code === 'EPIPE'
      this.fail(closed ? new InterruptedError('SIGPIPE') : error)
    }
  }

  async #finish(problem: string | undefined): Promise<void> {
    if (this.#exit === undefined || problem !== undefined) {
      throw new ProtocolError(problem ?? 'a command that was done before it ended')
    }
    const { stdout, stderr } = this.#sinks
    if (this.#exit.problem !== undefined) void stderr.write(Buffer.from(`${this.#exit.problem}\n`))
    await Promise.all([stdout.drained, stderr.drained])
    this.#resolve({
      status: this.#exit.status,
      signal: this.#exit.signal,
      stdout: stdout.collected,
      stderr: stderr.collected,
      written: this.#files.written,
    })
  }
}

/** Where a stream goes: to a `Writable`, or into memory. */
class Sink {
  readonly #writable: Writable | undefined
  readonly #chunks: Uint8Array[] = []
  /** Resolves when all that was written so far has arrived. */
  drained: Promise<void> = Promise.resolve()

  constructor(writable: Writable | undefined) {
    this.#writable = writable
  }

  get collected(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  async write(bytes: Uint8Array): Promise<void> {
    const writable = this.#writable
    if (writable === undefined) {
      this.#chunks.push(bytes)
      return
    }
    this.drained = new Promise((resolve, reject) => {
      writable.write(bytes, error => (error ? reject(error) : resolve()))
    })
    await this.drained
  }
}

export interface Resolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

/** Promise.withResolvers, which Node 20 does not have. */
export function withResolvers<T>(): Resolvers<T> {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle))
  // Whoever cares waits for it; a rejection nobody waits for is no accident.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
