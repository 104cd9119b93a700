import { createReadStream } from 'node:fs'
import { Readable, type Writable } from 'node:stream'
import { LabError, TimeoutError } from '../errors/index.ts'
import { type ArgumentFiles, findArgumentFiles } from './argument-files.ts'
import { Channel } from './channel.ts'
import type { EmulatedHost } from './emulated-host.ts'
import { type BootOptions, startHost } from './boot.ts'
import { ProtocolError, type ToAgent, parseFromAgent } from './protocol.ts'
import { type ExecResult, Session, withResolvers } from './session.ts'
import { type ShellStreams, shellOnConsole, withTerminal } from './shell.ts'

/** A host that has not said anything after this never will. */
const BOOT_LIMIT_MS = 180_000
/** How long a killed command may take to be gone. */
const KILL_LIMIT_MS = 15_000

export interface ExecOptions {
  /** Default: nothing to read. A stream is read to its end, or destroyed when the command ends. */
  readonly stdin?: string | Uint8Array | Readable
  /** Default: collected in the result. */
  readonly stdout?: Writable
  readonly stderr?: Writable
  /** Added to the emulated host's own PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>
  /** Default: this process's, which exists there too. */
  readonly cwd?: string
  /** Ends the command (not the host) and throws `TimeoutError`. */
  readonly timeoutMs?: number
}

/** A running emulated arm64 host with a real KVM. Commands run in it one after the other. */
export class Lab implements AsyncDisposable {
  readonly #host: EmulatedHost
  readonly #channel: Channel<ToAgent>
  readonly #signal: AbortSignal
  readonly #ready = withResolvers<undefined>()
  /** Rejects when there is no host any more, with the reason. */
  readonly #dead = withResolvers<never>()
  #session: Session | undefined
  #queue: Promise<unknown> = Promise.resolve()

  private constructor(host: EmulatedHost, signal: AbortSignal) {
    this.#host = host
    this.#signal = signal
    this.#channel = new Channel<ToAgent>(host.port)
    signal.addEventListener('abort', this.#abort, { once: true })
    if (signal.aborted) this.#abort()
    void this.#listen()
  }

  /**
   * Fetches what is missing, boots the host and waits until it takes commands. Throws `UsageError`
   * for options that cannot be meant, `LabError` and `HostError` for the rest, and the reason of
   * `options.signal` when that is aborted, now or later.
   */
  static async boot(options: BootOptions = {}): Promise<Lab> {
    const signal = options.signal ?? new AbortController().signal
    const lab = new Lab(await startHost(options), signal)
    const timer = setTimeout(() => lab.#giveUp(), BOOT_LIMIT_MS)
    try {
      await lab.#unlessDead(lab.#ready.promise)
      return lab
    } catch (error) {
      await lab.close()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Runs `tsvmm <args>` in it. */
  run(args: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    return this.exec(['tsvmm', ...args], options)
  }

  /**
   * Runs any program in it. Files the arguments name are there under the same path; what the command
   * writes beside them, or below `cwd`, comes back.
   */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const cwd = options.cwd ?? process.cwd()
    // The first two words are the program and its command.
    const files = findArgumentFiles(argv.slice(argv[0] === 'tsvmm' ? 2 : 1), cwd)
    const result = this.#queue.then(() => this.#exec(argv, cwd, files, options))
    this.#queue = result.catch(() => undefined)
    return result
  }

  /**
   * Runs a shell in it and returns its exit status: interactive with job control if both stdin and
   * stdout are a terminal, otherwise one that reads its commands from stdin.
   */
  async shell(streams: ShellStreams): Promise<number> {
    const { stdin, stdout, stderr, env } = streams
    if (stdin.isTTY !== true || stdout.isTTY !== true) {
      return (await this.exec(['sh'], { stdin, stdout, stderr, env })).status
    }
    const shell = () => this.exec(shellOnConsole(stdout), { stderr, env })
    return (await withTerminal(streams, this.#host.shell, shell)).status
  }

  /** Ends the host. Whatever still runs in it is gone. */
  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#abort)
    await this.#host.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #exec(
    argv: readonly string[],
    cwd: string,
    { files, roots }: ArgumentFiles,
    options: ExecOptions,
  ): Promise<ExecResult> {
    const session = new Session(this.#channel, roots, {
      stdout: options.stdout,
      stderr: options.stderr,
    })
    this.#session = session
    this.#channel.reset()
    const input = toReadable(options.stdin)
    let limit: Limit | undefined
    try {
      await this.#unlessDead(this.#sendFiles(files))
      const env = { PATH: '/usr/bin', HOME: '/root', ...options.env }
      await this.#unlessDead(this.#channel.tell({ kind: 'exec', argv, cwd, env, roots }))
      limit = this.#limit(options.timeoutMs)
      void this.#sendInput(input, session)
      const result = await this.#unlessDead(session.result)
      if (limit.expired !== undefined) throw limit.expired
      return result
    } finally {
      limit?.clear()
      input.destroy()
      this.#session = undefined
    }
  }

  /** Writing to a host that is gone, or waiting for it, would never end. */
  #unlessDead<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#dead.promise])
  }

  async #sendFiles(files: ArgumentFiles['files']): Promise<void> {
    for (const file of files) {
      await this.#channel.tell(file)
      if (file.kind !== 'file') continue
      // What was announced is what is sent, even if the file grows meanwhile.
      const end = file.size - 1
      let sent = 0
      if (file.size > 0) {
        for await (const chunk of createReadStream(file.path, { end })) {
          await this.#channel.send('file', chunk as Buffer)
          sent += (chunk as Buffer).length
        }
      }
      await this.#channel.send('file', new Uint8Array(file.size - sent))
    }
  }

  async #sendInput(input: Readable, session: Session): Promise<void> {
    // Input that breaks off is input that ends. It is destroyed when the command has ended.
    await this.#channel.pump('stdin', input).catch(() => undefined)
    if (this.#session === session) await this.#channel.tell({ kind: 'end-of-stdin' })
  }

  /** Kills the command after `timeoutMs`; the whole host if the command does not die. */
  #limit(timeoutMs: number | undefined): Limit {
    const limit: Limit = { expired: undefined, clear: () => clearTimeout(timer) }
    let timer = setTimeout(() => {
      const error = new TimeoutError(`the command did not end within ${(timeoutMs ?? 0) / 1000} s`)
      limit.expired = error
      void this.#channel.tell({ kind: 'kill' })
      timer = setTimeout(() => this.#dead.reject(error), KILL_LIMIT_MS)
    }, timeoutMs)
    if (timeoutMs === undefined) clearTimeout(timer)
    return limit
  }

  /** The one reader of the port. */
  async #listen(): Promise<void> {
    try {
      for await (const frame of this.#channel.frames()) {
        if ('stream' in frame) {
          await this.#session?.bytes(frame.stream, frame.bytes)
          continue
        }
        const message = parseFromAgent(frame.control)
        if (message.kind === 'ready') this.#ready.resolve(undefined)
        else await this.#session?.control(message)
      }
      this.#dead.reject(await this.#host.why())
    } catch (error) {
      void this.#host.kill()
      const { message } = error as Error
      this.#dead.reject(
        error instanceof ProtocolError
          ? new LabError('HOST_DIED', `the emulated host misbehaves: ${message}`)
          : error,
      )
    }
  }

  readonly #abort = () => {
    this.#dead.reject(this.#signal.reason)
    void this.#host.kill()
  }

  #giveUp(): void {
    this.#dead.reject(
      new LabError(
        'HOST_SILENT',
        `the emulated host did not start within ${BOOT_LIMIT_MS / 1000} s`,
        {
          why: this.#host.console.describeEnd(),
        },
      ),
    )
  }
}

interface Limit {
  expired: TimeoutError | undefined
  clear(): void
}

function toReadable(stdin: ExecOptions['stdin'] = ''): Readable {
  return stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)])
}
