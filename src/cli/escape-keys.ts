import { Transform, type TransformCallback } from 'node:stream'

/** Ctrl-A, as QEMU and lkvm have it. */
export const ESCAPE = 0x01

/** What can be asked for behind Ctrl-A, by its key. */
export type KeyActions = Readonly<Record<string, () => void>>

/**
 * Passes on what is typed, and acts on what is typed behind Ctrl-A: `actions` by key; Ctrl-A twice
 * is one for the guest; any other key is the guest's, without the Ctrl-A.
 */
export class EscapeKeys extends Transform {
  readonly #actions: KeyActions
  #escaped = false

  constructor(actions: KeyActions) {
    super()
    this.#actions = actions
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    done(null, Buffer.from(chunk.filter(byte => this.#passes(byte))))
  }

  #passes(byte: number): boolean {
    if (!this.#escaped) {
      this.#escaped = byte === ESCAPE
      return !this.#escaped
    }
    this.#escaped = false
    const action = this.#actions[String.fromCharCode(byte).toLowerCase()]
    action?.()
    return action === undefined
  }
}
