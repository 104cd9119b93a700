import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { HostError } from '../errors/index.ts'

/** Where facts about a machine are read: its /sys and /proc, wherever they are. */
export interface HostTree {
  /**
   * The text of a file without its final newline, or undefined if there is no such file.
   *
   * @param path as the machine calls it: `/sys/devices/system/cpu/online`
   * @throws {@link HostError} `SYSFS` if it is there and cannot be read
   */
  read(path: string): string | undefined
  /**
   * The names in a directory in the order of the alphabet; none if there is no such directory.
   *
   * @throws {@link HostError} `SYSFS` if it is there and cannot be listed
   */
  list(path: string): readonly string[]
  /** What an error calls a path, so that whoever reads it finds the file. */
  nameOf(path: string): string
}

/** The most that is read of a file of a saved tree. Those of sysfs are a page, those of /proc a few. */
const MAX_SIZE = 1024 * 1024

/** The tree of this machine, or of one that was saved below a directory. */
export class DiskTree implements HostTree {
  readonly root: string

  constructor(root = '/') {
    this.root = root
  }

  read(path: string): string | undefined {
    const file = this.nameOf(path)
    try {
      if (this.root !== '/') checkFile(file)
      return readFileSync(file, 'utf8').replace(/\n$/, '')
    } catch (error) {
      if (isMissing(error)) return undefined
      throw new HostError('SYSFS', `cannot read ${file}`, { why: wordsOf(error), cause: error })
    }
  }

  list(path: string): readonly string[] {
    const directory = this.nameOf(path)
    try {
      return readdirSync(directory).sort()
    } catch (error) {
      if (isMissing(error)) return []
      throw new HostError('SYSFS', `cannot list ${directory}`, {
        why: wordsOf(error),
        cause: error,
      })
    }
  }

  nameOf(path: string): string {
    return this.root === '/' ? path : join(this.root, path)
  }
}

/** The machine we run on. */
export const THIS_HOST: HostTree = new DiskTree()

/** A pipe that somebody put into a saved tree would be waited for, and a disk read to its end. */
function checkFile(file: string): void {
  const stat = statSync(file)
  if (!stat.isFile()) throw new Error('it is no file')
  if (stat.size > MAX_SIZE)
    throw new Error(`it has ${stat.size} bytes, more than a file of a kernel`)
}

/** Without the file, which is named already: `EACCES: permission denied`. */
function wordsOf(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error)
  return words.replace(/, \w+( '.*')?$/s, '')
}

/** ENODEV: it vanished after it was opened (fs/kernfs/file.c, `kernfs_seq_start`, v6.12). */
function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOENT' || error.code === 'ENODEV')
  )
}
