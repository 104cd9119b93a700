import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeCpio, type CpioEntry } from '../../src/boot/cpio.ts'
import { Cache, cacheDirectory } from '../../src/lab/cache.ts'
import { provideDebianFiles } from '../../src/lab/debian-files.ts'

/** Debian 12's perf needs half of the libraries that later ones do, and runs on their kernels. */
const PERF = {
  what: 'perf and its libraries',
  suite: 'bookworm',
  packages: [
    ...['linux-perf', 'busybox-static', 'libc6', 'libgcc-s1', 'libstdc++6', 'libbabeltrace1'],
    ...['libbz2-1.0', 'libcap2', 'libcrypt1', 'libdw1', 'libelf1', 'libexpat1', 'libglib2.0-0'],
    ...['liblzma5', 'libnuma1', 'libopencsd1', 'libpcre2-8-0', 'libperl5.36', 'libpython3.11'],
    ...['libslang2', 'libunwind8', 'libuuid1', 'libzstd1', 'zlib1g'],
  ],
  files: [
    ...['bin/perf', 'bin/busybox', 'ld-linux-aarch64.so.1', 'libc.so.6', 'libm.so.6'],
    ...['libbabeltrace-ctf.so.1', 'libbabeltrace.so.1', 'libbz2.so.1.0', 'libcap.so.2'],
    ...['libcrypt.so.1', 'libdw.so.1', 'libelf.so.1', 'libexpat.so.1', 'libgcc_s.so.1'],
    ...['libglib-2.0.so.0', 'liblzma.so.5', 'libnuma.so.1', 'libopencsd.so.1'],
    ...['libopencsd_c_api.so.1', 'libpcre2-8.so.0', 'libperl.so.5.36', 'libpython3.11.so.1.0'],
    ...['libslang.so.2', 'libstdc++.so.6', 'libunwind-aarch64.so.8', 'libunwind.so.8'],
    ...['libuuid.so.1', 'libz.so.1', 'libzstd.so.1'],
  ],
}

const PROGRAMS = ['perf', 'busybox']
const LIBRARIES = 'usr/lib/aarch64-linux-gnu'

/**
 * A root file system with busybox, Debian's perf and `init`, a script. Not compressed: unpacking takes
 * an emulated guest longer than loading it.
 */
export async function perfInitrd(init: string): Promise<Uint8Array> {
  const files = await provideDebianFiles(
    `userland/perf-${PERF.suite}`,
    PERF,
    new Cache(cacheDirectory(process.env)),
    {
      env: process.env,
      signal: new AbortController().signal,
      progress: line => console.error(line),
    },
  )
  const folders = ['dev', 'proc', 'sys', 'tmp', 'usr', 'usr/bin', 'usr/lib', LIBRARIES]
  const entries: CpioEntry[] = [
    ...folders.map((path): CpioEntry => ({ kind: 'directory', path })),
    { kind: 'symlink', path: 'bin', target: 'usr/bin' },
    { kind: 'symlink', path: 'lib', target: 'usr/lib' },
    {
      kind: 'symlink',
      path: 'usr/lib/ld-linux-aarch64.so.1',
      target: 'aarch64-linux-gnu/ld-linux-aarch64.so.1',
    },
    { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
    ...readdirSync(files)
      .filter(name => name !== 'asset.json')
      .map((name): CpioEntry => ({
        kind: 'file',
        path: join(PROGRAMS.includes(name) ? 'usr/bin' : LIBRARIES, name),
        mode: 0o755,
        data: readFileSync(join(files, name)),
      })),
    { kind: 'file', path: 'init', mode: 0o755, data: Buffer.from(init) },
  ]
  return encodeCpio(entries)
}
