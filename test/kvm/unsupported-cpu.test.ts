import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emulatedHost, type KvmHost } from './host.ts'

/*
 * One vCPU with the PMU of CPUs 2-3 of a host with two kinds of core, whose thread is got off them
 * from outside. The guest counts what goes through its registers and through MMIO, both ways: a
 * vCPU that is resumed must not lose any of it.
 */
const script = fileURLToPath(new URL('scripts/refused.mjs', import.meta.url))

interface Result {
  readonly outcome: Readonly<Record<string, unknown>>
  readonly error: { readonly code: string; readonly message: string; readonly why: string }
  readonly refusals: number
  readonly repins: { readonly total: number }
  readonly [field: string]: unknown
}

let host: KvmHost
beforeAll(async () => {
  host = await emulatedHost({ topology: 'biglittle' })
})
afterAll(() => host[Symbol.asyncDispose]())

async function play(scenario: string): Promise<Result> {
  const { stdout, stderr } = await host.exec('node', script, scenario)
  expect(stderr).toBe('')
  const result = JSON.parse(stdout) as Result
  // What a scenario waited for came, and the guest's numbers were right.
  expect([result['problem'], result['lost']]).toEqual([undefined, undefined])
  return result
}

const WHERE =
  /^vcpu 0 was refused on CPU [01] \(Cortex-A53\), which the VM's PMU, armv8_cortex_a72 \(CPUs 2-3\), does not cover/

describe('a vCPU whose thread is moved to a CPU without the PMU', () => {
  it('is put back and goes on where it was', async () => {
    expect(await play('moved')).toMatchObject({
      outcome: { kind: 'timeout' },
      repins: { total: 1, perVcpu: [1] },
      refusals: 1,
      affinity: [2, 3],
      notices: [
        'vcpu 0 was refused on CPU 0 (Cortex-A53), which armv8_cortex_a72 does not cover: its thread was put back on CPUs 2-3 (KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED)',
      ],
    })
  })

  it('is put back as well when it computes and never leaves the guest', async () => {
    expect(await play('moved-busy')).toMatchObject({
      outcome: { kind: 'timeout' },
      repins: { total: 1 },
      affinity: [2, 3],
    })
  })

  it('is put back fifty times, told once', async () => {
    const { notices, ...result } = await play('again')
    expect(result).toMatchObject({
      outcome: { kind: 'timeout' },
      repins: { total: 50, perVcpu: [50] },
      refusals: 50,
    })
    expect(notices).toHaveLength(1)
  })

  it('ends the run where that was asked for', async () => {
    const { error, ...result } = await play('moved-fail')
    expect(result).toMatchObject({
      outcome: { kind: 'cpu-unsupported', vcpu: 0, cpu: 0, core: 'Cortex-A53' },
      repins: { total: 0 },
      notices: [],
    })
    expect(error).toMatchObject({ code: 'TSVMM_CPU_UNSUPPORTED', status: 193 })
    expect(error.message).toMatch(WHERE)
  })

  it('ends the run when it was refused where it is to be', async () => {
    const { refusals, outcome } = await play('moved-to-a-lie')
    expect(refusals).toBe(1)
    expect(outcome).toMatchObject({ repinProblem: expect.stringContaining('disagree') as string })
  })
})

describe('a vCPU whose CPUs are taken away', () => {
  it('by a cpuset: the run ends, once it is refused, with that reason', async () => {
    const { error, refusals, ...result } = await play('cpuset')
    expect(result).toMatchObject({ outcome: { kind: 'cpu-unsupported' }, repins: { total: 0 } })
    expect(refusals).toBe(1)
    expect(error).toMatchObject({ code: 'TSVMM_CPU_UNSUPPORTED', status: 193 })
    expect(error.message).toMatch(WHERE)
    expect(error.message).toContain(', and its thread could not be put back on CPUs 2-3 (KVM_EXIT')
    expect(error.why).toBe(
      'sched_setaffinity failed: EINVAL, invalid argument: the cpuset of this process excludes CPUs 2-3',
    )
  })

  it('by one going offline: it is put back on those that are left', async () => {
    const { repins, ...result } = await play('one-offline')
    expect(result).toMatchObject({ outcome: { kind: 'timeout' }, affinity: [2] })
    expect(repins.total).toBeGreaterThan(0)
  })

  it('by all going offline: the run ends with that reason', async () => {
    const { error, ...result } = await play('all-offline')
    expect(result).toMatchObject({ outcome: { kind: 'cpu-unsupported' }, refusals: 1 })
    expect(error.message).toMatch(WHERE)
    expect(error.why).toBe(
      'sched_setaffinity failed: EINVAL, invalid argument: all of CPUs 2-3 are offline',
    )
  })
})
