import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { HostError } from '../errors/index.ts'
import { type FileMessage, ProtocolError, type Root } from './protocol.ts'

/**
 * Writes the files a command in the emulated host has created or changed. The emulated host is not
 * trusted: only paths below the roots count, links on the way are not followed, and a file appears
 * whole or not at all.
 */
export class FileReceiver {
  readonly #roots: readonly Root[]
  readonly written: string[] = []
  #current: { path: string; temporary: string; handle: FileHandle; missing: number } | undefined

  constructor(roots: readonly Root[]) {
    this.#roots = roots
  }

  async directory(path: string): Promise<void> {
    const root = allowedRoot(path, this.#roots)
    await refuseLinks(root, path)
    await mkdir(path, { recursive: true })
  }

  async begin({ path, mode, size }: FileMessage): Promise<void> {
    if (this.#current !== undefined) throw new ProtocolError(`${path} begins inside another file`)
    const root = allowedRoot(path, this.#roots)
    await refuseLinks(root, dirname(path))
    const temporary = join(dirname(path), `.tsvmm-${randomBytes(6).toString('hex')}`)
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY
    const handle = await writing(path, open(temporary, flags, mode & 0o777))
    this.#current = { path, temporary, handle, missing: size }
    await this.data(new Uint8Array(0))
  }

  async data(bytes: Uint8Array): Promise<void> {
    const current = this.#current
    if (current === undefined || bytes.length > current.missing) {
      throw new ProtocolError('file contents nobody announced')
    }
    await writing(current.path, current.handle.writeFile(bytes))
    current.missing -= bytes.length
    if (current.missing > 0) return
    await current.handle.close()
    await writing(current.path, rename(current.temporary, current.path))
    this.#current = undefined
    this.written.push(current.path)
  }

  /** Forgets a file that will never be whole. */
  async abandon(): Promise<void> {
    await this.#current?.handle.close()
    if (this.#current !== undefined) await rm(this.#current.temporary, { force: true })
    this.#current = undefined
  }
}

/** The root that allows `path`; throws `ProtocolError` if none does. */
export function allowedRoot(path: string, roots: readonly Root[]): Root {
  const root = roots.find(candidate => {
    if (path === candidate.path) return true
    const parent = candidate.path === '/' ? '/' : candidate.path + sep
    return path.startsWith(parent) && (candidate.deep || dirname(path) === candidate.path)
  })
  if (root === undefined || path !== resolve(path) || path.includes('\0')) {
    throw new ProtocolError(`${JSON.stringify(path)} is not a place to write to`)
  }
  return root
}

/** Refuses a path that reaches its place through a link below the root. */
async function refuseLinks(root: Root, path: string): Promise<void> {
  let at = root.path
  for (const part of relative(root.path, path).split(sep)) {
    if (part === '..') return
    at = join(at, part)
    const stat = await lstat(at).catch(() => undefined)
    if (at !== root.path && stat?.isSymbolicLink() === true) {
      throw new ProtocolError(`${at} is a link, and files are not brought back through links`)
    }
  }
}

async function writing<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw new HostError('OUTPUT', `${path}, written in the emulated host, cannot be brought back`, {
      cause,
    })
  }
}
