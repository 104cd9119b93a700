import { HostError } from '../errors/index.ts'
import type { FileContents } from './memory-tree.ts'
import type { HostTree } from './tree.ts'

/** Remembers what was read of another tree. */
export class RecordingTree implements HostTree {
  readonly #tree: HostTree
  readonly #files = new Map<string, string | null>()

  constructor(tree: HostTree) {
    this.#tree = tree
  }

  /** Every file that was there, as it was read last, in the order in which they were read first. */
  get files(): FileContents {
    return this.#files
  }

  read(path: string): string | undefined {
    try {
      const content = this.#tree.read(path)
      if (content !== undefined) this.#files.set(path, content)
      return content
    } catch (error) {
      if (error instanceof HostError) this.#files.set(path, null)
      throw error
    }
  }

  list(path: string): readonly string[] {
    return this.#tree.list(path)
  }

  nameOf(path: string): string {
    return this.#tree.nameOf(path)
  }
}
