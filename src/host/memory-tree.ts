import { HostError } from '../errors/index.ts'
import type { HostTree } from './tree.ts'

/** What a saved machine has of a file: its text, or null if it was there and could not be read. */
export type FileContents = ReadonlyMap<string, string | null>

/** The tree of a machine of which only some files are known. */
export class MemoryTree implements HostTree {
  readonly #files: FileContents
  readonly #name: string
  readonly #children = new Map<string, Set<string>>()

  /** @param name what the files are in, for errors: the name of the saved machine */
  constructor(files: FileContents, name: string) {
    this.#files = files
    this.#name = name
    for (const path of files.keys()) this.#addToParents(path)
  }

  read(path: string): string | undefined {
    const content = this.#files.get(path)
    if (content !== null) return content
    throw new HostError('SYSFS', `cannot read ${this.nameOf(path)}`, {
      why: 'it could not be read on the machine itself',
    })
  }

  list(path: string): readonly string[] {
    return [...(this.#children.get(path) ?? [])].sort()
  }

  nameOf(path: string): string {
    return `${path} in ${this.#name}`
  }

  #addToParents(path: string): void {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end)
      const names = this.#children.get(parent)
      const name = path.slice(end + 1).split('/', 1)[0] ?? ''
      if (names?.has(name)) return
      if (names) names.add(name)
      else this.#children.set(parent, new Set([name]))
    }
  }
}
