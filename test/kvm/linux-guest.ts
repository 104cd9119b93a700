import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Cache, cacheDirectory } from '../../src/lab/cache.ts'
import { provideHostKernel } from '../../src/lab/host-kernel.ts'
import { withNewestKernel, type KvmHost } from './host.ts'

/* Debian's kernels as guests, with the emulated host's busybox as their user space. */

export type GuestKernel = '6.1' | '6.12' | 'newest'

/** Writes Debian's kernel to the file `path`, packed as distributions do it. */
export async function packKernel(kernel: GuestKernel, path: string): Promise<void> {
  const { image } = await (kernel === 'newest' ? withNewestKernel(provide) : provide(kernel))
  writeFileSync(path, execFileSync('gzip', ['-1', '-c', image], { maxBuffer: 1e9 }))
}

function provide(kernel: string): ReturnType<typeof provideHostKernel> {
  return provideHostKernel(kernel, new Cache(cacheDirectory(process.env)), {
    env: process.env,
    signal: new AbortController().signal,
    progress: (line: string) => console.error(line),
  })
}

/** Makes an initrd that runs `init`, a script of busybox: the file `initrd` in `folder`. */
export async function makeInitrd(host: KvmHost, init: string, folder: string): Promise<void> {
  writeFileSync(join(folder, 'init'), `#!/usr/bin/busybox sh\n${SET_UP}${init}`, { mode: 0o755 })
  const made = await host.exec('sh', '-c', MAKE_INITRD, folder)
  expect(made.stderr).toBe('')
}

const SET_UP = `/usr/bin/busybox --install -s /usr/bin
export PATH=/usr/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys
`

const MAKE_INITRD = `set -e
mkdir -p $0/root && cd $0/root
for folder in dev proc sys usr/bin usr/lib/aarch64-linux-gnu; do mkdir -p $folder; done
ln -s usr/bin bin; ln -s usr/lib lib
cp /usr/bin/busybox usr/bin
cp -a /usr/lib/ld-linux-aarch64.so.1 usr/lib
cp /usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1 /usr/lib/aarch64-linux-gnu/lib[cm].so.6 \\
  usr/lib/aarch64-linux-gnu
cp ../init .
mknod dev/console c 5 1
find . | cpio -o -H newc 2>/dev/null | gzip -1 >$0/initrd`
