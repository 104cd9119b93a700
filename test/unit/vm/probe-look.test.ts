import { expect, it } from 'vitest'
import { CAPABILITIES, KvmFd, type CapabilityName } from '../../../src/ioctl/index.ts'
import { askCapabilities, askVms } from '../../../src/vm/look.ts'
import { RecordingSystem, type Call } from '../ioctl/recording-system.ts'

const KVM = 3
const EINVAL = 22
const ENODEV = 19
const CREATE_VM = 'KVM_CREATE_VM'
const GICV2 = 5
const GICV3 = 7
const ITS = 8

/** KVM as far as a look can see it: fds are counted up from 10. */
class Host {
  readonly system = new RecordingSystem('kvm', call => this.#answer(call))
  readonly kvm = new KvmFd(this.system, KVM, '/dev/kvm')
  readonly capabilities: Partial<Record<CapabilityName, (call: Call) => number>> = {}
  devices: readonly number[] = []
  #fds = 10
  readonly #vms = new Set<number>()
  #gic = 0

  get opened(): number[] {
    return Array.from({ length: this.#fds - 10 }, (_, i) => 10 + i)
  }

  #answer(call: Call): number {
    const { fd, request, argument } = call
    if (call.name === CREATE_VM && fd === KVM) {
      this.#gic = 0
      this.#vms.add(this.#fds)
      return this.#fds++
    }
    if (call.name === 'KVM_CHECK_EXTENSION') return this.#check(call, Number(argument))
    // KVM_CREATE_DEVICE of a VM: struct kvm_create_device { type, fd, flags }.
    if (this.#vms.has(fd) && (request & 0xff) === 0xe0) {
      const type = call.scratch.readUInt32LE(0)
      if (!this.devices.includes(type)) return -ENODEV
      if (call.scratch.readUInt32LE(8) === 1) return 0
      this.#gic = type
      this.system.scratch.writeBytes(4, Buffer.from(Uint32Array.of(this.#fds++).buffer))
      return 0
    }
    return 0
  }

  #check(call: Call, number: number): number {
    const name = Object.entries(CAPABILITIES).find(([, value]) => value === number)?.[0]
    if (name === 'KVM_CAP_MAX_VCPUS') return this.#gic === GICV2 ? 8 : 512
    return this.capabilities[name as CapabilityName]?.(call) ?? 0
  }
}

it('asks of a VM what /dev/kvm refuses, and keeps the errno of what both refuse', () => {
  const host = new Host()
  host.capabilities.KVM_CAP_ARM_VM_IPA_SIZE = () => 44
  host.capabilities.KVM_CAP_MSI_DEVID = ({ fd }) => (fd === KVM ? -EINVAL : 1)
  host.capabilities.KVM_CAP_PTP_KVM = () => -EINVAL
  host.capabilities.KVM_CAP_ARM_SVE = () => -ENODEV
  const answers = askCapabilities(host.kvm)
  const of = (name: CapabilityName) => answers.find(answer => answer.name === name)

  expect(answers.map(({ name }) => name)).toEqual(Object.keys(CAPABILITIES))
  expect(of('KVM_CAP_MSI_DEVID')).toMatchObject({ number: 131, value: 1, ofVm: true })
  expect(of('KVM_CAP_ARM_VM_IPA_SIZE')).toMatchObject({ value: 44, ofVm: false })
  expect(of('KVM_CAP_PTP_KVM')).toMatchObject({ value: undefined, errno: 'EINVAL', ofVm: true })
  expect(of('KVM_CAP_ARM_SVE')).toMatchObject({ errno: 'ENODEV', ofVm: false })
  expect(host.system.closed).toEqual(host.opened)
})

it('tests every GIC, and asks how many vCPUs a VM with it can have', () => {
  const host = new Host()
  host.devices = [GICV2, GICV3, ITS]
  host.capabilities.KVM_CAP_ARM_VM_IPA_SIZE = () => 36
  host.capabilities.KVM_CAP_NR_VCPUS = () => 4

  expect(askVms(host.kvm)).toMatchObject({
    ipaBits: 36,
    maxVcpus: 512,
    recommendedVcpus: 4,
    gics: [
      { name: 'GICv2', available: true, maxVcpus: 8 },
      { name: 'GICv3', available: true, maxVcpus: 512 },
      { name: 'ITS', available: true },
      { name: 'GICv5', available: false },
    ],
  })
  expect([...host.system.closed].sort()).toEqual(host.opened)
  const sizes = host.system.calls.filter(({ name, fd }) => name === CREATE_VM && fd === KVM)
  expect(new Set(sizes.map(({ argument }) => argument))).toEqual(new Set([36]))
})

it('has no more than 40 IPA bits for what it asks, and leaves nothing open without any GIC', () => {
  const host = new Host()
  host.capabilities.KVM_CAP_ARM_VM_IPA_SIZE = () => 52

  expect(askVms(host.kvm).gics.map(({ available }) => available)).toEqual(Array(4).fill(false))
  expect(host.system.calls.find(({ name }) => name === CREATE_VM)?.argument).toBe(40)
  expect(host.system.closed).toEqual(host.opened)
})
