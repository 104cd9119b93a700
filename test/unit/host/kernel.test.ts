import { expect, it } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { isAtLeast, readKernel } from '../../../src/host/kernel.ts'
import { madeTree } from './made-tree.ts'

const OSRELEASE = '/proc/sys/kernel/osrelease'

it.each<[string, readonly [number, number] | undefined]>([
  ['6.12.107+deb13-cloud-arm64', [6, 12]],
  ['5.10.0-30-rockchip', [5, 10]],
  ['7.3-rc7', [7, 3]],
  ['4.4.0', [4, 4]],
  ['tinykernel', undefined],
  ['6', undefined],
  ['99999.99999', undefined],
  ['', undefined],
])('the version of %s', (release, version) => {
  expect(readKernel(madeTree({ [OSRELEASE]: release }))).toMatchObject({ release, version })
})

it('says of what it was booted with and built with, where that is there', () => {
  const tree = {
    [OSRELEASE]: '6.1.0',
    '/proc/cmdline': 'quiet kvm-arm.mode=nvhe',
    '/boot/config-6.1.0': 'CONFIG_ARM64=y\nCONFIG_KVM=y\nCONFIG_KVM_MMIO=y',
  }
  expect(readKernel(madeTree(tree))).toMatchObject({
    commandLine: 'quiet kvm-arm.mode=nvhe',
    isBuiltWithKvm: true,
  })
  const without = { ...tree, '/boot/config-6.1.0': '# CONFIG_KVM is not set' }
  expect(readKernel(madeTree(without)).isBuiltWithKvm).toBe(false)
  expect(readKernel(madeTree({}))).toEqual({
    release: undefined,
    version: undefined,
    commandLine: undefined,
    isBuiltWithKvm: undefined,
  })
})

it('a file that nobody may read is an error', () => {
  expect(() => readKernel(madeTree({ [OSRELEASE]: null }))).toThrow(HostError)
})

it('compares versions as numbers', () => {
  expect(isAtLeast([6, 12], [6, 2])).toBe(true)
  expect(isAtLeast([6, 2], [6, 12])).toBe(false)
  expect(isAtLeast([7, 0], [6, 19])).toBe(true)
  expect(isAtLeast([5, 18], [5, 18])).toBe(true)
})
