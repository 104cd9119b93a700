import type * as fs from 'node:fs'
import { readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { readHostPmuDetails, readHostPmus } from '../../../src/host/index.ts'
import { RK3399 } from './machines.ts'
import { madeSysfs, type SavedTree } from './sysfs-tree.ts'

vi.mock('node:fs', { spy: true })

const real = await vi.importActual<typeof fs>('node:fs')

/** Calls `act` whenever the file of this name in the PMU of the A53 is about to be read. */
function beforeReading(name: string, act: () => void): void {
  vi.mocked(readFileSync).mockImplementation((file, options) => {
    const path = file as string
    if (path.includes('/armv8_cortex_a53/') && basename(path) === name) act()
    return real.readFileSync(file, options)
  })
}

const removePmu = (root: SavedTree) =>
  rmSync(join(root.sys, 'bus/event_source/devices/armv8_cortex_a53'), {
    recursive: true,
    force: true,
  })

afterEach(() => vi.mocked(readFileSync).mockRestore())

test.each(['cpus', 'type'])('a PMU that vanishes before its %s is read is left out', name => {
  const root = madeSysfs(RK3399)
  beforeReading(name, () => removePmu(root))

  expect(readHostPmus(root).map(pmu => pmu.name)).toEqual(['armv8_cortex_a72'])
})

test('a file that is gone between open and read is as good as none', () => {
  const root = madeSysfs(RK3399)
  beforeReading('cpus', () => {
    throw Object.assign(new Error('ENODEV: no such device, read'), { code: 'ENODEV' })
  })

  expect(readHostPmus(root).map(pmu => pmu.name)).toEqual(['armv8_cortex_a72'])
})

test('a PMU that vanishes later has what was read of it', () => {
  const root = madeSysfs(RK3399)
  beforeReading('slots', () => removePmu(root))

  const caps = readHostPmuDetails(root).map(pmu => Object.keys(pmu.caps))
  expect(caps).toEqual([
    ['bus_slots', 'bus_width'],
    ['bus_slots', 'bus_width', 'slots', 'threshold_max'],
  ])
  expect(readHostPmuDetails(root).map(pmu => pmu.name)).toEqual(['armv8_cortex_a72'])
})
