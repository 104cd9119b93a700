import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildFcoKernel, FCO_BUILD_MS } from './fco-host.ts'
import { emulatedHost, guest, type KvmHost } from './host.ts'

/*
 * The reason for FIXED_COUNTERS_ONLY: a guest whose vCPU wanders between kinds of core. With the
 * kernel's default PMU its cycle counter stops on the others, which Windows does not survive; with
 * FIXED_COUNTERS_ONLY it never does; with SET_PMU KVM refuses to run it there.
 */
interface Walk {
  readonly kind: string
  readonly said: string
  readonly steps: number
  readonly outcome: string
  readonly repins: number
  readonly notices: readonly string[]
}

beforeAll(buildFcoKernel, FCO_BUILD_MS)

const EVERYWHERE = [
  [0, 1],
  [2, 3],
]
const WINDOWS = /walk: counted in (\d+) of (\d+) windows\n$/

async function walk(host: KvmHost, wish: object): Promise<Walk> {
  const script = fileURLToPath(new URL('scripts/walk.mjs', import.meta.url))
  const words = [JSON.stringify(wish), JSON.stringify(EVERYWHERE)]
  const ran = await host.exec('node', script, guest('walk'), ...words)
  expect(ran.stderr).toBe('')
  return JSON.parse(ran.stdout) as Walk
}

function windows({ said }: Walk): { counted: number; all: number } {
  const [, counted, all] = WINDOWS.exec(said) ?? []
  return { counted: Number(counted), all: Number(all) }
}

describe('a vCPU that walks over CPUs of two PMUs', () => {
  it("loses its cycle counter with the kernel's default PMU; with SET_PMU it is put back", async () => {
    await using host = await emulatedHost({ topology: 'biglittle' })
    const lost = await walk(host, { mode: 'default', affinity: [0, 1] })
    expect(lost).toMatchObject({ kind: 'default', outcome: 'powered-off' })
    expect(lost.steps).toBeGreaterThan(20)
    expect(lost.said).toContain('STOPPED')
    expect(windows(lost).counted).toBeLessThan(windows(lost).all)

    const back = await walk(host, {
      mode: 'auto',
      affinity: [0, 1],
      onUnsupportedCpu: 'repin',
    })
    expect(back).toMatchObject({ kind: 'host-pmu', outcome: 'powered-off' })
    expect(back.repins).toBeGreaterThan(10)
    expect(back.notices).toHaveLength(1)
    expect(windows(back).counted).toBe(windows(back).all)
  })

  it.each(['fco-v7', 'fco-v8'])('keeps it with FIXED_COUNTERS_ONLY, %s', async hostKernel => {
    await using host = await emulatedHost({ topology: 'biglittle', hostKernel })
    const kept = await walk(host, { mode: 'fixed' })
    expect(kept).toMatchObject({ kind: 'fixed', outcome: 'powered-off', repins: 0 })
    expect(kept.steps).toBeGreaterThan(20)
    expect(kept.said).not.toContain('STOPPED')
    expect(windows(kept).counted).toBe(windows(kept).all)
  })
})
