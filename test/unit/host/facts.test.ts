import { expect, test } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { coreTypeOf, describeHost, readHostPmuDetails } from '../../../src/host/index.ts'
import { APPLE_M1, GRAVITON3, HOTPLUG, pmuFiles, RK3399, UNCORE_ONLY } from './machines.ts'
import { madeSys, madeTree } from './made-tree.ts'
import { madeSysfs, savedSysfs } from './sysfs-tree.ts'

const describeMade = (files: Record<string, string>) => describeHost(madeSysfs(files))

test('a board with big.LITTLE', () => {
  const facts = describeMade(RK3399)

  expect(facts).toMatchObject({
    possible: [0, 1, 2, 3, 4, 5],
    present: [0, 1, 2, 3, 4, 5],
    online: [0, 1, 2, 3, 4, 5],
    offline: [],
    uncovered: [],
    affinity: undefined,
    cpuset: undefined,
  })
  expect(facts.pmus.map(pmu => pmu.cpus)).toEqual([
    [0, 1, 2, 3],
    [4, 5],
  ])
  expect(facts.cores.map(core => core.cpu)).toEqual([0, 1, 2, 3, 4, 5])
})

test('CPUs that are offline, not there, or without a PMU', () => {
  expect(describeMade(HOTPLUG)).toMatchObject({
    possible: [0, 1, 2, 3, 4, 5, 6, 7],
    present: [0, 1, 2, 3, 4, 5],
    online: [0, 1, 2, 5],
    offline: [3, 4, 6, 7],
    uncovered: [4, 5, 6, 7],
  })
})

test('without a core PMU all CPUs are uncovered', () => {
  expect(describeMade(UNCORE_ONLY)).toMatchObject({ pmus: [], uncovered: [0, 1] })
})

test("affinity is the caller's; the cpuset is of the process", () => {
  const tree = madeSysfs(
    { ...GRAVITON3, 'fs/cgroup/cpuset.cpus.effective': '0-1\n' },
    {
      'self/cpuset': '/\n',
      'self/mountinfo': '35 24 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    },
  )

  expect(describeHost(tree, [1])).toMatchObject({
    affinity: [1],
    cpuset: { cgroup: '/', cpus: [0, 1] },
  })
})

test('this machine can be described', () => {
  const facts = describeHost()

  expect(facts.cores.map(core => core.cpu)).toEqual(facts.possible)
  expect([...facts.online, ...facts.offline].sort((a, b) => a - b)).toEqual(facts.possible)
})

test('a perf type is that of the tree that was read, not of one read before', () => {
  const typesOf = (type: string) =>
    describeMade({
      ...GRAVITON3,
      'bus/event_source/devices/armv8_pmuv3_0/type': `${type}\n`,
    }).pmus.map(pmu => pmu.type)

  expect([typesOf('9'), typesOf('12')]).toEqual([[9], [12]])
})

test("without the caller's, affinity is what /proc says", () => {
  const tree = madeSysfs(RK3399, { 'self/status': 'Cpus_allowed_list:\t4-7\n' })

  expect(describeHost(tree)).toMatchObject({ affinity: [4, 5], problems: [] })
})

test.each<[string, Record<string, string>]>([
  ['a board', RK3399],
  ['a server', GRAVITON3],
  ['CPUs that are not there', HOTPLUG],
  ['no core PMU', UNCORE_ONLY],
])('nothing is wrong with %s', (_, files) => {
  expect(describeMade(files).problems).toEqual([])
})

const cpu = 'devices/system/cpu'
const a53 = 'bus/event_source/devices/armv8_cortex_a53'
const leftOut = 'the PMU armv8_cortex_a53 is left out'

test.each<[string, string, string, object]>([
  [
    `${cpu}/present`,
    '?',
    'a list of CPUs; all that are possible are taken for present',
    { present: [0, 1, 2, 3, 4, 5] },
  ],
  [
    `${cpu}/online`,
    '0-4294967295',
    'a list of CPUs; all that are present are taken for online',
    { online: [0, 1, 2, 3, 4, 5], offline: [] },
  ],
  [`${cpu}/cpu1/regs/identification/midr_el1`, '?', 'a MIDR_EL1', { offline: [] }],
  [`${cpu}/cpu1/cpu_capacity`, '-1', 'the capacity of a CPU', { offline: [] }],
  [`${cpu}/cpu1/topology/core_id`, 'x', 'a number', { offline: [] }],
  ['devices/system/node/node0/cpulist', 'x', 'a list of CPUs', { offline: [] }],
  [`${a53}/type`, '-1', `a perf type number; ${leftOut}`, { uncovered: [0, 1, 2, 3] }],
  [`${a53}/cpus`, '3-0', `a list of CPUs; ${leftOut}`, { uncovered: [0, 1, 2, 3] }],
  [`${a53}/caps/slots`, '?', 'a number', { uncovered: [] }],
  [`${a53}/events/cpu_cycles`, '?', 'a perf event', { uncovered: [] }],
])('%s with nonsense takes no more than its own fact with it', (file, content, what, rest) => {
  const { problems, ...facts } = describeHost(madeSys({ ...RK3399, [file]: `${content}\n` }))

  expect(problems).toEqual([`/sys/${file} holds ${JSON.stringify(content)}, not ${what}`])
  expect(facts).toMatchObject(rest)
  expect(facts.cores[0]).toMatchObject({ midr: 0x410fd034n, capacity: 485 })
  expect(facts.pmus.at(-1)).toMatchObject({ name: 'armv8_cortex_a72', events: { cpu_cycles: 17 } })
})

test('so does one that nobody may read', () => {
  const files = Object.entries(RK3399).map(([path, text]): [string, string] => [
    `/sys/${path}`,
    text,
  ])
  const midr = `/sys/${cpu}/cpu1/regs/identification/midr_el1`
  const facts = describeHost(madeTree({ ...Object.fromEntries(files), [midr]: null }))

  expect(facts.problems).toEqual([`cannot read ${midr}: EACCES: permission denied`])
  expect(facts.cores.map(({ midr }) => midr !== undefined)).toEqual([
    true,
    false,
    true,
    true,
    true,
    true,
  ])
})

test('a PMU without a type is left out', () => {
  const { pmus, problems } = describeMade({ ...GRAVITON3, ...pmuFiles('odd', { cpus: '0' }) })

  expect(pmus.map(({ name }) => name)).toEqual(['armv8_pmuv3_0'])
  expect(problems).toEqual([expect.stringMatching(/^there is no .*odd\/type, .*; the PMU odd is/)])
})

test.each([undefined, '0-4294967295', 'x'])('possible CPUs of %j: there is nothing', possible => {
  const files = Object.entries({ ...RK3399, [`${cpu}/possible`]: possible })
  const there = files.filter((entry): entry is [string, string] => entry[1] !== undefined)

  expect(() => describeMade(Object.fromEntries(there))).toThrow(HostError)
  expect(() => describeMade(Object.fromEntries(there))).toThrow(/\/cpu\/possible/)
})

test('who runs guests does not go on without a fact', () => {
  const file = `${a53}/caps/slots`

  expect(() => readHostPmuDetails(madeSys({ ...RK3399, [file]: '?' }))).toThrow(`${file} holds "?"`)
})

test.each<[string, Record<string, string>, number, string | undefined]>([
  ['both', RK3399, 0, 'Cortex-A53, PMU armv8_cortex_a53'],
  ['both', RK3399, 5, 'Cortex-A72, PMU armv8_cortex_a72'],
  ['both', APPLE_M1, 3, 'Firestorm-M1, PMU apple_firestorm_pmu'],
  ['the core', UNCORE_ONLY, 0, 'Cortex-A72'],
  ['the PMU, as it is offline', HOTPLUG, 3, 'PMU armv8_pmuv3_0'],
  ['the numbers of the core', HOTPLUG, 5, 'implementer 0x41, part 0xabc'],
  ['nothing, as it is not there', HOTPLUG, 7, undefined],
  ['nothing, as it cannot be', HOTPLUG, 99, undefined],
])('of a CPU it may know %s', (_, files, cpu, words) => {
  expect(coreTypeOf(describeMade(files), cpu)).toBe(words)
})

test('of a CPU of a saved tree without MIDRs it knows the PMU', () => {
  const facts = describeHost(savedSysfs('biglittle'))

  expect(coreTypeOf(facts, 3)).toBe('PMU armv8_cortex_a72')
})
