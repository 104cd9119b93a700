import { expect, test } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { readCpuset } from '../../../src/host/index.ts'
import { madeSysfs } from './sysfs-tree.ts'

const ROOTFS = '23 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw'
const V2 = '35 24 0:29 / /sys/fs/cgroup rw,nosuid shared:9 master:3 - cgroup2 cgroup2 rw,nsdelegate'
const V1_MEMORY = '36 24 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory'
const V1_CPUSET = '37 24 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset'

const madeTree = (cgroup: string, mounts: readonly string[], sysfs: Record<string, string>) =>
  madeSysfs(sysfs, {
    'self/cpuset': `${cgroup}\n`,
    'self/mountinfo': [ROOTFS, ...mounts, ''].join('\n'),
  })

test.each<[string, string, string[], string]>([
  ['v2', '/machine.slice', [V2], 'fs/cgroup/machine.slice/cpuset.cpus.effective'],
  ['v2, at its root', '/', [V2], 'fs/cgroup/cpuset.cpus.effective'],
  ['v1', '/vms', [V1_MEMORY, V1_CPUSET], 'fs/cgroup/cpuset/vms/cpuset.effective_cpus'],
  ['v1 noprefix', '/vms', [V1_CPUSET], 'fs/cgroup/cpuset/vms/effective_cpus'],
  [
    'v1 beside a v2 without the controller',
    '/vms',
    [V2.replace('cgroup rw', 'cgroup/unified rw'), V1_CPUSET],
    'fs/cgroup/cpuset/vms/cpuset.effective_cpus',
  ],
  [
    'a container that sees its part of v1',
    '/docker/0f/vms',
    [V1_CPUSET.replace('/ /sys', '/docker/0f /sys')],
    'fs/cgroup/cpuset/vms/cpuset.effective_cpus',
  ],
  [
    'a place with a blank',
    '/a b',
    [V2.replace('cgroup rw', 'my\\040groups rw')],
    'fs/my groups/a b/cpuset.cpus.effective',
  ],
])('cgroup %s', (_, cgroup, mounts, file) => {
  expect(readCpuset(madeTree(cgroup, mounts, { [file]: '0-2,5\n' }))).toEqual({
    cgroup,
    cpus: [0, 1, 2, 5],
  })
})

test.each<[string, string, string[]]>([
  ['no cgroup is mounted', '/', []],
  [
    'the mount shows another part',
    '/docker/0fff',
    [V1_CPUSET.replace('/ /sys', '/docker/0f /sys')],
  ],
  ['the cgroup is outside of the namespace', '/../vms', [V2]],
  ['the mount is not in the saved tree', '/', [V2.replace('/sys/fs/cgroup', '/dev/cpuset')]],
  ['the cgroup is gone', '/gone', [V2]],
])('there is none if %s', (_, cgroup, mounts) => {
  const files = { 'fs/vms/cpuset.cpus.effective': '0\n', 'fs/cgroup/cpuset.cpus.effective': '0\n' }

  expect(readCpuset(madeTree(cgroup, mounts, files))).toBeUndefined()
})

test('a kernel without cpusets has none', () => {
  expect(readCpuset(madeSysfs({}))).toBeUndefined()
})

test('a process without mounts sees none', () => {
  expect(readCpuset(madeSysfs({}, { 'self/cpuset': '/\n' }))).toBeUndefined()
})

test('nonsense is named with its file and content', () => {
  const badList = madeTree('/', [V2], { 'fs/cgroup/cpuset.cpus.effective': 'all\n' })
  expect(() => readCpuset(badList)).toThrow(
    new HostError(
      'SYSFS',
      `${badList.sys}/fs/cgroup/cpuset.cpus.effective holds "all", not a list of CPUs`,
    ),
  )

  const badMounts = madeTree('/', ['cgroup2 /sys/fs/cgroup'], {})
  expect(() => readCpuset(badMounts)).toThrow(
    new HostError(
      'SYSFS',
      `${badMounts.proc}/self/mountinfo holds "cgroup2 /sys/fs/cgroup", not a mount`,
    ),
  )

  const badCgroup = madeTree('', [V2], {})
  expect(() => readCpuset(badCgroup)).toThrow(
    new HostError('SYSFS', `${badCgroup.proc}/self/cpuset holds "", not a cgroup`),
  )
})
