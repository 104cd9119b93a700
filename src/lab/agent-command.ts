import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { constants } from 'node:os'
import type { Channel } from './channel.ts'
import { Snapshot } from './agent-snapshot.ts'
import { type ExecMessage, type ExitMessage, type FromAgent, MAX_CHUNK } from './protocol.ts'

/** One command in the emulated host, from its start to its last changed file. */
export class Command {
  readonly #channel: Channel<FromAgent>
  #child: ChildProcessWithoutNullStreams | undefined
  #killed = false
  /** Input that came before the child was there, in order. */
  #early: (() => void)[] = []

  constructor(message: ExecMessage, channel: Channel<FromAgent>) {
    this.#channel = channel
    void this.#run(message)
  }

  /** Bytes for the command's stdin; credit goes back when it has taken them. */
  input(bytes: Uint8Array): void {
    this.#whenStarted(child => {
      child.stdin.write(bytes, () => {
        void this.#channel.tell({ kind: 'credit', stream: 'stdin', bytes: bytes.length })
      })
    })
  }

  endInput(): void {
    this.#whenStarted(child => child.stdin.end())
  }

  /** Ends the command and all it started in its process group. */
  kill(): void {
    this.#killed = true
    killGroup(this.#child)
  }

  async #run(message: ExecMessage): Promise<void> {
    const before = await Snapshot.take(message.roots)
    await this.#channel.tell(await this.#spawn(message))
    let problem: string | undefined
    try {
      await this.#sendChanges(before, message)
    } catch (error) {
      problem = String(error)
    }
    await this.#channel.tell({ kind: 'done', ...(problem === undefined ? {} : { problem }) })
  }

  async #spawn({ argv, cwd, env }: ExecMessage): Promise<ExitMessage> {
    const [program = '', ...args] = argv
    // detached: a process group of its own, so that what it leaves behind ends with it.
    const child = spawn(program, args, { cwd, env: { ...env }, detached: true })
    // A command need not read its input; EPIPE is its good right.
    child.stdin.on('error', () => undefined)
    const ended = once(child, 'exit').finally(() => killGroup(child)) as Promise<
      [number | null, NodeJS.Signals | null]
    >
    this.#child = child
    if (this.#killed) killGroup(child)
    for (const action of this.#early.splice(0)) action()
    try {
      const [[code, signal]] = await Promise.all([
        ended,
        this.#channel.pump('stdout', child.stdout),
        this.#channel.pump('stderr', child.stderr),
      ])
      const status = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
      return { kind: 'exit', status, signal }
    } catch (error) {
      // As in a shell: 127 not found, 126 found but not to be run.
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      return { kind: 'exit', status: missing ? 127 : 126, signal: null, problem: String(error) }
    }
  }

  async #sendChanges(before: Snapshot, message: ExecMessage): Promise<void> {
    const after = await Snapshot.take(message.roots)
    for (const change of after.changesSince(before)) {
      if (change.kind === 'directory') {
        await this.#channel.tell(change)
        continue
      }
      const handle = await open(change.path, 'r')
      try {
        // What was announced is what is sent, even if somebody is still writing.
        const { size } = await handle.stat()
        await this.#channel.tell({ ...change, size })
        for (let missing = size; missing > 0;) {
          const buffer = Buffer.alloc(Math.min(missing, MAX_CHUNK))
          await handle.read(buffer, 0, buffer.length, null)
          await this.#channel.send('file', buffer)
          missing -= buffer.length
        }
      } finally {
        await handle.close()
      }
    }
  }

  #whenStarted(action: (child: ChildProcessWithoutNullStreams) => void): void {
    if (this.#child !== undefined) action(this.#child)
    else this.#early.push(() => this.#child && action(this.#child))
  }
}

function killGroup(child: ChildProcessWithoutNullStreams | undefined): void {
  if (child?.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The group is empty: nothing was left behind.
  }
}
