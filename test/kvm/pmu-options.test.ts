import { describe, expect, it } from 'vitest'
import type { PmuProbe } from '../../src/pmu/probe.ts'
import { emulatedHost, guest, newestHost, type KvmHost, type Ran } from './host.ts'

/* What can be set beside the choice of the PMU, and what the guest sees of it. */
const greet = (host: KvmHost, ...options: string[]): Promise<Ran> =>
  host.exec('tsvmm', 'run', ...options, guest('greeting'))

describe('on the newest kernel', () => {
  it('the guest has as many counters as it is to have, and STRICT where there is STRICT', async () => {
    await using host = await newestHost({})
    for (const counters of ['0', '2', '6']) {
      const ran = await greet(host, '--pmu', '--pmu-counters', counters)
      expect(ran.stdout).toContain(`PMCR_EL0.N: ${counters}\n`)
      expect(ran.stdout).toContain('it counts')
    }
    const many = await greet(host, '--pmu', '--pmu-counters', '7')
    expect(many.stderr).toMatch(
      /^error: --pmu=auto: armv8_pmuv3 \(.*\) has 6 event counters for guests, fewer than 7\ntry: {2}--pmu-counters 6/,
    )
    expect(many.status).toBe(120)

    const { stdout: release } = await host.exec('uname', '-r')
    const [, major = 0, minor = 0] = (/^(\d+)\.(\d+)/.exec(release) ?? []).map(Number)
    const hasStrict = major > 7 || (major === 7 && minor >= 3)
    const strict = await greet(host, '--pmu', '--pmu-strict=on')
    const auto = await greet(host, '--pmu')
    expect(auto.stderr.includes('armv8_pmuv3 (STRICT), since')).toBe(hasStrict)
    if (hasStrict) expect(strict.stdout).toContain('it counts')
    else expect(strict.stderr).toContain('this kernel has no STRICT')
    expect(strict.status).toBe(hasStrict ? 0 : 120)
    expect((await greet(host, '--pmu', '--pmu-strict=off')).stderr).not.toContain('STRICT')
  })
})

describe('on 6.12', () => {
  it('a filter that leaves out CPU_CYCLES stops the cycle counter, and a notice says so', async () => {
    await using host = await emulatedHost({})
    const without = await greet(host, '--pmu', '--pmu-filter', 'allow:0x08')
    expect(without.stdout).toContain('IT DOES NOT COUNT')
    expect(without.stderr).toContain(
      'CPU_CYCLES (0x11) is denied: add --pmu-filter allow:CPU_CYCLES',
    )

    const withIt = await greet(host, '--pmu', '--pmu-filter', 'allow:inst_retired,cpu_cycles')
    expect(withIt.stdout).toContain('it counts')
    expect(withIt.stderr).not.toContain('note:')

    const denied = await greet(
      host,
      ...['--pmu', '--pmu-filter', 'allow:0x0-0xffff', '--pmu-filter', 'deny:CPU_CYCLES'],
    )
    expect(denied.stdout).toContain('IT DOES NOT COUNT')
  })

  it('-vv shows what KVM said, call by call', async () => {
    await using host = await emulatedHost({})
    const ran = await host.exec('tsvmm', '-vv', 'run', '--pmu', guest('greeting'))
    const said = ran.stderr.split('\n').find(line => line.includes('what KVM says of the PMUs'))
    const { probe } = JSON.parse(said ?? '{}') as { probe: PmuProbe }
    expect(probe.pmus).toMatchObject([{ setPmu: { ok: true }, counters: 6 }])
    expect(probe.setNrCounters).toMatchObject({ ok: false, errno: 'ENXIO' })
    expect(probe.milliseconds).toBeGreaterThan(0)
  })

  it('what cannot be had is refused before the guest exists', async () => {
    await using host = await emulatedHost({})
    const cases: [string[], RegExp, number][] = [
      [['--pmu', '--pmu-counters', '2'], /this kernel cannot limit the counters/, 120],
      [['--pmu', '--pmu-strict=on'], /this kernel has no STRICT/, 120],
      [['--pmu=fixed'], /FIXED_COUNTERS_ONLY cannot be had: this kernel does not have it/, 120],
      [['--pmu=armv8_pmuv2'], /did you mean armv8_pmuv3\?/, 2],
      [['--pmu=1'], /no core PMU of this host has the perf type 1\n/, 2],
      [['--pmu', '--vcpu-affinity', '9'], /this host has no CPU 9, its CPUs are 0-3\n/, 2],
      [['--pmu', '--pmu-irq', 'spi:991'], /the GIC has them up to 959\n/, 2],
    ]
    for (const [options, said, status] of cases) {
      const ran = await greet(host, ...options)
      expect(ran.stderr).toMatch(said)
      expect(ran.stderr).toMatch(/\ntry: {2}/)
      expect(ran.stdout).toBe('')
      expect(ran.status).toBe(status)
    }

    await host.exec('sh', '-c', 'echo 0 > /sys/devices/system/cpu/cpu3/online')
    const offline = await greet(host, '--pmu', '--vcpu-affinity', '3')
    expect(offline.stderr).toContain('offline: CPU 3')
    expect((await greet(host, '--pmu')).stdout).toContain('it counts')
  })
})
