import { pipeline, type Readable } from 'node:stream'
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
    // Its end is the end of what is typed, and no error of anybody's.
    this.input = pipeline(stdin, new EscapeKeys(actions), () => undefined)
  }

  /** Puts the terminal back. */
  readonly [Symbol.dispose] = (): void => {
    process.off('exit', this[Symbol.dispose])
    this.#stdin.setRawMode(false)
    this.#guard[Symbol.dispose]()
  }
}

/**
 * Whether somebody sits there: with input from elsewhere keys mean nothing, and with output to
 * elsewhere nobody would see what they type.
 */
export function isInteractive({ stdin, stdout }: CliContext): boolean {
  return stdin.isTTY && stdout.isTTY
}
