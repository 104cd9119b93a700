import { expect, test } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { readHostPmuDetails } from '../../../src/host/index.ts'
import { APPLE_M1, GRAVITON3, RK3399, UNCORE_ONLY, pmuFiles } from './machines.ts'
import { madeSysfs } from './sysfs-tree.ts'

const PMU = 'bus/event_source/devices/armv8_pmuv3'

const pmuWith = (files: Record<string, string>) =>
  madeSysfs({ [`${PMU}/type`]: '9\n', [`${PMU}/cpus`]: '0\n', ...files })

test('a server has one PMU, with slots', () => {
  expect(readHostPmuDetails(madeSysfs(GRAVITON3))).toEqual([
    {
      name: 'armv8_pmuv3_0',
      type: 9,
      cpus: [0, 1],
      caps: { slots: 8, bus_slots: 0, bus_width: 0, threshold_max: 0 },
      events: { cpu_cycles: 0x11, stall_slot: 0x3f },
    },
  ])
})

test('PMUs of a board come in the order of their CPUs, each with events of its own', () => {
  expect(readHostPmuDetails(madeSysfs(RK3399))).toMatchObject([
    { name: 'armv8_cortex_a53', type: 8, events: { cpu_cycles: 0x11, ld_retired: 0x06 } },
    { name: 'armv8_cortex_a72', type: 7, events: { cpu_cycles: 0x11, inst_spec: 0x1b } },
  ])
})

test("Apple's PMUs have no caps", () => {
  expect(readHostPmuDetails(madeSysfs(APPLE_M1))).toMatchObject([
    { name: 'apple_icestorm_pmu', caps: {}, events: { cycles: 0x02, instructions: 0x8c } },
    { name: 'apple_firestorm_pmu', caps: {}, events: { cycles: 0x02, instructions: 0x8c } },
  ])
})

test('a PMU may have neither caps nor events', () => {
  expect(readHostPmuDetails(pmuWith({}))).toEqual([
    { name: 'armv8_pmuv3', type: 9, cpus: [0], caps: {}, events: {} },
  ])
})

test('PMUs that are not of the cores are left out', () => {
  expect(readHostPmuDetails(madeSysfs(UNCORE_ONLY))).toEqual([])
})

test('BRBE says its branches in decimal', () => {
  expect(readHostPmuDetails(pmuWith({ [`${PMU}/caps/branches`]: '32\n' }))[0]?.caps.branches).toBe(
    32,
  )
})

test('what is on a hybrid x86 host is no error', () => {
  const root = madeSysfs(
    pmuFiles('cpu_core', {
      type: '4',
      cpus: '0-3',
      'caps/pmu_name': 'alderlake_hybrid',
      'caps/max_precise': '3',
      'events/mem-loads': 'event=0xcd,umask=0x1,ldlat=3',
      'events/cpu-cycles': 'event=0x3c',
      'events/topdown-retiring.scale': '2.3e-10',
    }),
  )

  expect(readHostPmuDetails(root)).toMatchObject([
    { caps: { pmu_name: 'alderlake_hybrid', max_precise: 3 }, events: { 'cpu-cycles': 0x3c } },
  ])
  expect(Object.keys(readHostPmuDetails(root)[0]!.events)).toEqual(['cpu-cycles'])
})

test.each([
  ['caps/slots', '', 'a number'],
  ['caps/slots', 'many', 'a number'],
  ['caps/threshold_max', '0x', 'a number'],
  ['caps/bus_width', '0x100000000', 'a number'],
  ['events/cpu_cycles', '', 'a perf event'],
  ['events/cpu_cycles', '0x11', 'a perf event'],
  ['events/cpu_cycles', 'event', 'a perf event'],
  ['events/cpu_cycles', 'event=', 'a perf event'],
  ['events/cpu_cycles', 'event=0xzz', 'a perf event'],
  ['events/cpu_cycles', 'umask=0x1,event=-1', 'a perf event'],
])('%s with %j is named with its content', (name, content, expected) => {
  const root = pmuWith({ [`${PMU}/${name}`]: `${content}\n` })

  expect(() => readHostPmuDetails(root)).toThrow(
    new HostError(
      'SYSFS',
      `${root.sys}/${PMU}/${name} holds ${JSON.stringify(content)}, not ${expected}`,
    ),
  )
})

test.each(['caps', 'events'])('%s that is no directory is named', name => {
  const root = pmuWith({ [`${PMU}/${name}`]: '' })

  expect(() => readHostPmuDetails(root)).toThrow(`cannot list ${root.sys}/${PMU}/${name}`)
})
