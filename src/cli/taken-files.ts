import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { UsageError } from '../errors/index.ts'
import { withFile } from './bare-flags.ts'

/** What a command line names a file for. */
interface Taken {
  /** `--json`, `the image`. */
  readonly by: string
  readonly path: string
  readonly isRead: boolean
}

const all = new Set<Taken>()

/**
 * Takes a file for one option to write: what two write, one of them would lose, and what is read
 * would be gone. Devices and pipes lose nothing by it.
 *
 * @returns gives it back
 * @throws {UsageError} another option writes or reads it
 * @throws what realpath(3) says of a directory that is not there
 */
export function takeFile(option: string, path: string): () => void {
  return take({ by: option, path, isRead: false }, placeOf(path))
}

/**
 * Keeps files that are read from being written, links to them included; before any is opened for
 * output.
 *
 * @param files their paths, by what names them; `-` is stdin
 * @throws {UsageError} an option writes one of them
 */
export function keepInputs(files: Readonly<Record<string, string | undefined>>): void {
  for (const [by, name] of Object.entries(files)) {
    if (name === undefined) continue
    const path = name === '-' ? '/dev/stdin' : name
    take({ by, path, isRead: true }, placeIfAny(path))
  }
}

function take(file: Taken, place: string | undefined): () => void {
  if (place === undefined) return () => undefined
  const other = [...all].find(
    ({ path, isRead }) => !(isRead && file.isRead) && placeIfAny(path) === place,
  )
  if (other !== undefined) throw bothName(other, file)
  all.add(file)
  return () => all.delete(file)
}

function bothName(first: Taken, second: Taken): UsageError {
  const [writer, other] = first.isRead ? [second, first] : [first, second]
  return new UsageError(`${writer.by} and ${other.by} both name the file ${second.path}`, {
    try: [`${withFile(second.isRead ? first.by : second.by)}    # a file of its own`],
  })
}

/** The same for all names of a file; undefined for what is none. */
function placeOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true })
  if (stat === undefined) return join(realpathSync(dirname(path)), basename(path))
  return stat.isFile() ? `${stat.dev}:${stat.ino}` : undefined
}

function placeIfAny(path: string): string | undefined {
  try {
    return placeOf(path)
  } catch {
    return undefined
  }
}
