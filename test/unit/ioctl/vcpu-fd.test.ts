import { describe, expect, test } from 'vitest'
import { BugError, IoctlError } from '../../../src/errors/index.ts'
import {
  CORE_REGISTERS,
  featureWords,
  KVM_ARM_TARGET_GENERIC_V8,
  KVM_GUESTDBG_ENABLE,
  KVM_PMU_EVENT_DENY,
  KVM_REG_ARM64,
  KVM_REG_SIZE_U32,
  kvm_device_attr,
  kvm_guest_debug,
  kvm_mp_state,
  kvm_one_reg,
  kvm_pmu_event_filter,
  kvm_reg_list,
  kvm_vcpu_events,
  kvm_vcpu_init,
  SYSTEM_REGISTERS,
  VCPU_ATTRIBUTES,
  VCPU_FEATURES,
  VcpuFd,
  vRegister,
  type Fields,
  type Struct,
} from '../../../src/ioctl/index.ts'
import { NativeMemory } from '../../../src/native/memory.ts'
import { RecordingSystem, SCRATCH, type Kernel } from './recording-system.ts'

const PAYLOAD_AT = 1024
const PAYLOAD_ADDRESS = SCRATCH + BigInt(PAYLOAD_AT)

function setUp(answer?: Kernel) {
  const system = new RecordingSystem('vcpu', answer)
  const vcpu = new VcpuFd(system, 9, 0)
  const sent = (struct: Struct<Fields>, at = 0) => {
    const memory = NativeMemory.onHeap(struct.size)
    memory.writeBytes(0, system.call.scratch.subarray(at, at + struct.size))
    return struct.decode(memory, 0)
  }
  return { system, vcpu, sent }
}

describe('VcpuFd', () => {
  test('init', () => {
    const { system, vcpu, sent } = setUp()
    const features = featureWords(['KVM_ARM_VCPU_PSCI_0_2', 'KVM_ARM_VCPU_PMU_V3'])
    vcpu.init({ target: KVM_ARM_TARGET_GENERIC_V8, features })
    expect(system.call).toMatchObject({ fd: 9, name: 'KVM_ARM_VCPU_INIT', argument: SCRATCH })
    expect(sent(kvm_vcpu_init)).toEqual({ target: 5, features: [0b1100, 0, 0, 0, 0, 0, 0] })
  })

  test('features the kernel refuses are shown', () => {
    const { vcpu } = setUp(() => -2)
    const features = featureWords(['KVM_ARM_VCPU_PMU_V3', 'KVM_ARM_VCPU_PMU_V3_STRICT'])
    expect(() => vcpu.init({ target: 5, features })).toThrow(
      'vcpu 0: KVM_ARM_VCPU_INIT (target 5, features 0x208 PMU_V3 PMU_V3_STRICT) failed: ENOENT',
    )
  })

  test('finalize passes the address of an int', () => {
    const { system, vcpu } = setUp()
    vcpu.finalize(VCPU_FEATURES.KVM_ARM_VCPU_SVE)
    expect(system.call).toMatchObject({ name: 'KVM_ARM_VCPU_FINALIZE', argument: SCRATCH })
    expect(system.call.scratch.readInt32LE(0)).toBe(4)
  })

  test('getRegList asks for the count first', () => {
    const ids = [CORE_REGISTERS.PC(), SYSTEM_REGISTERS.PMCR_EL0]
    const { system, vcpu } = setUp(({ scratch }, memory) => {
      memory.writeU64(0, BigInt(ids.length))
      if (scratch.readBigUInt64LE(0) < BigInt(ids.length)) return -7
      ids.forEach((id, i) => memory.writeU64(8 + 8 * i, id))
      return 0
    })
    expect(vcpu.getRegList()).toEqual(ids)
    expect(system.calls.map(call => call.scratch.readBigUInt64LE(0))).toEqual([0n, 2n])
  })

  test('getRegList before init is an error', () => {
    const { vcpu, system } = setUp(() => -8)
    expect(() => vcpu.getRegList()).toThrow('vcpu 0: KVM_GET_REG_LIST failed: ENOEXEC')
    expect(system.calls).toHaveLength(1)
    expect(kvm_reg_list.size).toBe(8)
  })

  test('getOneReg', () => {
    const { system, vcpu, sent } = setUp((_call, memory) => {
      memory.writeU64(PAYLOAD_AT, 0xffff_0000_1234_5678n)
      return 0
    })
    expect(vcpu.getOneReg(CORE_REGISTERS.PC())).toBe(0xffff_0000_1234_5678n)
    expect(system.call.name).toBe('KVM_GET_ONE_REG')
    expect(sent(kvm_one_reg)).toEqual({ id: CORE_REGISTERS.PC(), addr: PAYLOAD_ADDRESS })
  })

  test('getOneReg of 32 bits reads no more', () => {
    const { vcpu } = setUp((_call, memory) => {
      memory.writeU64(PAYLOAD_AT, 0xffff_ffff_0000_0007n)
      return 0
    })
    expect(vcpu.getOneReg(KVM_REG_ARM64 | KVM_REG_SIZE_U32 | 0x11_0000n)).toBe(7n)
  })

  test('setOneReg', () => {
    const { system, vcpu, sent } = setUp()
    vcpu.setOneReg(CORE_REGISTERS.PSTATE(), 0x3c5n)
    expect(system.call.name).toBe('KVM_SET_ONE_REG')
    expect(sent(kvm_one_reg)).toEqual({ id: CORE_REGISTERS.PSTATE(), addr: PAYLOAD_ADDRESS })
    expect(system.call.scratch.readBigUInt64LE(PAYLOAD_AT)).toBe(0x3c5n)
  })

  test('a register is named in the error, with the value', () => {
    const { vcpu } = setUp(() => -22)
    expect(() => vcpu.setOneReg(SYSTEM_REGISTERS.PMCR_EL0, 0x3000n)).toThrow(
      'vcpu 0: KVM_SET_ONE_REG (PMCR_EL0 = 0x3000) failed: EINVAL',
    )
  })

  test('wide registers travel as bytes', () => {
    const { system, vcpu } = setUp((_call, memory) => {
      if (memory.readU8(PAYLOAD_AT) !== 1) memory.fill(7, PAYLOAD_AT, 16)
      return 0
    })
    expect(vcpu.getOneRegBytes(vRegister(1))).toEqual(Buffer.alloc(16, 7))
    vcpu.setOneRegBytes(vRegister(1), Buffer.alloc(16, 1))
    const written = system.call.scratch.subarray(PAYLOAD_AT, PAYLOAD_AT + 16)
    expect(written).toEqual(Buffer.alloc(16, 1))
  })

  test('a value or a width that does not fit is a bug, and no ioctl', () => {
    const { system, vcpu } = setUp()
    expect(() => vcpu.setOneReg(CORE_REGISTERS.PC(), 1n << 64n)).toThrow(BugError)
    expect(() => vcpu.setOneReg(vRegister(0), 0n)).toThrow('V0 has 16 bytes')
    expect(() => vcpu.getOneReg(vRegister(0))).toThrow('V0 has 16 bytes')
    expect(() => vcpu.setOneRegBytes(vRegister(0), Buffer.alloc(8))).toThrow('V0: 8 bytes for 16')
    expect(system.calls.filter(({ name }) => name === 'KVM_SET_ONE_REG')).toEqual([])
  })

  test('the MP state', () => {
    const { vcpu, sent } = setUp((_call, memory) => {
      kvm_mp_state.encode(memory, 0, { mp_state: 5 })
      return 0
    })
    expect(vcpu.getMpState()).toBe(5)
    vcpu.setMpState(10)
    expect(sent(kvm_mp_state)).toEqual({ mp_state: 10 })
  })

  test('vCPU events', () => {
    const { vcpu, sent } = setUp()
    const exception = {
      serror_pending: 1,
      serror_has_esr: 1,
      ext_dabt_pending: 0,
      serror_esr: 0x1234n,
    }
    vcpu.setVcpuEvents({ exception })
    expect(sent(kvm_vcpu_events)).toEqual({ exception })
    expect(vcpu.getVcpuEvents().exception.serror_pending).toBe(0)
  })

  test('setGuestDebug', () => {
    const { vcpu, sent } = setUp()
    vcpu.setGuestDebug({ control: KVM_GUESTDBG_ENABLE, arch: { dbg_bvr: [0x8008_0000n] } })
    expect(sent(kvm_guest_debug)).toMatchObject({
      control: 1,
      arch: { dbg_bvr: [0x8008_0000n, ...Array<bigint>(15).fill(0n)] },
    })
  })

  test('setSignalMask puts the mask right behind its length', () => {
    const { system, vcpu } = setUp()
    vcpu.setSignalMask(0x1122_3344_5566_7788n)
    expect(system.call.argument).toBe(SCRATCH)
    expect(system.call.scratch.readUInt32LE(0)).toBe(8)
    expect(system.call.scratch.readBigUInt64LE(4)).toBe(0x1122_3344_5566_7788n)
    vcpu.setSignalMask(undefined)
    expect(system.call.argument).toBe(0)
  })

  test('getStatsFd and mmapRun', () => {
    const { system, vcpu } = setUp(() => 12)
    expect(vcpu.getStatsFd()).toMatchObject({ fd: 12, name: 'stats of vcpu 0' })
    expect(vcpu.mmapRun(8192).byteLength).toBe(8192)
    expect(system.mapped).toEqual([{ length: 8192, fd: 9 }])
    expect(() => vcpu.mmapRun(0)).toThrow('vcpu 0: mmap failed: EINVAL')
  })
})

describe('PMU attributes', () => {
  test('SET_PMU passes the address of an int', () => {
    const { system, vcpu, sent } = setUp()
    vcpu.setDeviceAttr(VCPU_ATTRIBUTES.KVM_ARM_VCPU_PMU_V3_SET_PMU, 9)
    expect(system.call).toMatchObject({ fd: 9, name: 'KVM_SET_DEVICE_ATTR', argument: SCRATCH })
    expect(sent(kvm_device_attr)).toEqual({ flags: 0, group: 0, attr: 3n, addr: PAYLOAD_ADDRESS })
    expect(system.call.scratch.readInt32LE(PAYLOAD_AT)).toBe(9)
  })

  test('INIT has no payload and points nowhere', () => {
    const { vcpu, sent } = setUp()
    vcpu.setDeviceAttr(VCPU_ATTRIBUTES.KVM_ARM_VCPU_PMU_V3_INIT)
    expect(sent(kvm_device_attr)).toEqual({ flags: 0, group: 0, attr: 1n, addr: 0n })
  })

  test('FILTER writes a struct', () => {
    const { vcpu, sent } = setUp()
    const filter = { base_event: 0x11, nevents: 1, action: KVM_PMU_EVENT_DENY }
    vcpu.setDeviceAttr(VCPU_ATTRIBUTES.KVM_ARM_VCPU_PMU_V3_FILTER, filter)
    expect(sent(kvm_pmu_event_filter, PAYLOAD_AT)).toEqual(filter)
  })

  test('a PMU KVM does not have: the error says which, why and what to do', () => {
    const { vcpu } = setUp(() => -6)
    const set = () => vcpu.setDeviceAttr(VCPU_ATTRIBUTES.KVM_ARM_VCPU_PMU_V3_SET_PMU, 9)
    expect(set).toThrow(IoctlError)
    expect(set).toThrow(
      'vcpu 0: KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU (type 9) failed: ENXIO, no such device or address',
    )
    expect(set).toThrow(
      expect.objectContaining({
        attribute: 'KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU',
        why: expect.stringContaining('no PMU') as string,
      }),
    )
  })

  test('a filter is shown with its fields', () => {
    const { vcpu } = setUp(() => -22)
    const filter = { base_event: 0, nevents: 16, action: 7 }
    expect(() => vcpu.setDeviceAttr(VCPU_ATTRIBUTES.KVM_ARM_VCPU_PMU_V3_FILTER, filter)).toThrow(
      'CTRL/FILTER (filter base_event 0, nevents 16, action 7) failed: EINVAL',
    )
  })

  test('has: 0 is yes, ENXIO is no, anything else is an error', () => {
    const { system, vcpu } = setUp()
    const attribute = VCPU_ATTRIBUTES.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS
    expect(vcpu.hasDeviceAttr(attribute)).toBe(true)
    expect(system.call.name).toBe('KVM_HAS_DEVICE_ATTR')
    system.answer = () => -6
    expect(vcpu.hasDeviceAttr(attribute)).toBe(false)
    system.answer = () => -5
    expect(() => vcpu.hasDeviceAttr(attribute)).toThrow(
      'vcpu 0: KVM_HAS_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_NR_COUNTERS failed: EIO',
    )
  })

  test('the IRQ can be read back', () => {
    const { vcpu } = setUp((_call, memory) => {
      memory.writeI32(PAYLOAD_AT, 23)
      return 0
    })
    expect(vcpu.getDeviceAttr(VCPU_ATTRIBUTES.KVM_ARM_VCPU_PMU_V3_IRQ)).toBe(23)
  })
})
