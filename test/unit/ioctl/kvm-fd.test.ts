import { describe, expect, test } from 'vitest'
import { BugError, HostError, IoctlError, SyscallError } from '../../../src/errors/index.ts'
import { KvmFd } from '../../../src/ioctl/index.ts'
import { RecordingSystem } from './recording-system.ts'

const open = (answer?: () => number) => {
  const system = new RecordingSystem('kvm', answer)
  return { system, kvm: KvmFd.open(system) }
}

describe('KvmFd.open', () => {
  const failing = (errno: number) => {
    const system = new RecordingSystem('kvm')
    system.open = () => -errno
    return system
  }

  test.each([
    ['ENOENT', 2, 'TSVMM_HOST_NO_KVM'],
    ['ENXIO', 6, 'TSVMM_HOST_NO_KVM'],
    ['ENODEV', 19, 'TSVMM_HOST_NO_KVM'],
    ['EACCES', 13, 'TSVMM_HOST_KVM_ACCESS'],
    ['EPERM', 1, 'TSVMM_HOST_KVM_ACCESS'],
  ])('%s is a problem of the host, with a reason and a remedy', (name, errno, code) => {
    const error = caught(() => KvmFd.open(failing(errno)))
    expect(error).toBeInstanceOf(HostError)
    expect(error).toMatchObject({ code, message: 'cannot open /dev/kvm', exitStatus: 120 })
    expect((error as HostError).why).toBeDefined()
    expect((error as HostError).try).not.toEqual([])
    expect((error as HostError).cause).toMatchObject({ errnoName: name })
  })

  test('any other errno is the system call that failed', () => {
    const error = caught(() => KvmFd.open(failing(24), '/tmp/kvm'))
    expect(error).toBeInstanceOf(SyscallError)
    expect((error as Error).message).toMatch(/^\/tmp\/kvm: open failed: EMFILE/)
  })
})

describe('KvmFd', () => {
  test('getApiVersion', () => {
    const { system, kvm } = open(() => 12)
    expect(kvm.getApiVersion()).toBe(12)
    expect(system.call).toMatchObject({ fd: 3, name: 'KVM_GET_API_VERSION', argument: 0 })
  })

  test('checkExtension asks by number', () => {
    const { system, kvm } = open(() => 1)
    expect(kvm.checkExtension('KVM_CAP_ARM_PMU_V3')).toBe(1)
    expect(system.call).toMatchObject({ name: 'KVM_CHECK_EXTENSION', argument: 126 })
  })

  test('a capability that only a VM can be asked for is an error with its name', () => {
    const { kvm } = open(() => -22)
    expect(() => kvm.checkExtension('KVM_CAP_MSI_DEVID')).toThrow(
      '/dev/kvm: KVM_CHECK_EXTENSION (KVM_CAP_MSI_DEVID) failed: EINVAL',
    )
  })

  test('getVcpuMmapSize', () => {
    const { system, kvm } = open(() => 8192)
    expect(kvm.getVcpuMmapSize()).toBe(8192)
    expect(system.call.name).toBe('KVM_GET_VCPU_MMAP_SIZE')
  })

  test('createVm passes the IPA size and owns what it got', () => {
    const { system, kvm } = open(() => 7)
    const vm = kvm.createVm(44)
    expect(system.call).toMatchObject({ fd: 3, name: 'KVM_CREATE_VM', argument: 44 })
    vm.close()
    expect(system.closed).toEqual([7])
  })

  test('createVm without an IPA size takes the default of the kernel', () => {
    const { system, kvm } = open(() => 7)
    kvm.createVm()
    expect(system.call.argument).toBe(0)
  })

  test('a VM the kernel refuses is an error that shows the size', () => {
    const { kvm } = open(() => -22)
    const error = caught(() => kvm.createVm(53))
    expect(error).toBeInstanceOf(IoctlError)
    expect(error).toMatchObject({ request: 'KVM_CREATE_VM', on: '/dev/kvm', errnoName: 'EINVAL' })
    expect((error as Error).message).toContain('KVM_CREATE_VM (ipa bits 53) failed: EINVAL')
  })
})

describe('an fd', () => {
  test('is closed once, however it is closed', () => {
    const { system, kvm } = open()
    {
      using owned = kvm
      owned.close()
    }
    expect(system.closed).toEqual([3])
  })

  test('used after it was closed is a bug, not an ioctl on a stranger', () => {
    const { system, kvm } = open()
    kvm.close()
    expect(() => kvm.getApiVersion()).toThrow(BugError)
    expect(() => kvm.fd).toThrow('/dev/kvm was used after it was closed')
    expect(system.calls).toEqual([])
  })
})

function caught(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
