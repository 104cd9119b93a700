import * as fs from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type CpioEntry, CpioWriter } from '../boot/cpio.ts'
import type { Cache } from './cache.ts'
import type { HostKernel } from './host-kernel.ts'
import { INIT_SCRIPT } from './init.ts'
import { packageEntries } from './payload.ts'

/**
 * The initramfs of one boot: the base archive, then what may differ from boot to boot (tsvmm itself,
 * the kernel's modules, /init). The file has no name any more when this returns: it is gone when the
 * last process that holds it ends, however it ends.
 */
export async function makeInitrd(
  baseArchive: string,
  kernel: HostKernel,
  cache: Cache,
): Promise<fs.FileHandle> {
  const entries: CpioEntry[] = [
    ...packageEntries(),
    ...(await Promise.all(kernel.modules.map(moduleEntry))),
    { kind: 'file', path: 'init', mode: 0o755, data: Buffer.from(INIT_SCRIPT) },
  ]
  const writer = new CpioWriter()
  const chunks = [...entries.flatMap(entry => writer.encode(entry)), writer.end()]
  const { size } = await fs.stat(baseArchive)
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, size)
  return unnamedFile(cache, bytes, async path => {
    await fs.copyFile(baseArchive, path)
    await fs.appendFile(path, Buffer.concat(chunks))
  })
}

/** A file that `write` makes, opened for reading and removed from its directory. */
export async function unnamedFile(
  cache: Cache,
  bytes: number,
  write: (path: string) => Promise<void>,
): Promise<fs.FileHandle> {
  return cache.withTemporary(bytes, async directory => {
    const path = join(directory, 'file')
    await write(path)
    return fs.open(path, 'r')
  })
}

async function moduleEntry(path: string): Promise<CpioEntry> {
  return { kind: 'file', path: `modules/${basename(path)}`, data: await fs.readFile(path) }
}
