import { Transform, type TransformCallback } from 'node:stream'

/** Ctrl-A, as QEMU and lkvm have it. */
export const ESCAPE = 0x01

/** What can be asked for behind Ctrl-A, by its key. */
export type KeyActions = Readonly<Record<string, () => void>>

/** What waits for a guest that does not read: more than anybody pastes. */
const MAX_WAITING = 4 * 2 ** 20

/**
 * Passes on what is typed, and acts on what is typed behind Ctrl-A: `actions` by key; Ctrl-A twice
 * is one for the guest; any other key is the guest's, without the Ctrl-A.
 *
 * It reads on, so that these keys are heard, also while the guest takes nothing; what is typed beyond
 * {@link MAX_WAITING} is dropped then.
 */
export class EscapeKeys extends Transform {
  readonly #actions: KeyActions
  #escaped = false

  constructor(actions: KeyActions) {
    super({ readableHighWaterMark: 2 * MAX_WAITING })
    this.#actions = actions
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    const passed = chunk.filter(byte => this.#passes(byte))
    const room = MAX_WAITING - this.readableLength
    done(null, passed.subarray(0, room))
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
