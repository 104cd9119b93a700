import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { renderCpuList } from '../../src/host/index.ts'
import type { PmuDecision } from '../../src/pmu/decision.ts'
import { buildFcoKernel, FCO_BUILD_MS } from './fco-host.ts'
import { emulatedHost, guest, newestHost } from './host.ts'

/** What stands in the first line of the table of docs/pmu.md, and what that means. */
const WISHES: Readonly<Record<string, Wish>> = {
  '`--pmu`': { mode: 'auto', fallback: 'pin' },
  '`--pmu-fallback=none`': { mode: 'auto', fallback: 'none' },
  '`--pmu-fallback=fail`': { mode: 'auto', fallback: 'fail' },
  '`--pmu --vcpu-affinity 3`': { mode: 'auto', fallback: 'fail', affinity: [3] },
  '`--pmu=fixed`': { mode: 'fixed', fallback: 'pin' },
  '`--pmu=default`': { mode: 'default', fallback: 'pin' },
  '`--pmu=default --vcpu-affinity 3`': { mode: 'default', fallback: 'pin', affinity: [3] },
  '`--pmu=`last': { mode: 'last', fallback: 'pin' },
  '`--pmu=`its type': { mode: 'type of last', fallback: 'pin' },
  '`--pmu=off`': { mode: 'off', fallback: 'pin' },
}

interface Wish {
  readonly mode: string
  readonly fallback: string
  readonly affinity?: readonly number[]
}

interface Result {
  readonly decision?: PmuDecision
  readonly said?: string
  readonly outcome?: string
  readonly error?: { readonly code: string; readonly message: string; readonly try: string[] }
}

const LAST_PMU: Readonly<Record<string, string>> = {
  uniform: 'armv8_pmuv3',
  biglittle: 'armv8_cortex_a72',
  tri: 'armv8_cortex_a76',
}

const { header, rows } = readTable()

beforeAll(buildFcoKernel, FCO_BUILD_MS)

it('the table of docs/pmu.md has the columns that are tried here', () => {
  expect(header.slice(2)).toEqual(Object.keys(WISHES))
  expect(rows.length).toBeGreaterThan(0)
})

const hosts = rows.flatMap(([topologies = '', kernels = '', ...cells]) =>
  topologies
    .split(', ')
    .flatMap(topology => kernels.split(', ').map(kernel => ({ topology, kernel, cells }))),
)

describe.each(hosts)('$topology, kernel $kernel', ({ topology, kernel, cells }) => {
  it('every mode gives what docs/pmu.md says, and the guest sees it', async () => {
    await using host = await (kernel === 'newest'
      ? newestHost({ topology })
      : emulatedHost({ topology, hostKernel: kernel }))
    const last = LAST_PMU[topology] ?? ''
    const type = await host.exec('cat', `/sys/bus/event_source/devices/${last}/type`)
    const modes: Record<string, string> = { last, 'type of last': type.stdout.trim() }
    const wishes = Object.values(WISHES).map(wish => ({
      ...wish,
      mode: modes[wish.mode] ?? wish.mode,
    }))
    const script = fileURLToPath(new URL('scripts/matrix.mjs', import.meta.url))
    const ran = await host.exec('node', script, guest('greeting'), JSON.stringify(wishes))
    expect(ran.stderr).toBe('')
    const results = JSON.parse(ran.stdout) as Result[]

    expect(results.map(renderResult)).toEqual(cells)
    results.forEach(expectGuestToAgree)
  })
})

function renderResult({ decision, error }: Result): string {
  if (error !== undefined) return `refused: ${error.code.replace('TSVMM_PMU_', '')}`
  if (decision?.kind === 'default') return `default: ${decision.pmu.name}`
  if (decision?.kind !== 'host-pmu') return decision?.kind ?? 'nothing'
  return decision.pinned
    ? `${decision.pmu.name} on ${renderCpuList(decision.cpus)}`
    : decision.pmu.name
}

/** What the greeting guest prints says whether it got what was decided. */
function expectGuestToAgree({ decision, said = '', outcome, error }: Result): void {
  if (error !== undefined) {
    expect(error.try.length).toBeGreaterThan(0)
    return
  }
  expect(outcome).toBe('powered-off')
  if (decision?.kind === 'none' || decision?.kind === 'off') {
    expect(said).toContain('no PMUv3')
    return
  }
  expect(said).toContain(`PMCR_EL0.N: ${decision?.kind === 'fixed' ? 0 : 6}\n`)
  expect(said).toContain('it counts')
}

function readTable(): { header: string[]; rows: string[][] } {
  const text = readFileSync(new URL('../../docs/pmu.md', import.meta.url), 'utf8')
  const [header = [], , ...rows] = text
    .split('\n')
    .filter(line => line.startsWith('|'))
    .map(line =>
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim()),
    )
    .filter(cells => cells.length === 2 + Object.keys(WISHES).length)
  return { header, rows }
}
