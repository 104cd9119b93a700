import { expect, test } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { describeHost, readTopology } from '../../../src/host/index.ts'
import { HOTPLUG, RK3399 } from './machines.ts'
import { madeSysfs } from './sysfs-tree.ts'

type Ids = Readonly<Record<string, string | number>>

/** Below `devices/system/cpu/cpuN/topology`. */
function placeFiles(cpu: number, ids: Ids): Record<string, string> {
  const base = `devices/system/cpu/cpu${cpu}/topology`
  return Object.fromEntries(
    Object.entries(ids).map(([name, value]) => [`${base}/${name}`, `${value}\n`]),
  )
}

const NOWHERE = {
  packageId: undefined,
  nodeId: undefined,
  clusterId: undefined,
  coreId: undefined,
  threads: undefined,
}

test('every CPU that is online has its place', () => {
  const tree = madeSysfs({
    ...placeFiles(0, {
      physical_package_id: 0,
      cluster_id: 3,
      core_id: 1,
      thread_siblings_list: 0,
    }),
    ...placeFiles(5, {
      physical_package_id: 36,
      cluster_id: 2147483647,
      core_id: 4660,
      thread_siblings_list: '5-6',
    }),
    'devices/system/node/node0/cpulist': '0-3\n',
    'devices/system/node/node12/cpulist': '4-5\n',
    'devices/system/node/node13/cpulist': '\n',
    'devices/system/node/online': '0,12-13\n',
  })
  const placeOf = readTopology([0, 5], tree)

  expect(placeOf(0)).toEqual({ packageId: 0, nodeId: 0, clusterId: 3, coreId: 1, threads: [0] })
  expect(placeOf(5)).toEqual({
    packageId: 36,
    nodeId: 12,
    clusterId: 2147483647,
    coreId: 4660,
    threads: [5, 6],
  })
  expect(placeOf(6)).toEqual(NOWHERE)
})

test('what the kernel does not know, or is too old to say, is unknown', () => {
  const tree = madeSysfs({
    ...placeFiles(0, { physical_package_id: -1, cluster_id: -1, core_id: 0 }),
  })
  const placeOf = readTopology([0, 1], tree)

  expect(placeOf(0)).toEqual({ ...NOWHERE, coreId: 0 })
  expect(placeOf(1)).toEqual(NOWHERE)
})

test('a machine without any of it can be described; so can CPUs that are offline', () => {
  expect(describeHost(madeSysfs(RK3399)).cores[4]).toEqual({
    cpu: 4,
    midr: 0x410fd082n,
    capacity: 1024,
    ...NOWHERE,
  })
  const hotplug = {
    ...HOTPLUG,
    ...placeFiles(5, { cluster_id: 1 }),
    ...placeFiles(3, { cluster_id: 1 }),
  }
  const { cores } = describeHost(madeSysfs(hotplug))
  expect(cores[5]?.clusterId).toBe(1)
  expect(cores[3]?.clusterId).toBeUndefined()
})

test.each([
  ['physical_package_id', 'zero', 'a number'],
  ['cluster_id', '', 'a number'],
  ['core_id', '1.5', 'a number'],
  ['core_id', '99999999999', 'a number'],
  ['thread_siblings_list', '0-', 'a list of CPUs'],
])('%s with %j is refused, by the name of the file', (file, content, expected) => {
  const tree = madeSysfs(placeFiles(0, { [file]: content }))

  expect(() => readTopology([0], tree)).toThrow(HostError)
  expect(() => readTopology([0], tree)).toThrow(
    `cpu0/topology/${file} holds ${JSON.stringify(content)}, not ${expected}`,
  )
})

test('so is a list of CPUs of a node', () => {
  const tree = madeSysfs({ 'devices/system/node/node0/cpulist': 'all\n' })

  expect(() => readTopology([0], tree)).toThrow(/node0\/cpulist holds "all", not a list of CPUs/)
})
