import { afterEach, expect, test } from 'vitest'
import { IoctlError } from '../../../src/errors/index.ts'
import {
  KvmFd,
  observeCalls,
  renderCall,
  SYSTEM_REGISTERS,
  VCPU_ATTRIBUTES,
  VcpuFd,
  type ObservedCall,
} from '../../../src/ioctl/index.ts'
import { ObservedSystem } from '../../../src/vm/observed-system.ts'
import { RecordingSystem } from './recording-system.ts'

const ends: (() => void)[] = []
afterEach(() => ends.splice(0).forEach(end => end()))

function observe(): ObservedCall[] {
  const calls: ObservedCall[] = []
  ends.push(observeCalls(call => calls.push(call)))
  return calls
}

/** The lines, the time apart. */
const lines = (calls: readonly ObservedCall[]) =>
  calls.map(call => renderCall(call).replace(/ <\d+\.\d µs>$/, ''))

const ns = expect.any(Number) as number

test('an ioctl is shown by the names of the tables, with its result', () => {
  const kvm = KvmFd.open(new RecordingSystem('kvm', () => 6))
  const calls = observe()
  expect(kvm.checkExtension('KVM_CAP_ARM_PMU_V3')).toBe(6)
  kvm.getApiVersion()
  const on = '/dev/kvm'
  expect(calls).toEqual([
    { on, request: 'KVM_CHECK_EXTENSION', argument: 'KVM_CAP_ARM_PMU_V3', result: 6, ns },
    { on, request: 'KVM_GET_API_VERSION', result: 6, ns },
  ])
})

test('what is refused is shown with the errno, and thrown as without', () => {
  const vcpu = new VcpuFd(new RecordingSystem('vcpu', () => -16), 9, 0)
  const calls = observe()
  const SET_PMU = VCPU_ATTRIBUTES.KVM_ARM_VCPU_PMU_V3_SET_PMU
  expect(() => vcpu.setDeviceAttr(SET_PMU, 9)).toThrow(IoctlError)
  expect(() => vcpu.hasDeviceAttr(SET_PMU)).toThrow(IoctlError)
  const shown = { on: 'vcpu 0', attribute: 'KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU' }
  const refused = { result: -16, errno: 'EBUSY', ns }
  expect(calls).toEqual([
    { ...shown, request: 'KVM_SET_DEVICE_ATTR', argument: 'type 9', ...refused },
    { ...shown, request: 'KVM_HAS_DEVICE_ATTR', ...refused },
  ])
})

test('what a call gives is shown where its result does not say it', () => {
  const system = new RecordingSystem('vcpu', (_, scratch) => {
    scratch.writeU64(1024, 0x8000_0001n)
    return 0
  })
  const vcpu = new VcpuFd(ObservedSystem.around(system), 9, 1)
  const calls = observe()
  expect(vcpu.getOneReg(SYSTEM_REGISTERS.MPIDR_EL1)).toBe(0x8000_0001n)
  vcpu.setOneReg(SYSTEM_REGISTERS.PMCR_EL0, 0x10n)
  vcpu.mmapRun(8192)
  vcpu.close()
  expect(lines(calls)).toEqual([
    'vcpu 1: KVM_GET_ONE_REG (MPIDR_EL1) = 0, 0x80000001',
    'vcpu 1: KVM_SET_ONE_REG (PMCR_EL0 = 0x10) = 0',
    'vcpu 1: mmap (8192 bytes) = 0, at 0x0',
    'vcpu 1: close = 0',
  ])
})

test('calls that are not about an object of KVM are shown as well', () => {
  const calls = observe()
  const system = ObservedSystem.around(
    Object.assign(new RecordingSystem('kvm'), {
      getAffinity: () => [0, 1, 2, 5],
      setAffinity: () => -22,
    }),
  )
  KvmFd.open(system)
  system.getAffinity(0)
  system.setAffinity(0, [1, 2])
  system.setAffinity(77, [9])
  system.mmap({ length: 65536 })
  system.mmap({ length: 0 })
  expect(lines(calls)).toEqual([
    'tsvmm: open (/dev/kvm) = 3',
    'tsvmm: sched_getaffinity = 0, CPUs 0-2,5',
    'tsvmm: sched_setaffinity (CPUs 1-2) = -1 EINVAL',
    'tsvmm: sched_setaffinity (thread 77, CPUs 9) = -1 EINVAL',
    'tsvmm: mmap (65536 bytes) = 0, at 0x0',
    'tsvmm: mmap (0 bytes) = -1 EINVAL',
  ])
})

test('several may look, and nothing is shown to who looks no more', () => {
  const first = observe()
  const second = observe()
  const system = new RecordingSystem('kvm')
  KvmFd.open(system).getApiVersion()
  ends.shift()?.()
  KvmFd.open(system).getApiVersion()
  ends.shift()?.()
  KvmFd.open(system).getApiVersion()
  expect([first.length, second.length]).toEqual([1, 2])
  expect(ObservedSystem.around(system)).toBe(system)
})
