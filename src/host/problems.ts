import { HostError } from '../errors/index.ts'

/**
 * Reads a fact for somebody who may be able to do without: undefined is a fact that cannot be had.
 *
 * @param instead what is done about it, to go behind the reason
 */
export type Tolerate = <Fact>(read: () => Fact, instead?: string) => Fact | undefined

/** For those who cannot do without: what is wrong with a file is thrown. */
export const strictly: Tolerate = read => read()

/** What is wrong with a machine's files, for those who go on without the facts. */
export class Problems {
  readonly #sentences = new Set<string>()

  /** A sentence each, without its full stop; the same only once. */
  get sentences(): readonly string[] {
    return [...this.#sentences]
  }

  readonly tolerate: Tolerate = (read, instead) => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      const reason = error.why === undefined ? error.message : `${error.message}: ${error.why}`
      this.#sentences.add(instead === undefined ? reason : `${reason}; ${instead}`)
      return undefined
    }
  }
}
