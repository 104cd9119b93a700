import { beforeAll, describe, expect, it } from 'vitest'
import { buildFcoKernel, FCO_BUILD_MS } from './fco-host.ts'
import { emulatedHost, guest, type KvmHost, type LabOptions } from './host.ts'

/* Guests that prove from inside that their PMU counts, and that overflows interrupt. */
async function on(options: LabOptions, use: (host: KvmHost) => Promise<void>): Promise<void> {
  await using host = await emulatedHost(options)
  await use(host)
}

const CHAIN = 'ok   CHAIN of event counters 1 and 0: 0xffffffff and 3 SW_INCR are 0x100000002'
/** KVM counts CHAIN itself, but Linux 6.1 says so only where the processor has it, and QEMU's has not. */
const NO_CHAIN = 'skip CHAIN: PMCEID0_EL0 does not have it'

interface Expected {
  readonly gic?: 2 | 3
  readonly cpus?: string
  readonly chain?: string
  readonly options?: readonly string[]
  readonly intid?: number
}

async function expectAllToPass(
  host: KvmHost,
  { gic = 3, cpus = '0-3', chain = CHAIN, options = [], intid = 23 }: Expected = {},
): Promise<void> {
  const run = ['run', '--pmu', '--vcpu-affinity', cpus, ...options]
  const ran = await host.exec('tsvmm', ...run, guest('counters'))
  const checks = ran.stdout.split('\n').filter(line => !line.startsWith('counters: '))
  expect(checks).toEqual([
    `ok   device tree: interrupt of the PMU is INTID ${intid}, GICv${gic}`,
    expect.stringMatching(/^ok {3}cycle counter: \d+ cycles in 1000 turns, \d+ in 100000$/),
    'ok   event counter 0, disabled: 0 of 1000 SW_INCR',
    'ok   event counter 0, enabled: 1000 of 1000 SW_INCR',
    expect.stringMatching(/^ok {3}event counter 0: \d+ CPU_CYCLES in 100000 turns$/),
    chain,
    'ok   overflow of event counter 0: flags 0x1, interrupts while PMINTENSET_EL1 is 0: 0',
    `ok   overflow interrupt of event counter 0: 1 of 1, INTID ${intid}, flags 0x1`,
    `ok   overflow interrupt of cycle counter: 1 of 1, INTID ${intid}, flags 0x80000000`,
    '',
  ])
  expect(ran.stdout).toContain(`\ncounters: all ${chain === CHAIN ? 9 : 8} checks passed\n`)
  expect(ran.status).toBe(0)
}

beforeAll(buildFcoKernel, FCO_BUILD_MS)

describe('a guest counts, and takes its overflow interrupt', () => {
  it('on a host with one kind of core; without a PMU it says so', async () => {
    await on({}, async host => {
      await expectAllToPass(host)
      await expectAllToPass(host, { options: ['--pmu-irq', 'spi:8'], intid: 40 })
      const without = await host.exec('tsvmm', 'run', '--pmu=off', guest('counters'))
      expect(without.stdout).toBe('counters: there is no PMUv3, nothing to check\n')
      expect(without.status).toBe(0)
    })
  })

  it('on either kind of core of a host with two, and never stops on its own kind', async () => {
    await on({ topology: 'biglittle' }, async host => {
      await expectAllToPass(host, { cpus: '0-1' })
      await expectAllToPass(host, { cpus: '2-3' })
      const walk = await host.exec('tsvmm', 'run', '--pmu', '--vcpu-affinity', '2-3', guest('walk'))
      expect(walk.stdout).toBe('walk: begins\n0 counts\nwalk: counted in 300 of 300 windows\n')
      expect(walk.status).toBe(0)
    })
  })

  it.each(['fco-v7', 'fco-v8'])(
    'with FIXED_COUNTERS_ONLY: cycles alone, on any kind of core, %s',
    async hostKernel => {
      await on({ topology: 'biglittle', hostKernel }, async host => {
        const ran = await host.exec('tsvmm', 'run', '--pmu=fixed', guest('counters'))
        expect(ran.stdout).toContain('PMCR_EL0.N 0\n')
        expect(ran.stdout).toContain('ok   PMCEID0_EL0 and PMCEID1_EL0: 0,')
        expect(ran.stdout).toContain('ok   overflow interrupt of cycle counter: 1 of 1, INTID 23,')
        expect(ran.stdout).toMatch(/\ncounters: all 4 checks passed\n$/)
        expect(ran.status).toBe(0)
        const { stdout } = await host.exec('tsvmm', 'probe', 'pmus')
        expect(stdout).toMatch(/^EVENTS of guests with .*\n {2}SW_INCR +CPU_CYCLES /m)
        expect(stdout).toContain('\nGuests with FIXED_COUNTERS_ONLY see no events: ')
      })
    },
  )

  it('through a GICv2', async () => {
    await on({ gic: 2 }, async host => {
      await expectAllToPass(host, { gic: 2 })
      // Two vCPUs: each has an SPI of its own.
      await expectAllToPass(host, { gic: 2, options: ['--pmu-irq', 'spi:8', '-c', '2'], intid: 40 })
    })
  })

  it('through a GICv2, without VHE, on kernel 6.1', async () => {
    const options = { hostKernel: '6.1', gic: 2, cpu: 'cortex-a57' } as const
    await on(options, host => expectAllToPass(host, { gic: 2, chain: NO_CHAIN }))
  })
})
