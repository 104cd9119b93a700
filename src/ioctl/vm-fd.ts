import type { NativeMemory } from '../native/memory.ts'
import type { System } from '../native/system.ts'
import { AttributeFd } from './attribute-fd.ts'
import { CAPABILITIES, type CapabilityName } from './capabilities.ts'
import {
  DEVICE_TYPES,
  KVM_CREATE_DEVICE_TEST,
  KVM_IRQ_ROUTING_IRQCHIP,
  KVM_IRQ_ROUTING_MSI,
  KVM_MSI_VALID_DEVID,
  type DeviceTypeName,
} from './constants.ts'
import { DeviceFd } from './device-fd.ts'
import { Fd } from './fd.ts'
import { encodeIrqLine, type IrqLine } from './irq-line.ts'
import type { GivenOf, ValueOf } from './struct.ts'
import * as s from './structs.ts'
import { VcpuFd } from './vcpu-fd.ts'

/** Where a GSI leads: to a pin of the in-kernel GIC, or to a message. */
export type GsiRoute = { readonly gsi: number } & (
  | { readonly irqchip: GivenOf<typeof s.kvm_irq_routing_irqchip> }
  | { readonly msi: GivenOf<typeof s.kvm_irq_routing_msi> }
)

/** A VM, made by {@link KvmFd.createVm}. It lives as long as one of its vCPUs or devices is open. */
export class VmFd extends AttributeFd {
  constructor(system: System, fd: number) {
    super(system, fd, 'vm')
  }

  /** As {@link KvmFd.checkExtension}, for this VM. */
  checkExtension(capability: CapabilityName): number {
    return this.request('KVM_CHECK_EXTENSION', CAPABILITIES[capability], { argument: capability })
  }

  /**
   * Switches a capability on; before the first vCPU where the capability says so.
   *
   * @throws {@link IoctlError} EINVAL: not one that can be switched here, or too late
   * @see Documentation/virt/kvm/api.rst 7 (v7.3)
   */
  enableCap(capability: CapabilityName, ...args: bigint[]): void {
    this.send(
      'KVM_ENABLE_CAP',
      s.kvm_enable_cap,
      { cap: CAPABILITIES[capability], args },
      { argument: capability },
    )
  }

  /**
   * Maps memory of this process into the guest, or with `memory_size` 0 deletes the slot.
   *
   * @throws {@link IoctlError} EINVAL: not page-aligned, no such slot, or a change the slot cannot
   * take; EEXIST: overlaps another slot; EFAULT: ends beyond the IPA size; ENOMEM
   * @see Documentation/virt/kvm/api.rst 4.35 (v7.3)
   */
  setUserMemoryRegion(region: GivenOf<typeof s.kvm_userspace_memory_region>): void {
    const { slot = 0, guest_phys_addr = 0n, memory_size = 0n } = region
    this.send('KVM_SET_USER_MEMORY_REGION', s.kvm_userspace_memory_region, region, {
      argument: `slot ${slot}, ${memory_size} bytes at ${hex(guest_phys_addr)}`,
    })
  }

  /**
   * Creates a vCPU. Not after the GIC's CTRL_INIT.
   *
   * @param id below KVM_CAP_MAX_VCPU_ID; its MPIDR_EL1 affinity follows from it
   * @throws {@link IoctlError} EEXIST: the id is taken; EINVAL: too many, or too large an id;
   * EBUSY: the GIC is initialised; ENOMEM
   */
  createVcpu(id: number): VcpuFd {
    const fd = this.request('KVM_CREATE_VCPU', id, { argument: `id ${id}` })
    return new VcpuFd(this.system, fd, id)
  }

  /** What {@link VcpuFd.init} should be given as target: the generic v8 on every current kernel. */
  armPreferredTarget(): ValueOf<typeof s.kvm_vcpu_init> {
    return this.fetch('KVM_ARM_PREFERRED_TARGET', s.kvm_vcpu_init)
  }

  /**
   * Creates an in-kernel device.
   *
   * @throws {@link IoctlError} ENODEV: the host has no such device (a GICv3 on a GICv2 host); EEXIST:
   * the VM has a GIC; EBUSY: a vCPU is running or ran; E2BIG: more vCPUs than the GIC can serve
   */
  createDevice(type: DeviceTypeName): DeviceFd {
    this.send(
      'KVM_CREATE_DEVICE',
      s.kvm_create_device,
      { type: DEVICE_TYPES[type] },
      { argument: type },
    )
    return new DeviceFd(this.system, s.kvm_create_device.decode(this.system.scratch, 0).fd, type)
  }

  /** Whether the host has a type of device; creates nothing. It answers ENODEV for "no". */
  testDevice(type: DeviceTypeName): boolean {
    const value = { type: DEVICE_TYPES[type], flags: KVM_CREATE_DEVICE_TEST }
    s.kvm_create_device.encode(this.system.scratch, 0, value)
    const shown = { argument: `${type}, flags KVM_CREATE_DEVICE_TEST` }
    const result = this.try('KVM_CREATE_DEVICE', this.system.scratch.address, shown)
    if (this.errnoIs(result, 'ENODEV')) return false
    if (result < 0) throw this.failure('KVM_CREATE_DEVICE', -result, shown)
    return true
  }

  /** Creates a GICv2 the way kernels before {@link createDevice} knew it. */
  createIrqchip(): void {
    this.request('KVM_CREATE_IRQCHIP')
  }

  /**
   * Places a GICv2 made by {@link createIrqchip}.
   *
   * @param id bits 31 to 16 the device (0), bits 15 to 0 a KVM_VGIC_V2_ADDR_TYPE
   */
  armSetDeviceAddr(id: bigint, addr: bigint): void {
    this.send(
      'KVM_ARM_SET_DEVICE_ADDR',
      s.kvm_arm_device_addr,
      { id, addr },
      { argument: `id ${hex(id)}, address ${hex(addr)}` },
    )
  }

  /**
   * Drives an interrupt line.
   *
   * @throws {@link IoctlError} ENXIO: that kind of line needs (or excludes) an in-kernel GIC;
   * EINVAL: no such vCPU or interrupt
   */
  irqLine(line: IrqLine, level: 0 | 1): void {
    this.send(
      'KVM_IRQ_LINE',
      s.kvm_irq_level,
      { irq: encodeIrqLine(line), level },
      { argument: `${line.kind} ${line.kind === 'cpu' ? line.number : line.intid}` },
    )
  }

  /** Ties an eventfd to a GSI, or with KVM_IRQFD_FLAG_DEASSIGN unties it. */
  irqfd(irqfd: GivenOf<typeof s.kvm_irqfd>): void {
    this.send('KVM_IRQFD', s.kvm_irqfd, irqfd, { argument: `gsi ${irqfd.gsi ?? 0}` })
  }

  /** Turns guest writes to an address into signals of an eventfd, without an exit. */
  ioeventfd(ioeventfd: GivenOf<typeof s.kvm_ioeventfd>): void {
    this.send('KVM_IOEVENTFD', s.kvm_ioeventfd, ioeventfd, {
      argument: `address ${hex(ioeventfd.addr ?? 0n)}`,
    })
  }

  /** Delivers a message-signalled interrupt. @returns whether the guest took it */
  signalMsi(msi: GivenOf<typeof s.kvm_msi>): boolean {
    return this.send('KVM_SIGNAL_MSI', s.kvm_msi, msi) > 0
  }

  /** Replaces all GSI routes. About 1,300 fit the scratch memory. */
  setGsiRouting(routes: readonly GsiRoute[]): void {
    const { scratch } = this.system
    s.kvm_irq_routing.encode(scratch, 0, { nr: routes.length })
    routes.forEach((route, i) => {
      const at = s.kvm_irq_routing.size + i * s.kvm_irq_routing_entry.size
      const arm = at + s.kvm_irq_routing_entry.offsets.u
      if ('msi' in route) {
        const flags = route.msi.devid === undefined ? 0 : KVM_MSI_VALID_DEVID
        const entry = { gsi: route.gsi, type: KVM_IRQ_ROUTING_MSI, flags }
        s.kvm_irq_routing_entry.encode(scratch, at, entry)
        s.kvm_irq_routing_msi.encode(scratch, arm, route.msi)
      } else {
        const entry = { gsi: route.gsi, type: KVM_IRQ_ROUTING_IRQCHIP }
        s.kvm_irq_routing_entry.encode(scratch, at, entry)
        s.kvm_irq_routing_irqchip.encode(scratch, arm, route.irqchip)
      }
    })
    this.request('KVM_SET_GSI_ROUTING', scratch.address, { argument: `${routes.length} routes` })
  }

  /**
   * Copies which pages of a slot were written since the last time, and starts over.
   *
   * @param bitmap at least one bit per page, rounded up to 64: the kernel writes without asking
   */
  getDirtyLog(slot: number, bitmap: NativeMemory): void {
    this.send(
      'KVM_GET_DIRTY_LOG',
      s.kvm_dirty_log,
      { slot, dirty_bitmap: bitmap.address },
      { argument: `slot ${slot}` },
    )
  }

  /** Sets what guest counters are behind the host's, in timer ticks, for all vCPUs. */
  armSetCounterOffset(counter_offset: bigint): void {
    this.send(
      'KVM_ARM_SET_COUNTER_OFFSET',
      s.kvm_arm_counter_offset,
      { counter_offset },
      { argument: `offset ${counter_offset}` },
    )
  }

  /** Opens the VM's binary statistics. */
  getStatsFd(): Fd {
    return new Fd(this.system, this.request('KVM_GET_STATS_FD'), `stats of ${this.name}`)
  }
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
