import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { readCores, renderMidr } from '../../../src/host/index.ts'
import { APPLE_M1, HOTPLUG, RK3399, cpuFiles } from './machines.ts'
import { madeSysfs, savedSysfs, type SavedTree } from './sysfs-tree.ts'

const rendered = (root: SavedTree) =>
  readCores(root).map(({ midr }) => (midr === undefined ? undefined : renderMidr(midr)))

test('every CPU has its MIDR and its capacity', () => {
  const cores = readCores(madeSysfs(RK3399))

  expect(cores).toHaveLength(6)
  expect(cores[0]).toEqual({ cpu: 0, midr: 0x410fd034n, capacity: 485 })
  expect(cores[5]).toEqual({ cpu: 5, midr: 0x410fd082n, capacity: 1024 })
})

test('a kernel need not say capacities', () => {
  const root = madeSysfs(APPLE_M1)

  expect(readCores(root).map(({ capacity }) => capacity)).toEqual(Array(4).fill(undefined))
  expect(rendered(root)).toEqual([
    'Icestorm-M1 r1p1 (Apple)',
    'Icestorm-M1 r1p1 (Apple)',
    'Firestorm-M1 r1p1 (Apple)',
    'Firestorm-M1 r1p1 (Apple)',
  ])
})

test('CPUs that are offline or not there have no MIDR', () => {
  const midrs = readCores(madeSysfs(HOTPLUG)).map(({ cpu, midr }) => [cpu, midr !== undefined])

  expect(midrs).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map(cpu => [cpu, [0, 1, 2, 5].includes(cpu)]))
})

test('a host that is not arm64 has CPUs without MIDRs', () => {
  expect(readCores(savedSysfs('none'))).toEqual([
    { cpu: 0, midr: undefined, capacity: undefined },
    { cpu: 1, midr: undefined, capacity: undefined },
  ])
})

test('an empty file is a CPU the kernel has not seen', () => {
  const root = madeSysfs({
    ...cpuFiles({ possible: '0', midrs: {} }),
    'devices/system/cpu/cpu0/regs/identification/midr_el1': '',
  })

  expect(readCores(root)[0]?.midr).toBeUndefined()
})

test.each([
  ['regs/identification/midr_el1', '\n\n', 'a MIDR_EL1'],
  ['regs/identification/midr_el1', '410fd083\n', 'a MIDR_EL1'],
  ['regs/identification/midr_el1', '0x\n', 'a MIDR_EL1'],
  ['regs/identification/midr_el1', '0x10000000000000000\n', 'a MIDR_EL1'],
  ['cpu_capacity', '', 'the capacity of a CPU'],
  ['cpu_capacity', '-1\n', 'the capacity of a CPU'],
  ['cpu_capacity', '1e3\n', 'the capacity of a CPU'],
])('%s with %j is named with its content', (name, content, expected) => {
  const file = `devices/system/cpu/cpu0/${name}`
  const root = madeSysfs({ ...cpuFiles({ possible: '0', midrs: {} }), [file]: content })

  expect(() => readCores(root)).toThrow(
    new HostError(
      'SYSFS',
      `${root.sys}/${file} holds ${JSON.stringify(content.replace(/\n$/, ''))}, not ${expected}`,
    ),
  )
})

test('an unreadable file is named', () => {
  const root = madeSysfs(cpuFiles({ possible: '0', midrs: {} }))
  mkdirSync(join(root.sys, 'devices/system/cpu/cpu0/cpu_capacity'), { recursive: true })

  expect(() => readCores(root)).toThrow(
    `cannot read ${root.sys}/devices/system/cpu/cpu0/cpu_capacity`,
  )
})
