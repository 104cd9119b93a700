import * as fs from 'node:fs/promises'
import { type CpioEntry, CpioWriter } from '../boot/cpio.ts'

/** Directories of the emulated host. */
const DIRECTORIES = [
  ...['dev', 'proc', 'sys', 'tmp', 'run', 'root', 'etc', 'opt', 'modules', 'usr', 'usr/bin'],
  ...['usr/lib', 'usr/lib/aarch64-linux-gnu'],
]
const LINKS = {
  bin: 'usr/bin',
  sbin: 'usr/bin',
  lib: 'usr/lib',
  'usr/sbin': 'bin',
  'usr/lib/ld-linux-aarch64.so.1': 'aarch64-linux-gnu/ld-linux-aarch64.so.1',
}

/**
 * Packs Node and the userland. The archive is not compressed: unpacking 100 MB of plain archive takes
 * the emulated kernel 0.3 s, unpacking it from gzip several seconds.
 */
export async function writeBaseArchive(
  path: string,
  nodeBinary: string,
  userland: string,
): Promise<void> {
  const writer = new CpioWriter()
  const out = await fs.open(path, 'wx')
  const add = async (entry: CpioEntry) => {
    for (const bytes of writer.encode(entry)) await out.writeFile(bytes)
  }
  try {
    for (const path of DIRECTORIES) await add({ kind: 'directory', path })
    for (const [path, target] of Object.entries(LINKS)) await add({ kind: 'symlink', path, target })
    // The kernel opens it before /init can mount /dev.
    await add({ kind: 'character-device', path: 'dev/console', major: 5, minor: 1 })
    for (const name of await fs.readdir(userland)) {
      if (name === 'asset.json') continue
      const folder = name === 'busybox' ? 'usr/bin' : 'usr/lib/aarch64-linux-gnu'
      const data = await fs.readFile(`${userland}/${name}`)
      await add({ kind: 'file', path: `${folder}/${name}`, mode: 0o755, data })
    }
    const node = await fs.readFile(nodeBinary)
    await add({ kind: 'file', path: 'usr/bin/node', mode: 0o755, data: node })
    await out.writeFile(writer.end())
  } finally {
    await out.close()
  }
}
