import { closeSync } from 'node:fs'
import { pipeline, type Readable } from 'node:stream'
import { isatty } from 'node:tty'
import type { CliContext } from './context.ts'
import { EscapeKeys, type KeyActions } from './escape-keys.ts'

/** Somebody at a terminal: what they type goes to the guest key by key, but for Ctrl-A. */
export class Terminal implements Disposable {
  /** What is meant for the guest. */
  readonly input: Readable
  readonly #stdin: NodeJS.ReadStream
  readonly #guard: Disposable

  /** @param guard puts the terminal back, whatever becomes of this process */
  constructor(stdin: NodeJS.ReadStream, guard: Disposable, actions: KeyActions) {
    this.#stdin = stdin
    this.#guard = guard
    stdin.setRawMode(true)
    process.on('exit', this[Symbol.dispose])
    process.on('SIGTSTP', this.#stop)
    process.on('SIGCONT', this.#continue)
    // Its end is the end of what is typed, and no error of anybody's.
    this.input = pipeline(stdin, new EscapeKeys(actions), () => undefined)
  }

  /** Puts the terminal back. */
  readonly [Symbol.dispose] = (): void => {
    process.off('exit', this[Symbol.dispose])
    process.off('SIGTSTP', this.#stop)
    process.off('SIGCONT', this.#continue)
    this.#stdin.setRawMode(false)
    this.#guard[Symbol.dispose]()
  }

  /** Somebody stops us from elsewhere: Ctrl-Z is the guest's. */
  readonly #stop = (): void => {
    this.#stdin.setRawMode(false)
    process.kill(process.pid, 'SIGSTOP')
  }

  /** A shell sets the terminal for itself while we are stopped, also by SIGSTOP. */
  readonly #continue = (): void => {
    // What is raw in Node's eyes is not set again.
    this.#stdin.setRawMode(false)
    this.#stdin.setRawMode(true)
  }
}

/**
 * Has writes to a terminal return at once, as those to a pipe do. Node waits for terminals: one that
 * takes nothing (Ctrl-S, a connection that hangs) would keep us from keys, signals and --timeout.
 */
export function waitForNoTerminal(...streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams)
    if (stream.isTTY) (stream as HasHandle)._handle?.setBlocking?.(false)
}

/**
 * Keeps Node from aborting at the end of this process: it sets terminals as they were, and takes one
 * that is gone meanwhile for a bug of its own. One that is closed it leaves alone.
 */
export function leaveGoneTerminals(): void {
  const terminals = [0, 1, 2].filter(fd => isatty(fd))
  process.on('exit', () => {
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd)
  })
}

/** Not documented by Node, and the same in Node 20 to 26; where it is missing, writes wait. */
interface HasHandle {
  readonly _handle?: { readonly setBlocking?: (on: boolean) => void }
}

/**
 * Whether somebody sits there: with input from elsewhere keys mean nothing, and with output to
 * elsewhere nobody would see what they type.
 */
export function isInteractive({ stdin, stdout }: CliContext): boolean {
  return stdin.isTTY && stdout.isTTY
}
