import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DirectoryMessage, FileMessage, Root } from './protocol.ts'

/** What there was below the roots at one moment, and how to tell whether it changed. */
export class Snapshot {
  readonly #files = new Map<string, { readonly mark: string; readonly message: FileMessage }>()
  readonly #directories = new Set<string>()

  static async take(roots: readonly Root[]): Promise<Snapshot> {
    const snapshot = new Snapshot()
    for (const root of roots) await snapshot.#add(root.path, root.deep ? Infinity : 1)
    return snapshot
  }

  /** Directories that are new, then files that are new or different; parents before children. */
  changesSince(before: Snapshot): (DirectoryMessage | FileMessage)[] {
    const directories = [...this.#directories].filter(path => !before.#directories.has(path))
    const files = [...this.#files].filter(
      ([path, file]) => before.#files.get(path)?.mark !== file.mark,
    )
    return [
      ...directories.map(path => ({ kind: 'directory', path }) as const),
      ...files.map(([, file]) => file.message),
    ]
  }

  /** Regular files and directories only: a link could name any place of the outer machine. */
  async #add(path: string, depth: number): Promise<void> {
    const stat = await lstat(path, { bigint: true }).catch(() => undefined)
    if (stat?.isFile() === true) {
      this.#files.set(path, {
        mark: [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(),
        message: {
          kind: 'file',
          path,
          mode: Number(stat.mode & 0o777n),
          size: Number(stat.size),
        },
      })
    } else if (stat?.isDirectory() === true) {
      if (depth === 0) return
      this.#directories.add(path)
      for (const name of await readdir(path)) await this.#add(join(path, name), depth - 1)
    }
  }
}
