import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Cache, cacheDirectory } from '../../src/lab/cache.ts'
import { provideHostKernel } from '../../src/lab/host-kernel.ts'
import { emulatedHost, type KvmHost } from './host.ts'

/* Debian's kernel as a guest, with the emulated host's busybox as its user space. */
let host: KvmHost
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  const context = {
    env: process.env,
    signal: new AbortController().signal,
    progress: (line: string) => console.error(line),
  }
  const { image } = await provideHostKernel('6.12', new Cache(cacheDirectory(process.env)), context)
  // As distributions pack it.
  writeFileSync(
    join(folder, 'vmlinuz'),
    execFileSync('gzip', ['-1', '-c', image], { maxBuffer: 1e9 }),
  )
  host = await emulatedHost({ topology: 'biglittle' })
  const made = await host.exec('sh', '-c', MAKE_INITRD, folder)
  expect(made.stderr).toBe('')
}, 240_000)
afterAll(async () => {
  await host[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** What the guest does: says what it is, gives back a line, and ends as that line says. */
const INIT = `#!/usr/bin/busybox sh
/usr/bin/busybox --install -s /usr/bin
export PATH=/usr/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys
echo "guest: $(nproc) CPUs, $(ls /sys/bus/event_source/devices | grep armv8)"
grep -c ttyS0 /proc/interrupts
read line
echo "guest: was told $line"
$line -f
`

const MAKE_INITRD = `set -e
mkdir -p $0/root && cd $0/root
for folder in dev proc sys usr/bin usr/lib/aarch64-linux-gnu; do mkdir -p $folder; done
ln -s usr/bin bin; ln -s usr/lib lib
cp /usr/bin/busybox usr/bin
cp -a /usr/lib/ld-linux-aarch64.so.1 usr/lib
cp /usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1 /usr/lib/aarch64-linux-gnu/lib[cm].so.6 \\
  usr/lib/aarch64-linux-gnu
cat >init <<'END'
${INIT}END
chmod 755 init
mknod dev/console c 5 1
find . | cpio -o -H newc 2>/dev/null | gzip -1 >$0/initrd`

describe('Linux', () => {
  it.each([
    ['poweroff', { kind: 'powered-off' }],
    ['reboot', { kind: 'reset' }],
  ])('boots to a shell with a PMU, hears what is typed, and ends by %s', async (word, outcome) => {
    const line = `echo ${word} | tsvmm run --pmu --vcpu-affinity 2-3 -c 2 -m 512M -k $0/vmlinuz \\
      -i $0/initrd -p 'console=ttyS0 quiet' --timeout 150 --json $0/${word}.json`
    const { status, stdout } = await host.exec('sh', '-c', line, folder)
    expect(stdout).toContain('guest: 2 CPUs, armv8_pmuv3')
    expect(stdout).toContain(`guest: was told ${word}`)
    expect(status).toBe(0)
    const result = JSON.parse(readFileSync(join(folder, `${word}.json`), 'utf8')) as {
      exits: Record<string, number>
    }
    expect(result).toMatchObject({ outcome })
    // Most of what the console takes is answered without asking.
    const { 'mmio-posted-write': posted = 0, 'mmio-write': asked = 0 } = result.exits
    expect(posted).toBeGreaterThan(asked)
  })
})
