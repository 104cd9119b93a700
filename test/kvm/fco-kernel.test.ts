import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildFcoKernel, FCO_BUILD_MS } from './fco-host.ts'
import { emulatedHost, type LabOptions } from './host.ts'

/*
 * The kernel of `--host-kernel fco`: what attribute 5 of KVM_ARM_VCPU_PMU_V3_CTRL is in each of its
 * variants. In the tables a sequence of steps on one VM stands beside their answers; the steps are in
 * scripts/attribute-5.mjs. PMU `0` and CPU 0 are of one cluster, PMU `2` and CPU 2 of the other.
 */
const SCRIPT = fileURLToPath(new URL('scripts/attribute-5.mjs', import.meta.url))

type Table = Readonly<Record<string, readonly unknown[]>>

async function expectAnswers(options: LabOptions, table: Table): Promise<void> {
  await using host = await emulatedHost(options)
  const sequences = Object.keys(table)
  const { status, stdout, stderr } = await host.exec('node', SCRIPT, ...sequences)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const answers = JSON.parse(stdout) as unknown[][]
  expect(Object.fromEntries(sequences.map((sequence, i) => [sequence, answers[i]]))).toEqual(table)
}

const NO_EVENT_COUNTERS = { n: 0, pmceid: 'zero' }

/** Of 6.12, with or without the attribute. */
const WITHOUT_FCO: Table = {
  'n pmu:2 n filter:1': [6, 0, 6, 0],
  'init run:0 sees run:2 run:0': [
    ...[0, 'counts', { n: 6, pmceid: 'more' }],
    ...['stands still', 'counts'],
  ],
  'walking init walk': [0, 'stands still'],
  'pmu:2 init run:2 run:0': [0, 0, 'counts', 'refused'],
}

/** Of v7 and v8 alike. */
const FCO: Table = {
  ...WITHOUT_FCO,
  'has get set get has': [0, 'ENXIO', 0, 0, 0],
  'without-pmu has set get': ['ENXIO', 'ENODEV', 'ENXIO'],
  // For the whole VM, and more than once.
  'n set n 2nd.n 2nd.get 2nd.set get': [6, 0, 0, 0, 0, 0, 0],
  'set set-n:3 n': [0, 0, 0],
  // Not after INIT of that vCPU, nor after the first run of any.
  'init set get 2nd.set': [0, 'EBUSY', 'ENXIO', 0],
  'set init run:0 2nd.set 2nd.pmu:0 2nd.filter:1 2nd.get': [
    ...[0, 0, 'counts'],
    ...['EBUSY', 'EBUSY', 'EBUSY', 0],
  ],
  // A filter comes first: nobody gets it.
  'filter:1 set get n': [0, 'EBUSY', 'ENXIO', 6],
  'set pmu:99 get': [0, 'ENXIO', 0],
  // The cycle counter goes on whatever the CPU, and is all there is.
  'set init run:0 sees run:2 sees run:1 run:3': [
    ...[0, 0, 'counts', NO_EVENT_COUNTERS],
    ...['counts', NO_EVENT_COUNTERS, 'counts', 'counts'],
  ],
  'walking set init walk': [0, 0, 'counts'],
}

describe('the kernel with FIXED_COUNTERS_ONLY', () => {
  beforeAll(buildFcoKernel, FCO_BUILD_MS)

  const V7: Table = {
    ...FCO,
    'set pmu:2 get n': [0, 0, 'ENXIO', 6],
    'pmu:2 set get n': [0, 0, 0, 0],
    'set pmu:2 init run:2 run:0': [0, 0, 0, 'counts', 'refused'],
    'pmu:2 set init run:2 run:0': [0, 0, 0, 'counts', 'counts'],
    'set filter:1 set get': [0, 0, 0, 0],
    'pmu:0 filter:1 set get': [0, 0, 'EBUSY', 'ENXIO'],
    'set filter:1 pmu:2 get': [0, 0, 'EBUSY', 0],
    // 17 is CPU_CYCLES.
    'set filter:17 init run:0 run:2': [0, 0, 0, 'stands still', 'stands still'],
  }

  it('as of v7: the last of SET_PMU and FCO counts', async () => {
    await expectAnswers({ hostKernel: 'fco-v7', topology: 'biglittle' }, V7)
  })

  it('as of v7, on a host without VHE', async () => {
    const host = { hostKernel: 'fco-v7', topology: 'biglittle', cpu: 'cortex-a57' } as const
    await expectAnswers(host, V7)
  })

  it('as of v7: not on a CPU without a PMU', async () => {
    await expectAnswers(
      { hostKernel: 'fco-v7', topology: 'a53:0-1,none:2' },
      { 'set init run:0 run:2 run:1': [0, 0, 'counts', 'refused', 'counts'] },
    )
  })

  it('as of v8: SET_PMU, FCO and FILTER exclude each other', async () => {
    await expectAnswers(
      { hostKernel: 'fco-v8', topology: 'biglittle' },
      {
        ...FCO,
        'set pmu:0 2nd.pmu:2 get n': [0, 'EBUSY', 'EBUSY', 0, 0],
        'pmu:2 set 2nd.set get n': [0, 'EBUSY', 'EBUSY', 'ENXIO', 6],
        'set filter:1 get': [0, 'EBUSY', 0],
        'pmu:0 pmu:2 filter:1 filter:2': [0, 0, 0, 0],
      },
    )
  })

  it('whose attribute 5 is something else', async () => {
    await expectAnswers(
      { hostKernel: 'fco-other', topology: 'biglittle' },
      {
        ...WITHOUT_FCO,
        'has set get set-value:1 get n': [0, 'EFAULT', 'ENXIO', 0, 'ENXIO', 6],
        'without-pmu has set-value:1 get': ['ENXIO', 'ENODEV', 'ENXIO'],
        'init set-value:1': [0, 'EBUSY'],
      },
    )
  })

  it('that does not have the attribute', async () => {
    await expectAnswers(
      { hostKernel: 'fco-off', topology: 'biglittle' },
      {
        ...WITHOUT_FCO,
        'has set get set-value:1 n': ['ENXIO', 'ENXIO', 'ENXIO', 'ENXIO', 6],
      },
    )
  })

  it('is as of v8 if nothing else is said, with a driver for every core of ours', async () => {
    await expectAnswers(
      { hostKernel: 'fco', topology: 'a53:0,a72:1,a76:2' },
      { 'set pmu:0 init run:0 run:1 run:2': [0, 'EBUSY', 0, 'counts', 'counts', 'counts'] },
    )
  })
})
