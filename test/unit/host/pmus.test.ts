import { expect, test } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { readHostPmus, renderHostPmu } from '../../../src/host/index.ts'
import { madeSysfs, savedSysfs } from './sysfs-tree.ts'

const PMU = 'bus/event_source/devices/armv8_pmuv3'

test('a uniform host has one core PMU; uncore, trace and software PMUs are left out', () => {
  expect(readHostPmus(savedSysfs('uniform'))).toEqual([
    { name: 'armv8_pmuv3_0', type: 10, cpus: [0, 1, 2, 3] },
  ])
})

test('PMUs of a big.LITTLE host come in the order of their CPUs, not of their types', () => {
  expect(readHostPmus(savedSysfs('biglittle'))).toEqual([
    { name: 'armv8_cortex_a53', type: 11, cpus: [0, 1] },
    { name: 'armv8_cortex_a72', type: 10, cpus: [2, 3] },
  ])
})

test('a host whose PMU has no driver has no core PMUs', () => {
  expect(readHostPmus(savedSysfs('none'))).toEqual([])
})

test('a kernel without perf has no core PMUs', () => {
  expect(readHostPmus(madeSysfs({}))).toEqual([])
})

test('a PMU without CPUs comes last', () => {
  const root = madeSysfs({
    [`${PMU}_0/type`]: '8\n',
    [`${PMU}_0/cpus`]: '\n',
    [`${PMU}_1/type`]: '9\n',
    [`${PMU}_1/cpus`]: '4\n',
  })

  expect(readHostPmus(root).map(pmu => pmu.cpus)).toEqual([[4], []])
})

test.each([
  ['', 'not a perf type number'],
  ['-1\n', 'not a perf type number'],
  ['0x9\n', 'not a perf type number'],
  ['2147483648\n', 'not a perf type number'],
  ['9\n10\n', 'not a perf type number'],
])('the type %j is refused with its file', (type, message) => {
  const root = madeSysfs({ [`${PMU}/type`]: type, [`${PMU}/cpus`]: '0\n' })

  expect(() => readHostPmus(root)).toThrow(HostError)
  expect(() => readHostPmus(root)).toThrow(`${root.sys}/${PMU}/type holds`)
  expect(() => readHostPmus(root)).toThrow(message)
})

test('a PMU with CPUs and without a type is refused', () => {
  const root = madeSysfs({ [`${PMU}/cpus`]: '0\n' })

  expect(() => readHostPmus(root)).toThrow(`there is no ${root.sys}/${PMU}/type`)
})

test('nonsense in cpus is named with its file, and long nonsense is cut', () => {
  const root = madeSysfs({ [`${PMU}/type`]: '9\n', [`${PMU}/cpus`]: 'f'.repeat(100) })

  expect(() => readHostPmus(root)).toThrow(
    new HostError(
      'SYSFS',
      `${root.sys}/${PMU}/cpus holds "${'f'.repeat(60)}…", not a list of CPUs`,
    ),
  )
})

test('a list of devices that is no directory is named', () => {
  const root = madeSysfs({ 'bus/event_source/devices': '' })

  expect(() => readHostPmus(root)).toThrow(`cannot list ${root.sys}/bus/event_source/devices`)
})

test.each([
  [[2, 3], 'armv8_cortex_a72 (type 11, CPUs 2-3)'],
  [[], 'armv8_cortex_a72 (type 11, CPUs none)'],
])('renderHostPmu says name, type and CPUs', (cpus, expected) => {
  expect(renderHostPmu({ name: 'armv8_cortex_a72', type: 11, cpus })).toBe(expected)
})
