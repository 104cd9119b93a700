import { expect, test } from 'vitest'
import { describeHost } from '../../../src/host/index.ts'
import { HOTPLUG, pmuFiles, RK3399 } from './machines.ts'
import { madeSys } from './made-tree.ts'

const cpu = 'devices/system/cpu'
const thread = (cpus: Readonly<Record<number, string>>, file = 'thread_siblings_list') =>
  Object.fromEntries(
    Object.entries(cpus).map(([number, text]) => [`${cpu}/cpu${number}/topology/${file}`, text]),
  )

test.each<[string, Record<string, string>, string[]]>([
  ['present', { [`${cpu}/present`]: '0-7' }, ['CPUs 6-7 are present, but not possible']],
  ['online', { [`${cpu}/present`]: '0-4' }, ['CPU 5 is online, but not present']],
  [
    'of a PMU',
    pmuFiles('odd', { type: '9', cpus: '6,8-9' }),
    ['CPUs 6,8-9 are of the PMU odd, but not possible'],
  ],
  [
    'of two PMUs',
    pmuFiles('odd', { type: '9', cpus: '3-4' }),
    [
      'CPU 3 is of the PMUs armv8_cortex_a53 and odd',
      'CPU 4 is of the PMUs odd and armv8_cortex_a72',
    ],
  ],
  [
    'a perf type of two PMUs',
    pmuFiles('odd', { type: '7', cpus: '' }),
    ['the PMUs armv8_cortex_a72 and odd have the same perf type, 7'],
  ],
  ['threads that agree', thread({ 0: '0-1', 1: '0-1', 2: '2', 3: '3-4' }), []],
  [
    'threads that do not',
    thread({ 0: '0-2', 1: '1', 2: '0-2' }),
    ['the threads of a core are 0-2 for CPUs 0,2, and others for CPU 1'],
  ],
  [
    'threads of others',
    thread({ 0: '1-2', 1: '' }),
    [
      'CPU 0 is not among the threads of the own core: 1-2',
      'the threads of a core are 1-2 for CPU 0, and others for CPU 1',
      'CPU 1 is not among the threads of the own core: none',
    ],
  ],
  [
    'threads far from each other',
    {
      ...thread({ 0: '0-1', 1: '0-1' }),
      ...thread({ 0: '0', 1: '1' }, 'physical_package_id'),
      ...thread({ 0: '7', 1: '-1' }, 'cluster_id'),
    },
    ['CPUs 0-1 are threads of a core, but in different packages: 0, 1'],
  ],
])('%s', (_, files, problems) => {
  expect(describeHost(madeSys({ ...RK3399, ...files })).problems).toEqual(problems)
})

test('CPUs of several types can have one PMU, and some of its CPUs be offline', () => {
  expect(
    describeHost(madeSys({ ...HOTPLUG, [`${cpu}/cpu1/regs/identification/midr_el1`]: '0x1' })),
  ).toMatchObject({ problems: [] })
})

test('what this process may use has to run', () => {
  const problemsOf = (affinity: number[]) => describeHost(madeSys(HOTPLUG), affinity).problems
  expect(problemsOf([0, 5])).toEqual([])
  expect(problemsOf([0, 3])).toEqual(['CPU 3 is in the affinity of this process, but not online'])
  expect(problemsOf([])).toEqual(['this process may run on none of the CPUs that are online'])
})
