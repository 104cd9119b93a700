import { expect, test } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { coreTypeOf, describeHost } from '../../../src/host/index.ts'
import { APPLE_M1, GRAVITON3, HOTPLUG, RK3399, UNCORE_ONLY } from './machines.ts'
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

test('what is malformed is named with its file', () => {
  const file = 'bus/event_source/devices/armv8_pmuv3_0/caps/slots'

  expect(() => describeMade({ ...GRAVITON3, [file]: '?\n' })).toThrow(HostError)
  expect(() => describeMade({ ...GRAVITON3, [file]: '?\n' })).toThrow(`/${file} holds "?"`)
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
