import {
  type Stats,
  accessSync,
  constants,
  lstatSync,
  readdirSync,
  readlinkSync,
  statSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from '../errors/index.ts'
import type { Root } from './protocol.ts'

/** Something of this machine that a command in the emulated host gets to see, under the same path. */
export type OuterFile =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly size: number }

export interface ArgumentFiles {
  /** Parents before children. */
  readonly files: readonly OuterFile[]
  /** Where the command's changes are brought back from. */
  readonly roots: readonly Root[]
}

/** What the arguments of one command may name in all; it has to fit the emulated host's memory. */
const MAX_BYTES = 1024 ** 3
const MAX_FILES = 20_000

/** These belong to the emulated host: a path below them means its file, not ours. */
const HOST_OWN = ['/proc', '/sys', '/dev']

/**
 * The files the arguments name: an argument, or what follows its first `=`, that exists as a file
 * or directory. Throws `UsageError` if that is too much to take along.
 */
export function findArgumentFiles(argv: readonly string[], cwd: string): ArgumentFiles {
  const found = new Map<string, OuterFile>([[cwd, { kind: 'directory', path: cwd }]])
  const roots = new Map<string, Root>()
  addRoot(roots, cwd, cwd !== '/')
  for (const candidate of argv.flatMap(candidates)) {
    const path = resolve(cwd, candidate)
    if (path === '/' || isHostOwn(path)) continue
    const stat = statOf(path)
    const isOutput = stat === undefined && candidate.includes('/') && isDirectory(dirname(path))
    if (isOutput || stat?.isFile() === true || stat?.isDirectory() === true) {
      addRoot(roots, path, true)
      addRoot(roots, dirname(path), false)
      found.set(dirname(path), { kind: 'directory', path: dirname(path) })
    }
    if (stat !== undefined) takeAlong(candidate, path, stat, found)
  }
  return { files: [...found.values()], roots: [...roots.values()] }
}

function candidates(argument: string): string[] {
  const equals = argument.indexOf('=')
  const value = equals < 0 ? [] : [argument.slice(equals + 1)]
  return (argument.startsWith('-') ? value : [argument, ...value]).filter(text => text !== '')
}

function isHostOwn(path: string): boolean {
  return HOST_OWN.some(own => path === own || path.startsWith(`${own}/`))
}

function isDirectory(path: string): boolean {
  return statOf(path)?.isDirectory() === true
}

/** Most arguments are no paths at all, and some are too long for one. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

function addRoot(roots: Map<string, Root>, path: string, deep: boolean): void {
  roots.set(path, { path, deep: deep || roots.get(path)?.deep === true })
}

function takeAlong(
  candidate: string,
  path: string,
  stat: Stats,
  found: Map<string, OuterFile>,
): void {
  try {
    take(path, stat, found, budget(candidate))
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${candidate} cannot be taken to the emulated host`, {
      why: (error as Error).message,
    })
  }
}

/** Adds `path` and all below it. Links below it stay links; other kinds of file stay out. */
function take(path: string, stat: Stats, found: Map<string, OuterFile>, spend: Spend): void {
  spend(stat.isFile() ? stat.size : 0)
  if (stat.isFile()) {
    accessSync(path, constants.R_OK)
    found.set(path, { kind: 'file', path, mode: stat.mode & 0o777, size: stat.size })
  } else if (stat.isSymbolicLink()) {
    found.set(path, { kind: 'symlink', path, target: readlinkSync(path) })
  } else if (stat.isDirectory()) {
    found.set(path, { kind: 'directory', path })
    for (const name of readdirSync(path)) {
      const child = join(path, name)
      take(child, lstatSync(child), found, spend)
    }
  }
}

type Spend = (bytes: number) => void

function budget(argument: string): Spend {
  let bytes = 0
  let files = 0
  return size => {
    bytes += size
    files += 1
    if (bytes <= MAX_BYTES && files <= MAX_FILES) return
    const limit = bytes > MAX_BYTES ? `${MAX_BYTES / 1024 ** 2} MiB` : `${MAX_FILES} files`
    throw new UsageError(`${argument} holds more than the ${limit} the emulated host takes along`, {
      try: ['name only the files the command needs'],
    })
  }
}
