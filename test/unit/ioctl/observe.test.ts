import { afterEach, expect, test } from 'vitest'
import { IoctlError } from '../../../src/errors/index.ts'
import { KvmFd, VCPU_ATTRIBUTES, VcpuFd } from '../../../src/ioctl/index.ts'
import { observeIoctls, type IoctlCall } from '../../../src/ioctl/observe.ts'
import { RecordingSystem } from './recording-system.ts'

afterEach(() => observeIoctls(undefined))

function observe(): IoctlCall[] {
  const calls: IoctlCall[] = []
  observeIoctls(call => calls.push(call))
  return calls
}

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

test('nothing is shown unless it was asked for', () => {
  const calls = observe()
  observeIoctls(undefined)
  KvmFd.open(new RecordingSystem('kvm')).getApiVersion()
  expect(calls).toEqual([])
})
