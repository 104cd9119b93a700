import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emulatedHost, type KvmHost } from './host.ts'
import { makeInitrd, packKernel } from './linux-guest.ts'
import { perfInitrd } from './perf-initrd.ts'

/* Debian's kernel as a guest. */
let host: KvmHost
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  await packKernel('6.12', join(folder, 'vmlinuz'))
  host = await emulatedHost({ topology: 'biglittle' })
  await makeInitrd(host, INIT, folder)
}, 240_000)
afterAll(async () => {
  await host[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** What the guest does: says what it is, gives back a line, and ends as that line says. */
const INIT = `echo "guest: $(nproc) CPUs, $(ls /sys/bus/event_source/devices | grep armv8)"
grep -c ttyS0 /proc/interrupts
echo "guest: it is $(date +%s)"
dmesg | grep -oE 'KASLR enabled|crng init done|using stolen time PV'
read line
echo "guest: was told $line"
$line -f
`

describe('Linux', () => {
  it('that panics, with panic=-1, ends by a reset, and is quoted', async () => {
    const args = ['-m', '512M', '-k', join(folder, 'vmlinuz'), '-p', 'console=ttyS0 panic=-1']
    const { status, stderr } = await host.exec('tsvmm', 'run', '--timeout', '150', ...args)
    expect(stderr).toMatch(
      /error: the guest asked for a reset\nwhy: {2}.*: Kernel panic - not syncing: VFS/,
    )
    expect(status).toBe(194)
  })

  it.each([
    ['poweroff', { kind: 'powered-off' }, 0],
    ['reboot', { kind: 'reset' }, 194],
  ])(
    'boots to a shell with a PMU, hears what is typed, and ends by %s',
    async (word, outcome, ended) => {
      const line = `echo ${word} | tsvmm run --pmu --vcpu-affinity 2-3 -c 2 -m 512M -k $0/vmlinuz \\
      -i $0/initrd -p quiet --timeout 150 --json $0/${word}.json`
      const { status, stdout } = await host.exec('sh', '-c', line, folder)
      const [, seconds] = /guest: it is (\d+)/.exec(stdout) ?? []
      // That of this machine: the emulated host has it from an RTC of its own.
      expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(100)
      expect(stdout).toMatch(/^KASLR enabled\r?\ncrng init done\r?\nusing stolen time PV\r?$/m)
      expect(stdout).toContain('guest: 2 CPUs, armv8_pmuv3')
      expect(stdout).toContain(`guest: was told ${word}`)
      expect(status).toBe(ended)
      const result = JSON.parse(readFileSync(join(folder, `${word}.json`), 'utf8')) as {
        exits: Record<string, number>
      }
      expect(result).toMatchObject({ outcome })
      // Most of what the console takes is answered without asking.
      const { 'mmio-posted-write': posted = 0, 'mmio-write': asked = 0 } = result.exits
      expect(posted).toBeGreaterThan(asked)
    },
  )
})

/** Every line that the test looks at begins with a word of its own. */
const PERF_INIT = `#!/usr/bin/busybox sh
/usr/bin/busybox --install -s /usr/bin
export PATH=/usr/bin HOME=/tmp
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /tmp
echo "events:" $(ls /sys/bus/event_source/devices/armv8_pmuv3*/events)
cat >/tmp/work <<'END'
i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done
END
perf stat -x, -e cycles,armv8_pmuv3/cpu_cycles/,instructions,cpu-clock sh /tmp/work 2>&1 | sed 's/^/stat: /'
perf record -q -B -N -e cycles -c 1000000 -o /tmp/data sh /tmp/work
perf report --stdio -i /tmp/data 2>/dev/null | sed 's/^/report: /'
echo "script: $(perf script -i /tmp/data -F comm,event,ip 2>/dev/null | grep -c 'sh .*cycles: ')"
awk '/arm-pmu/ { print "interrupts: " $2 }' /proc/interrupts
poweroff -f
`

describe('perf in a Linux guest', () => {
  it('counts and samples cycles, and sees the events of the host', async () => {
    writeFileSync(join(folder, 'perf-initrd'), await perfInitrd(PERF_INIT))
    const line = `echo host: $(ls /sys/bus/event_source/devices/armv8_cortex_a72/events)
      tsvmm run --pmu --vcpu-affinity 2-3 -m 512M -k $0/vmlinuz -i $0/perf-initrd \
        -p 'console=ttyS0 quiet' --timeout 110`
    const { status, stdout } = await host.exec('sh', '-c', line, folder)
    expect(status).toBe(0)
    const events = /^host: (.*)$/m.exec(stdout)?.[1]
    expect(events).toContain('cpu_cycles')
    expect(stdout).toContain(`events: ${events}\r\n`)

    // The emulated processor's clock is 1 GHz; it counts while it is kept from running, too.
    const count = (event: string) =>
      Number(new RegExp(`^stat: ([0-9.]+),(msec)?,${event},`, 'm').exec(stdout)?.[1])
    const milliseconds = count('cpu-clock')
    expect(count('cycles') / milliseconds).toBeGreaterThan(1e5)
    expect(count('cycles') / milliseconds).toBeLessThan(1e7)
    expect(count('armv8_pmuv3/cpu_cycles/') / count('cycles')).toBeCloseTo(1, 1)
    if (events?.includes('inst_retired')) expect(count('instructions')).toBeGreaterThan(1e6)
    else expect(stdout).toContain('stat: <not supported>,,instructions,')

    const samples = Number(/^report: # Samples: (\d+) +of event 'cycles/m.exec(stdout)?.[1])
    expect(samples).toBeGreaterThan(50)
    expect(stdout).toMatch(/^report: +[\d.]+% +sh +busybox /m)
    expect(Number(/^script: (\d+)/m.exec(stdout)?.[1])).toBeGreaterThan(50)
    expect(Number(/^interrupts: (\d+)/m.exec(stdout)?.[1])).toBeGreaterThan(50)
  })
})
