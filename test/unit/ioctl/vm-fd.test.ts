import { describe, expect, test } from 'vitest'
import {
  DEVICE_TYPES,
  gicV3Register,
  kvm_arm_counter_offset,
  kvm_arm_device_addr,
  kvm_create_device,
  kvm_device_attr,
  kvm_dirty_log,
  kvm_enable_cap,
  kvm_ioeventfd,
  kvm_irq_level,
  kvm_irqfd,
  kvm_msi,
  kvm_smccc_filter,
  kvm_userspace_memory_region,
  kvm_vcpu_init,
  KVM_IRQFD_FLAG_DEASSIGN,
  KVM_MEM_READONLY,
  redistRegion,
  VGIC_V3_ATTRIBUTES,
  VM_ATTRIBUTES,
  VmFd,
  type Fields,
  type FdKind,
  type Struct,
} from '../../../src/ioctl/index.ts'
import { NativeMemory } from '../../../src/native/memory.ts'
import { RecordingSystem, SCRATCH, type Kernel } from './recording-system.ts'

function setUp(answer?: Kernel, kind: FdKind = 'vm') {
  const system = new RecordingSystem(kind, answer)
  const vm = new VmFd(system, 5)
  /** The struct of the last call. */
  const sent = (struct: Struct<Fields>) => {
    expect(system.call.argument).toBe(SCRATCH)
    return decode(struct, system.call.scratch)
  }
  return { system, vm, sent }
}

function decode(struct: Struct<Fields>, bytes: Buffer, at = 0): Record<string, unknown> {
  const memory = NativeMemory.onHeap(struct.size)
  memory.writeBytes(0, bytes.subarray(at, at + struct.size))
  return struct.decode(memory, 0)
}

describe('VmFd', () => {
  test('setUserMemoryRegion', () => {
    const { system, vm, sent } = setUp()
    const region = {
      slot: 1,
      flags: KVM_MEM_READONLY,
      guest_phys_addr: 0x8000_0000n,
      memory_size: 0x1000_0000n,
      userspace_addr: 0xffff_7000_0000n,
    }
    vm.setUserMemoryRegion(region)
    expect(system.call.name).toBe('KVM_SET_USER_MEMORY_REGION')
    expect(sent(kvm_userspace_memory_region)).toEqual(region)
  })

  test('a region the kernel refuses is shown in the error', () => {
    const { vm } = setUp(() => -17)
    const region = { slot: 2, guest_phys_addr: 0x8000_0000n, memory_size: 4096n }
    expect(() => vm.setUserMemoryRegion(region)).toThrow(
      'vm: KVM_SET_USER_MEMORY_REGION (slot 2, 4096 bytes at 0x80000000) failed: EEXIST',
    )
  })

  test('createVcpu gives an fd by the name of its id', () => {
    const { system, vm } = setUp(() => 9)
    const vcpu = vm.createVcpu(3)
    expect(system.call).toMatchObject({ fd: 5, name: 'KVM_CREATE_VCPU', argument: 3 })
    expect(vcpu).toMatchObject({ fd: 9, id: 3, name: 'vcpu 3' })
  })

  test('a vCPU after the GIC is initialised is an error that names it', () => {
    const { vm } = setUp(() => -16)
    expect(() => vm.createVcpu(1)).toThrow('vm: KVM_CREATE_VCPU (id 1) failed: EBUSY')
  })

  test('armPreferredTarget reads what the kernel wrote', () => {
    const { vm } = setUp((_call, scratch) => {
      kvm_vcpu_init.encode(scratch, 0, { target: 5 })
      return 0
    })
    expect(vm.armPreferredTarget()).toEqual({ target: 5, features: [0, 0, 0, 0, 0, 0, 0] })
  })

  test('createDevice owns the fd the kernel wrote into the struct', () => {
    const { system, vm } = setUp((_call, scratch) => {
      const asked = kvm_create_device.decode(scratch, 0)
      kvm_create_device.encode(scratch, 0, { ...asked, fd: 11 })
      return 0
    })
    using gic = vm.createDevice('KVM_DEV_TYPE_ARM_VGIC_V3')
    expect(decode(kvm_create_device, system.call.scratch)).toEqual({ type: 7, fd: 0, flags: 0 })
    expect(gic).toMatchObject({ fd: 11, type: 'KVM_DEV_TYPE_ARM_VGIC_V3' })
  })

  test('testDevice: ENODEV is no', () => {
    const { vm, sent } = setUp(() => -19)
    expect(vm.testDevice('KVM_DEV_TYPE_ARM_VGIC_V3')).toBe(false)
    expect(sent(kvm_create_device)).toEqual({
      type: DEVICE_TYPES.KVM_DEV_TYPE_ARM_VGIC_V3,
      fd: 0,
      flags: 1,
    })
  })

  test('testDevice: 0 is yes, anything else is an error', () => {
    const { system, vm } = setUp()
    expect(vm.testDevice('KVM_DEV_TYPE_ARM_VGIC_V2')).toBe(true)
    system.answer = () => -5
    expect(() => vm.testDevice('KVM_DEV_TYPE_ARM_VGIC_V2')).toThrow(
      'KVM_CREATE_DEVICE (KVM_DEV_TYPE_ARM_VGIC_V2, flags KVM_CREATE_DEVICE_TEST) failed: EIO',
    )
  })

  test('enableCap', () => {
    const { vm, sent } = setUp()
    vm.enableCap('KVM_CAP_ARM_NISV_TO_USER', 1n)
    expect(sent(kvm_enable_cap)).toEqual({ cap: 177, flags: 0, args: [1n, 0n, 0n, 0n] })
  })

  test('checkExtension asks this VM', () => {
    const { system, vm } = setUp(() => 4)
    expect(vm.checkExtension('KVM_CAP_MSI_DEVID')).toBe(4)
    expect(system.call).toMatchObject({ fd: 5, name: 'KVM_CHECK_EXTENSION', argument: 131 })
  })

  test('irqLine', () => {
    const { vm, sent } = setUp()
    vm.irqLine({ kind: 'ppi', vcpu: 1, intid: 23 }, 1)
    expect(sent(kvm_irq_level)).toEqual({ irq: 0x0201_0017, level: 1 })
  })

  test('an interrupt line without a GIC is an error that names it', () => {
    const { vm } = setUp(() => -6)
    expect(() => vm.irqLine({ kind: 'spi', intid: 33 }, 0)).toThrow(
      'vm: KVM_IRQ_LINE (spi 33) failed: ENXIO',
    )
  })

  test('irqfd and ioeventfd', () => {
    const { vm, sent } = setUp()
    vm.irqfd({ fd: 8, gsi: 1, flags: KVM_IRQFD_FLAG_DEASSIGN })
    expect(sent(kvm_irqfd)).toEqual({ fd: 8, gsi: 1, flags: 1, resamplefd: 0 })
    vm.ioeventfd({ addr: 0x0a00_0050n, len: 4, fd: 8 })
    expect(sent(kvm_ioeventfd)).toEqual({
      datamatch: 0n,
      addr: 0x0a00_0050n,
      len: 4,
      fd: 8,
      flags: 0,
    })
  })

  test.each([
    [1, true],
    [0, false],
  ])('signalMsi: result %i means delivered %s', (result, delivered) => {
    const { vm, sent } = setUp(() => result)
    expect(vm.signalMsi({ address_lo: 0x0809_0040, data: 1, flags: 1, devid: 8 })).toBe(delivered)
    expect(sent(kvm_msi)).toMatchObject({ address_lo: 0x0809_0040, address_hi: 0, devid: 8 })
  })

  test('setGsiRouting lays the routes behind the header', () => {
    const { system, vm } = setUp()
    vm.setGsiRouting([
      { gsi: 0, irqchip: { irqchip: 0, pin: 32 } },
      { gsi: 1, msi: { address_lo: 0x40, data: 7, devid: 9 } },
      { gsi: 2, msi: { address_lo: 0x40, data: 8 } },
    ])
    // nr, flags; then per entry gsi, type, flags, pad and 8 words of the union.
    const words = Array.from({ length: 2 + 3 * 12 }, (_, i) =>
      system.call.scratch.readUInt32LE(4 * i),
    )
    const empty = [0, 0, 0, 0]
    expect(words.slice(0, 2)).toEqual([3, 0])
    expect(words.slice(2, 14)).toEqual([0, 1, 0, 0, 0, 32, 0, 0, ...empty])
    expect(words.slice(14, 26)).toEqual([1, 2, 1, 0, 0x40, 0, 7, 9, ...empty])
    expect(words.slice(26, 38)).toEqual([2, 2, 0, 0, 0x40, 0, 8, 0, ...empty])
  })

  test('getDirtyLog passes where the bitmap is', () => {
    const { vm, sent } = setUp()
    vm.getDirtyLog(2, NativeMemory.onHeap(8, 0x7000n))
    expect(sent(kvm_dirty_log)).toEqual({ slot: 2, dirty_bitmap: 0x7000n })
  })

  test('armSetCounterOffset', () => {
    const { vm, sent } = setUp()
    vm.armSetCounterOffset(12345n)
    expect(sent(kvm_arm_counter_offset)).toEqual({ counter_offset: 12345n })
  })

  test('the old way to a GICv2', () => {
    const { system, vm, sent } = setUp()
    vm.createIrqchip()
    expect(system.call).toMatchObject({ name: 'KVM_CREATE_IRQCHIP', argument: 0 })
    vm.armSetDeviceAddr(1n, 0x3fff_0000n)
    expect(system.call.name).toBe('KVM_ARM_SET_DEVICE_ADDR')
    expect(sent(kvm_arm_device_addr)).toEqual({ id: 1n, addr: 0x3fff_0000n })
  })

  test('getStatsFd owns the fd', () => {
    const { system, vm } = setUp(() => 12)
    vm.getStatsFd().close()
    expect(system.call.name).toBe('KVM_GET_STATS_FD')
    expect(system.closed).toEqual([12])
  })
})

describe('device attributes', () => {
  const PAYLOAD_AT = 1024

  test('of a VM: a struct is the payload', () => {
    const { system, vm, sent } = setUp()
    vm.setDeviceAttr(VM_ATTRIBUTES.KVM_ARM_VM_SMCCC_FILTER, { base: 0xc600_0000, nr_functions: 2 })
    const addr = SCRATCH + BigInt(PAYLOAD_AT)
    expect(system.call.name).toBe('KVM_SET_DEVICE_ATTR')
    expect(sent(kvm_device_attr)).toEqual({ flags: 0, group: 0, attr: 0n, addr })
    expect(decode(kvm_smccc_filter, system.call.scratch, PAYLOAD_AT)).toEqual({
      base: 0xc600_0000,
      nr_functions: 2,
      action: 0,
    })
  })

  test('of a device: the error names group, attribute and value', () => {
    const { system, vm } = setUp()
    const gic = vm.createDevice('KVM_DEV_TYPE_ARM_VGIC_V3')
    system.answer = () => -22
    expect(() =>
      gic.setDeviceAttr(VGIC_V3_ATTRIBUTES.KVM_VGIC_V3_ADDR_TYPE_DIST, 0x3fff_1000n),
    ).toThrow(
      'KVM_DEV_TYPE_ARM_VGIC_V3: KVM_SET_DEVICE_ATTR ' +
        'KVM_DEV_ARM_VGIC_GRP_ADDR/KVM_VGIC_V3_ADDR_TYPE_DIST (address 0x3fff1000) failed: EINVAL',
    )
  })

  test('a register group: the vCPU and the register are part of attr, the value is read', () => {
    const { system, vm } = setUp()
    const gic = vm.createDevice('KVM_DEV_TYPE_ARM_VGIC_V3')
    system.answer = (_call, scratch) => {
      scratch.writeU32(PAYLOAD_AT, 0x43b)
      return 0
    }
    const registers = VGIC_V3_ATTRIBUTES.KVM_DEV_ARM_VGIC_GRP_REDIST_REGS
    expect(gic.getDeviceAttr(gicV3Register(registers, 0x0100, 0x8))).toBe(0x43b)
    expect(decode(kvm_device_attr, system.call.scratch)).toMatchObject({
      group: 5,
      attr: 0x0100_0000_0008n,
    })
  })

  test('get: the kernel finds no stale bytes where it reads first', () => {
    const { system, vm } = setUp()
    const gic = vm.createDevice('KVM_DEV_TYPE_ARM_VGIC_V3')
    gic.getDeviceAttr(VGIC_V3_ATTRIBUTES.KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION)
    expect(system.call.name).toBe('KVM_GET_DEVICE_ATTR')
    expect(system.call.scratch.readBigUInt64LE(PAYLOAD_AT)).toBe(0n)
  })
})

describe('redistRegion', () => {
  test('count, base and index in one word', () => {
    expect(redistRegion({ count: 123, base: 0x0808_0000n, index: 2 })).toBe(0x07b0_0000_0808_0002n)
  })

  test.each([
    ['no redistributor', { count: 0, base: 0n, index: 0 }],
    ['more than 12 bits of them', { count: 4096, base: 0n, index: 0 }],
    ['an index beyond 12 bits', { count: 1, base: 0n, index: 4096 }],
    ['a base that is not aligned', { count: 1, base: 0x1000n, index: 0 }],
    ['a base beyond 52 bits', { count: 1, base: 1n << 52n, index: 0 }],
  ])('%s is refused', (_what, region) => {
    expect(() => redistRegion(region)).toThrow('redistributor region')
  })
})
