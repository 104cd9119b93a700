/**
 * QEMU for arm64 with its libraries, from the suite that the emulated host's other programs are of,
 * by the lab's own cache: fetched once.
 */
import { cp, mkdir, readdir, realpath } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Cache, cacheDirectory } from '../../dist/lab/cache.js'
import { DebianSuite } from '../../dist/lab/debian.js'

const SUITE = 'trixie'
const PACKAGE = 'qemu-system-arm'
const BYTES_NEEDED = 600 * 1024 ** 2

/** A directory that holds `qemu-system-aarch64` and `lib`. */
export async function provideArm64Qemu() {
  const cache = new Cache(cacheDirectory(process.env))
  const context = {
    env: process.env,
    signal: new AbortController().signal,
    progress: line => console.error(line),
  }
  const { directory } = await cache.provide(`arm64-qemu/${SUITE}`, {
    bytes: BYTES_NEEDED,
    make: directory =>
      cache.withTemporary(0, async work => {
        context.progress(`bench: fetching ${PACKAGE} for arm64 …`)
        const suite = await DebianSuite.open(SUITE, work, context)
        const unpacked = join(work, 'unpacked')
        for (const name of await closure(suite, PACKAGE)) await suite.unpack(name, unpacked)
        await keep(unpacked, directory)
        return { version: await suite.version(PACKAGE) }
      }),
  })
  return directory
}

/** The package and the libraries that it needs; the emulated host has the C library. */
async function closure(suite, first) {
  const names = new Set([first])
  // What is added while it is gone through is gone through, too.
  for (const name of names)
    for (const needed of await suite.dependencies(name))
      if (/^(lib|zlib)/.test(needed) && needed !== 'libc6' && (await suite.version(needed)))
        names.add(needed)
  return names
}

/** Libraries by the names that programs ask for, in one folder and without links. */
async function keep(unpacked, directory) {
  const all = await readdir(unpacked, { recursive: true })
  await mkdir(join(directory, 'lib'))
  for (const name of all.filter(name => /\.so\.\d+(t64)?$/.test(name)))
    await cp(await realpath(join(unpacked, name)), join(directory, 'lib', basename(name)))
  await cp(join(unpacked, 'usr/bin/qemu-system-aarch64'), join(directory, 'qemu-system-aarch64'))
}
