import { describe, expect, it } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { readSurroundings } from '../../../src/host/surroundings.ts'
import { madeTree } from './made-tree.ts'

const dmi = (fields: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [`/sys/class/dmi/id/${name}`, value]),
  )

describe('containers', () => {
  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['docker', { '/.dockerenv': '' }, {}],
    ['podman', { '/run/.containerenv': '' }, {}],
    ['podman', { '/run/.containerenv': '', '/.dockerenv': '' }, {}],
    ['systemd-nspawn', { '/run/systemd/container': 'systemd-nspawn' }, {}],
    ['kubernetes', { '/.dockerenv': '' }, { KUBERNETES_SERVICE_HOST: '10.0.0.1' }],
    ['lxc', {}, { container: 'lxc' }],
    ['docker', { '/proc/1/cgroup': '12:pids:/docker/0123abc\n0::/docker/0123abc' }, {}],
    ['kubernetes', { '/proc/1/cgroup': '0::/kubepods.slice/kubepods-pod1.slice/x' }, {}],
    ['podman', { '/proc/1/cgroup': '0::/machine.slice/libpod-0123.scope' }, {}],
    ['lxc', { '/proc/1/cgroup': '0::/lxc.payload.web' }, {}],
  ])('%s: %o %o', (name, files, env) => {
    expect(readSurroundings(madeTree(files), env).container?.name).toBe(name)
  })

  it('none, on a machine that is like others', () => {
    const files = { '/proc/1/cgroup': '0::/init.scope' }
    expect(readSurroundings(madeTree(files), { container: '' })).toEqual({
      container: undefined,
      vm: undefined,
    })
  })
})

describe('virtual machines', () => {
  it.each<[string, Record<string, string>]>([
    ['KVM', { '/proc/device-tree/hypervisor/compatible': 'linux,kvm\0' }],
    ['Xen', { '/proc/device-tree/hypervisor/compatible': 'xen,xen-4.17\0xen,xen\0' }],
    ['a linux,dummy-virt machine', { '/proc/device-tree/compatible': 'linux,dummy-virt\0' }],
    ['Xen', { '/sys/hypervisor/type': 'xen' }],
    ['QEMU', dmi({ sys_vendor: 'QEMU', product_name: 'QEMU Virtual Machine' })],
    ['KVM', dmi({ sys_vendor: 'Red Hat', product_name: 'KVM' })],
    ['Amazon EC2', dmi({ sys_vendor: 'Amazon EC2', product_name: 'c7g.2xlarge' })],
    ['Hyper-V', dmi({ sys_vendor: 'Microsoft Corporation', product_name: 'Virtual Machine' })],
    ['Google Compute Engine', dmi({ sys_vendor: 'Google', product_name: 'Google Compute Engine' })],
    [
      'Apple Virtualization',
      dmi({ sys_vendor: 'Apple Inc.', product_name: 'Apple Virtualization Generic Platform' }),
    ],
    ['Hetzner', dmi({ sys_vendor: 'Hetzner', product_name: 'vServer' })],
  ])('%s: %o', (name, files) => {
    expect(readSurroundings(madeTree(files)).vm?.name).toBe(name)
  })

  it.each<[string, Record<string, string>]>([
    ['a whole machine of a cloud', dmi({ sys_vendor: 'Amazon EC2', product_name: 'c7g.metal' })],
    ['a half of one', dmi({ sys_vendor: 'Amazon EC2', product_name: 'c8g.metal-24xl' })],
    ['a tablet', dmi({ sys_vendor: 'Microsoft Corporation', product_name: 'Surface Pro X' })],
    ['a server', dmi({ sys_vendor: 'GIGABYTE', product_name: 'R152-P31-00' })],
    ['empty fields', dmi({ sys_vendor: '', product_name: '', bios_vendor: '\u0001\u001b[2J' })],
    ['a board', { '/proc/device-tree/compatible': 'pine64,rockpro64\0rockchip,rk3399\0' }],
  ])('not %s', (_, files) => {
    expect(readSurroundings(madeTree(files)).vm).toBeUndefined()
  })
})

it('says which file nobody may read', () => {
  expect(() => readSurroundings(madeTree({ '/proc/1/cgroup': null }))).toThrow(HostError)
})
