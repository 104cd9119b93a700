import { expect, it } from 'vitest'
import { readMemory } from '../../../src/host/memory.ts'
import { madeTree } from './made-tree.ts'

const MEMINFO = `MemTotal:        2024640 kB
MemFree:         1700000 kB
MemAvailable:    1805312 kB
HugePages_Total:       8
HugePages_Free:        3
Hugepagesize:       2048 kB`

it('of a machine', () => {
  const files = {
    '/proc/meminfo': MEMINFO,
    '/sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never',
  }
  expect(readMemory(madeTree(files))).toEqual({
    totalMib: 1977,
    availableMib: 1763,
    limitMib: undefined,
    hugePages: { total: 8, free: 3, sizeKib: 2048 },
    transparent: 'madvise',
  })
})

it('no more than the cgroup has left', () => {
  const files = {
    '/proc/meminfo': MEMINFO,
    '/proc/self/cgroup': '1:name=systemd:/\n0::/box',
    '/sys/fs/cgroup/box/memory.max': `${512 * 2 ** 20}`,
    '/sys/fs/cgroup/box/memory.current': `${500 * 2 ** 20}`,
  }
  expect(readMemory(madeTree(files))).toMatchObject({ availableMib: 12, limitMib: 512 })
  const free = { ...files, '/sys/fs/cgroup/box/memory.max': 'max' }
  expect(readMemory(madeTree(free))).toMatchObject({ availableMib: 1763, limitMib: undefined })
  const outside = { ...files, '/proc/self/cgroup': '0::/../../etc' }
  expect(readMemory(madeTree(outside))).toMatchObject({ availableMib: 1763 })
})

it.each([undefined, '', 'MemAvailable: lots', 'MemAvailable: 99999999999999999999 kB'])(
  'not known from %o',
  meminfo => {
    const files = meminfo === undefined ? {} : { '/proc/meminfo': meminfo }
    expect(readMemory(madeTree(files))).toEqual({
      totalMib: undefined,
      availableMib: undefined,
      limitMib: undefined,
      hugePages: undefined,
      transparent: undefined,
    })
  },
)
