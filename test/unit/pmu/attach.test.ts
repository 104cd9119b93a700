import { describe, expect, it } from 'vitest'
import { kvm_device_attr, VcpuFd } from '../../../src/ioctl/index.ts'
import { NativeMemory } from '../../../src/native/memory.ts'
import { attachPmu } from '../../../src/pmu/attach.ts'
import { RecordingSystem, SCRATCH, type Call } from '../ioctl/recording-system.ts'

const PMU = { name: 'armv8_cortex_a72', type: 11, cpus: [2, 3] }

/** fd and attribute number of a call, and the int it pointed at. */
function decode({ fd, name, scratch }: Call): string {
  const memory = NativeMemory.onHeap(scratch.length)
  memory.writeBytes(0, scratch)
  const { attr, addr } = kvm_device_attr.decode(memory, 0)
  const value = addr === 0n ? 'nothing' : memory.readI32(Number(addr - SCRATCH))
  return `${fd} ${name} ${attr} ${value}`
}

describe('attachPmu', () => {
  it('selects once, then gives each vCPU its interrupt and initializes it: 2 calls per vCPU and 1', () => {
    const system = new RecordingSystem('vcpu')
    attachPmu(
      [10, 11, 12].map((fd, id) => new VcpuFd(system, fd, id)),
      PMU,
    )
    expect(system.calls.map(decode)).toEqual([
      '10 KVM_SET_DEVICE_ATTR 3 11',
      '10 KVM_SET_DEVICE_ATTR 0 23',
      '10 KVM_SET_DEVICE_ATTR 1 nothing',
      '11 KVM_SET_DEVICE_ATTR 0 23',
      '11 KVM_SET_DEVICE_ATTR 1 nothing',
      '12 KVM_SET_DEVICE_ATTR 0 23',
      '12 KVM_SET_DEVICE_ATTR 1 nothing',
    ])
  })

  it('ends with the attribute, its value and the errno when the kernel refuses', () => {
    const system = new RecordingSystem('vcpu', () => -6)
    expect(() => attachPmu([new VcpuFd(system, 10, 0)], PMU)).toThrow(
      'vcpu 0: KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU (type 11) failed: ENXIO',
    )
  })
})
