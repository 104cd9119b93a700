import { type ChildProcess, type IOType, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { LabError } from '../errors/index.ts'
import type { Pipe } from './channel.ts'
import { ConsoleLog } from './console-log.ts'
import { COMPLAINT } from './init.ts'
import { FDS, dyingWithUs } from './qemu.ts'
import type { ToolContext } from './tool.ts'

const PANIC = 'Kernel panic'
const { port: PORT, console: CONSOLE, shell: SHELL } = FDS

interface StartOptions {
  readonly qemu: string
  readonly args: readonly string[]
  readonly initrd: number
  readonly dtb: number | undefined
  readonly env: ToolContext['env']
  readonly onConsoleLine: (line: string) => void
}

/** The QEMU process and its three pipes: the agent's port, the kernel's console, the shell. */
export class EmulatedHost {
  readonly console: ConsoleLog
  readonly #process: ChildProcess
  readonly #ended: Promise<void>
  #stderr = ''

  constructor(options: StartOptions) {
    this.console = new ConsoleLog(options.onConsoleLine)
    const [program, args] = dyingWithUs(options.qemu, options.args, options.env)
    const stdio: (IOType | number)[] = ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe']
    // A group of its own: Ctrl-C at the terminal is for us to act on. Order of stdio: FDS.
    this.#process = spawn(program, args, {
      detached: true,
      stdio: [...stdio, options.initrd, options.dtb ?? 'ignore'],
    })
    this.#process.stderr?.on('data', (text: Buffer) => {
      this.#stderr = (this.#stderr + text.toString()).slice(-4096)
    })
    this.#socket(CONSOLE).on('data', (bytes: Buffer) => this.console.add(bytes))
    for (const number of [PORT, CONSOLE, SHELL]) {
      // The end of the process tells; a reset of its pipes is no news.
      this.#socket(number).on('error', () => undefined)
    }
    // Not 'close': that would wait for the shell's pipe, which may have no reader.
    this.#ended = Promise.all([
      once(this.#process, 'exit'),
      once(this.#socket(CONSOLE), 'close'),
    ]).then(
      () => undefined,
      // It could not be started; why() tells.
      (error: unknown) => void (this.#stderr = String(error)),
    )
  }

  get port(): Pipe {
    const socket = this.#socket(PORT)
    return {
      chunks: untilHangUp(socket),
      async write(bytes) {
        // Its error is the reader's news too.
        if (!socket.write(bytes)) await once(socket, 'drain').catch(() => undefined)
      },
    }
  }

  get shell(): Socket {
    return this.#socket(SHELL)
  }

  /** Ends it at once: nothing in it is worth a shutdown. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }

  /** Waits for its end and tells why it ended. */
  async why(): Promise<LabError> {
    await this.#ended
    const panic = this.console.find(PANIC)
    if (panic !== undefined) {
      return new LabError('HOST_PANIC', `the emulated host died: ${from(panic, PANIC)}`, {
        why: this.console.describeEnd(panic),
      })
    }
    const complaint = this.console.find(COMPLAINT)
    if (complaint !== undefined) {
      const words = from(complaint, COMPLAINT).slice(COMPLAINT.length).trim()
      return new LabError('HOST_SILENT', `the emulated host gave up: ${words}`, {
        why: this.console.describeEnd(),
      })
    }
    const last = this.#stderr.trim().split('\n').at(-1) ?? ''
    return new LabError('HOST_DIED', 'the emulated host ended unasked', {
      why: last === '' ? this.console.describeEnd() : last,
    })
  }

  #socket(number: number): Socket {
    return this.#process.stdio[number] as Socket
  }
}

function from(line: string, words: string): string {
  return line.slice(line.indexOf(words))
}

/** However the other end goes away (QEMU's death resets the connection), it is the end. */
async function* untilHangUp(socket: Socket): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of socket) yield chunk as Buffer
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
  }
}
