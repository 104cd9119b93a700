import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { homedir, hostname } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { HostError, LabError } from '../errors/index.ts'

/** A directory of the cache that was made whole; `files` maps names in it to sizes and digests. */
export interface Asset<Facts> {
  readonly directory: string
  readonly facts: Facts
}

interface Manifest<Facts> {
  readonly facts: Facts
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>
}

interface Recipe<Facts> {
  /** What `make` needs at its peak. */
  readonly bytes: number
  /** Fills the fresh directory; what it leaves there is the asset. */
  make(directory: string): Promise<Facts>
}

const MANIFEST = 'asset.json'
const MIB = 1024 ** 2
/** A building place of another machine that shares our cache directory is dead after this. */
const FOREIGN_MAX_AGE_MS = 24 * 3600_000

/** `$XDG_CACHE_HOME/tsvmm`, or `~/.cache/tsvmm`. */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>>): string {
  // The XDG specification: a relative path is to be ignored.
  const xdg = env['XDG_CACHE_HOME']
  return join(xdg?.startsWith('/') === true ? xdg : join(homedir(), '.cache'), 'tsvmm')
}

/**
 * Directories made once and used by every later run. An asset is made in a place of its own and
 * renamed into the cache when whole: whatever happens, half an asset is never taken for one, and of
 * several processes that make the same asset one wins and the others use the winner's.
 */
export class Cache {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  /** The asset if it is there and its files have the sizes they were made with. */
  async find<Facts>(key: string): Promise<Asset<Facts> | undefined> {
    const directory = join(this.root, key)
    try {
      const manifest = await readManifest<Facts>(directory)
      for (const [name, { size }] of Object.entries(manifest.files)) {
        if ((await fs.stat(join(directory, name))).size !== size) return undefined
      }
      return { directory, facts: manifest.facts }
    } catch {
      return undefined
    }
  }

  /** The asset, made now if it is not there or is damaged. */
  async provide<Facts>(key: string, recipe: Recipe<Facts>): Promise<Asset<Facts>> {
    return (await this.find<Facts>(key)) ?? (await this.#make(key, recipe))
  }

  /** Names of what is there below `folder`. */
  async list(folder: string): Promise<string[]> {
    return fs.readdir(join(this.root, folder)).catch(() => [])
  }

  /** A fresh directory on the cache's file system, removed when `use` is done. */
  async withTemporary<T>(bytes: number, use: (directory: string) => Promise<T>): Promise<T> {
    const directory = await this.#temporary(bytes)
    try {
      return await use(directory)
    } catch (error) {
      throw isNoSpace(error) ? this.#noSpace(bytes, error) : error
    } finally {
      await fs.rm(directory, { recursive: true, force: true })
    }
  }

  async #make<Facts>(key: string, recipe: Recipe<Facts>): Promise<Asset<Facts>> {
    return this.withTemporary(recipe.bytes, async temporary => {
      const made = join(temporary, 'asset')
      await fs.mkdir(made)
      const facts = await recipe.make(made)
      await writeManifest(made, facts)
      const directory = join(this.root, key)
      await makeDirectories(dirname(directory))
      await this.#moveIn(made, directory, key, temporary)
      return { directory, facts: (await readManifest<Facts>(directory)).facts }
    })
  }

  async #moveIn(made: string, directory: string, key: string, temporary: string): Promise<void> {
    try {
      await fs.rename(made, directory)
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error
      // Somebody was faster: theirs is as good as ours. A damaged one goes.
      if ((await this.find(key)) !== undefined) return
      await fs.rename(directory, join(temporary, 'damaged'))
      await fs.rename(made, directory)
    }
  }

  async #temporary(bytes: number): Promise<string> {
    const folder = join(this.root, 'tmp')
    try {
      await makeDirectories(folder)
      await removeLeftovers(folder)
      const { bavail, bsize } = await fs.statfs(folder)
      if (bavail * bsize < bytes) throw this.#noSpace(bytes)
      const directory = join(
        folder,
        `${hostname()},${process.pid},${randomBytes(6).toString('hex')}`,
      )
      await fs.mkdir(directory, { mode: 0o700 })
      return directory
    } catch (cause) {
      if (cause instanceof HostError) throw cause
      if (isNoSpace(cause)) throw this.#noSpace(bytes, cause)
      throw new LabError('CACHE', `the cache directory ${this.root} cannot be written to`, {
        cause,
        try: ['set XDG_CACHE_HOME to a directory you may write to'],
      })
    }
  }

  #noSpace(bytes: number, cause?: unknown): HostError {
    const needed = Math.ceil(bytes / MIB)
    return new HostError('NO_SPACE', `the cache directory ${this.root} needs ${needed} MiB free`, {
      cause,
      try: ['free some space, or set XDG_CACHE_HOME to a directory on a larger file system'],
    })
  }
}

/** Not by `recursive`: Node's tries for ever where a parent is there and no child can be (/proc). */
async function makeDirectories(path: string): Promise<void> {
  if (existsSync(path)) return
  await makeDirectories(dirname(path))
  await fs.mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (!isErrno(error, 'EEXIST')) throw error
  })
}

async function readManifest<Facts>(directory: string): Promise<Manifest<Facts>> {
  return JSON.parse(await fs.readFile(join(directory, MANIFEST), 'utf8')) as Manifest<Facts>
}

async function writeManifest(directory: string, facts: unknown): Promise<void> {
  const files: Record<string, { size: number; sha256: string }> = {}
  const entries = await fs.readdir(directory, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter(entry => entry.isFile())) {
    const path = join(entry.parentPath, entry.name)
    files[relative(directory, path)] = {
      size: (await fs.stat(path)).size,
      sha256: await sha256(path),
    }
  }
  const manifest: Manifest<unknown> = { facts, files }
  await fs.writeFile(join(directory, MANIFEST), JSON.stringify(manifest, undefined, 2))
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Removes building places whose process is gone: it was killed, or the machine went down. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await fs.readdir(folder)) {
    const [host, pid] = name.split(',')
    const path = join(folder, name)
    const dead =
      host === hostname()
        ? !isAlive(Number(pid))
        : Date.now() - ((await fs.stat(path).catch(() => undefined))?.mtimeMs ?? 0) >
          FOREIGN_MAX_AGE_MS
    if (dead) await fs.rm(path, { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: alive, somebody else's.
    return isErrno(error, 'EPERM')
  }
}

function isErrno(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '')
}

/** ENOSPC of ours, or of a tool that says so in its last line. */
function isNoSpace(error: unknown): boolean {
  if (isErrno(error, 'ENOSPC', 'EDQUOT')) return true
  const words = error instanceof LabError ? `${error.message} ${error.why ?? ''}` : ''
  return words.includes('No space left on device') || words.includes('ENOSPC')
}
