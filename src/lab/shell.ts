import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Readable, Writable } from 'node:stream'

/** A terminal, or whatever stands in for one. */
export interface ShellStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown }
  readonly stdout: Writable & {
    readonly isTTY?: boolean
    readonly rows?: number
    readonly columns?: number
  }
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string>>
}

/** The last bytes of the console may arrive after the news that the shell has ended. */
const LINGER_MS = 100

/** An interactive shell on the host's second console; the terminal's size is set once. */
export function shellOnConsole({ rows = 24, columns = 80 }: ShellStreams['stdout']): string[] {
  // The agent starts commands as session leaders: the terminal one opens becomes its controlling
  // terminal, which job control needs.
  const script = `stty sane rows ${rows} cols ${columns}; exec sh -l`
  return ['sh', '-c', `{ ${script}; } <>/dev/hvc0 >&0 2>&1`]
}

/**
 * Connects the terminal to the console while `work` lasts. The terminal is raw meanwhile (every key
 * is the shell's, Ctrl-C too) and itself again afterwards, whatever happens.
 */
export async function withTerminal<T>(
  { stdin, stdout }: ShellStreams,
  console: Socket,
  work: () => Promise<T>,
): Promise<T> {
  const restore = () => stdin.setRawMode?.(false)
  const send = (bytes: Buffer) => console.write(bytes)
  const show = (bytes: Buffer) => stdout.write(bytes)
  process.once('exit', restore)
  stdin.setRawMode?.(true)
  stdin.on('data', send)
  console.on('data', show)
  try {
    const result = await work()
    await sleep(LINGER_MS)
    return result
  } finally {
    console.off('data', show)
    stdin.off('data', send)
    stdin.pause()
    restore()
    process.off('exit', restore)
  }
}
