import * as fs from 'node:fs/promises'
import { basename, join } from 'node:path'
import { LabError } from '../errors/index.ts'
import type { Cache } from './cache.ts'
import { DebianSuite } from './debian.ts'
import type { ToolContext } from './tool.ts'

/** Files out of arm64 packages of one Debian suite. */
export interface DebianFiles {
  readonly suite: string
  readonly packages: readonly string[]
  /** The ends of their paths; where a package keeps them differs between suites. */
  readonly files: readonly string[]
  /** What they are together, as the object of "fetching …". */
  readonly what: string
}

/** Packages and what is unpacked from them. */
const BYTES_NEEDED = 500 * 1024 ** 2

/**
 * The directory of the cache that holds these files, fetched now if they are not there.
 *
 * @throws {LabError} they cannot be fetched, or the packages do not hold them
 */
export async function provideDebianFiles(
  key: string,
  wanted: DebianFiles,
  cache: Cache,
  context: ToolContext,
): Promise<string> {
  const { directory } = await cache.provide(key, {
    bytes: BYTES_NEEDED,
    make: directory =>
      cache.withTemporary(0, async work => {
        context.progress(`lab: fetching ${wanted.what} for arm64 …`)
        const debian = await DebianSuite.open(wanted.suite, work, context)
        const unpacked = join(work, 'unpacked')
        for (const name of wanted.packages) await debian.unpack(name, unpacked)
        await keep(wanted.files, unpacked, directory)
      }),
  })
  return directory
}

async function keep(files: readonly string[], unpacked: string, directory: string): Promise<void> {
  const all = await fs.readdir(unpacked, { recursive: true })
  for (const name of files) {
    const path = all.find(path => `/${path}`.endsWith(`/${name}`))
    if (path === undefined) throw new LabError('TOOL', `the Debian packages hold no ${name}`)
    await fs.copyFile(await fs.realpath(join(unpacked, path)), join(directory, basename(name)))
  }
}
