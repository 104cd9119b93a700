import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { imageHeader } from '../unit/boot/image-header.ts'
import { emulatedHost, guest, type KvmHost, type LabOptions } from './host.ts'

/* The greeting guest on hosts that differ: cores, GIC, VHE, kernel, Node. Each is a boot. */
async function on(options: LabOptions, use: (host: KvmHost) => Promise<void>): Promise<void> {
  await using host = await emulatedHost(options)
  await use(host)
}

describe('a host with two kinds of core', () => {
  it('gives the guest the PMU of the cores it is kept to, and none in between', async () => {
    await on({ topology: 'biglittle' }, async host => {
      const little = await host.exec(
        'tsvmm',
        'run',
        '--pmu',
        '--vcpu-affinity',
        '0-1',
        guest('greeting'),
      )
      expect(little.stderr).toMatch(/guest PMU: armv8_cortex_a53, since .* \(0-1\)\n$/)
      expect(little.stdout).toContain('it counts')
      expect(little.status).toBe(0)

      const big = await host.exec(
        'tsvmm',
        'run',
        '--pmu',
        '--vcpu-affinity',
        '2-3',
        guest('greeting'),
      )
      expect(big.stderr).toMatch(/guest PMU: armv8_cortex_a72, since .* \(2-3\)\n$/)
      expect(big.stdout).toContain('it counts')
      expect(big.status).toBe(0)

      const asked = await host.exec(
        'tsvmm',
        'run',
        '--pmu',
        '--pmu-fallback=fail',
        guest('greeting'),
      )
      expect(asked.stderr).toMatch(
        /^error: --pmu=auto: no PMU of the host covers all CPUs .* \(0-3\)\n/,
      )
      expect(asked.stderr).toMatch(/^try: {2}--vcpu-affinity 0-1\ntry: {2}--vcpu-affinity 2-3\n/m)
      expect(asked.stdout).toBe('')
      expect(asked.status).toBe(120)

      const notAsked = await host.exec('tsvmm', 'run', guest('greeting'))
      expect(notAsked.stderr).toMatch(/^tsvmm: guest PMU: none, since no PMU of the host covers/)
      expect(notAsked.stdout).toContain('(no PMUv3)')
      expect(notAsked.status).toBe(0)

      // Somebody moves the vCPU's thread from outside: KVM refuses, and we say what happened.
      const moved = await host.exec(
        'sh',
        '-c',
        `out=$(mktemp)
         tsvmm run --pmu --vcpu-affinity 2-3 --on-unsupported-cpu=fail $1 >$out & pid=$!
         while ! grep -q h $out; do sleep 0.1; done
         taskset -a -p 1 $pid >/dev/null; wait $pid`,
        'sh',
        guest('hang'),
      )
      expect(moved.stderr).toMatch(
        /\nerror: vcpu 0 was refused on CPU 0 \(.*\), which the VM's PMU, armv8_cortex_a72 \(CPUs 2-3\), does not cover \(KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED\)\n/,
      )
      expect(moved.status).toBe(193)
    })
  })
})

describe('a host with three kinds of core, and one CPU without a PMU', () => {
  it('gives each its own, and says which CPU has none', async () => {
    await on({ topology: 'a53:0,a72:1,a76:2,none:3' }, async host => {
      for (const [cpu, name] of Object.entries(['a53', 'a72', 'a76'])) {
        const ran = await host.exec(
          'tsvmm',
          'run',
          '--pmu',
          '--vcpu-affinity',
          cpu,
          guest('greeting'),
        )
        expect(ran.stderr).toContain(`guest PMU: armv8_cortex_${name}, since`)
        expect(ran.stdout).toContain('it counts')
      }
      const none = await host.exec(
        'tsvmm',
        'run',
        '--pmu',
        '--vcpu-affinity',
        '3',
        guest('greeting'),
      )
      expect(none.stderr).toMatch(/armv8_cortex_a53 \(type \d+, CPUs 0\) does not cover CPU 3/)
      expect(none.status).toBe(120)
    })
  })
})

describe('the guest runs unpinned on a uniform host', () => {
  it.each<[string, LabOptions, string, ((host: KvmHost) => Promise<void>)?]>([
    [
      'with kernel 6.1, GICv2 and no VHE',
      { hostKernel: '6.1', gic: 2, cpu: 'cortex-a57' },
      'gicv2m',
      refusesPages,
    ],
    ['with kernel 6.1 and Node 22', { hostKernel: '6.1', node: '22' }, 'gicv3-its'],
    ['with kernel 6.12 and Node 24', { node: '24' }, 'gicv3-its'],
  ])('%s', async (_, options, gic, also) => {
    await on(options, async host => {
      const ran = await host.exec(
        'tsvmm',
        'run',
        '--pmu',
        '--json',
        '/dev/stderr',
        guest('greeting'),
      )
      expect(ran.stdout).toContain('it counts')
      expect(ran.stderr).toContain(`"gic": "${gic}"`)
      expect(ran.status).toBe(0)
      await also?.(host)
    })
  })
})

/** A Cortex-A57 has no pages of 16 KiB. */
async function refusesPages(host: KvmHost): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  const path = join(folder, 'Image')
  writeFileSync(path, imageHeader({ textOffset: 0n, imageSize: 0x1000n, flags: 0xcn }))
  const { status, stderr } = await host.exec('tsvmm', 'run', '--pmu=off', path)
  rmSync(folder, { recursive: true })
  expect(stderr).toContain(`${path} is a kernel for pages of 16 KiB, which guests do not have`)
  expect(stderr).toContain('the CPUs here have pages of 4 KiB and 64 KiB\n')
  expect(status).toBe(2)
}

describe('a host where KVM is out of reach', () => {
  it('says so, with the remedy', async () => {
    await on({}, async host => {
      const unprivileged = `const { spawnSync } = require('node:child_process')
        process.setgid(65534); process.setuid(65534)
        const { status } = spawnSync('tsvmm', ['run', process.argv[1]], { stdio: 'inherit' })
        process.exitCode = status`
      await host.exec('chmod', '660', '/dev/kvm')
      const denied = await host.exec('node', '-e', unprivileged, guest('greeting'))
      expect(denied.stderr).toMatch(/^error: .*\/dev\/kvm/)
      expect(denied.stderr).toMatch(/^try: {2}.*kvm/m)
      expect(denied.status).toBe(120)

      await host.exec('rm', '/dev/kvm')
      const missing = await host.exec('tsvmm', 'run', guest('greeting'))
      expect(missing.stderr).toMatch(/^error: .*\/dev\/kvm/)
      expect(missing.stderr).toMatch(/ENOENT/)
      expect(missing.status).toBe(120)
    })
  })
})
