import {
  VGIC_ITS_ATTRIBUTES,
  VGIC_V2_ATTRIBUTES,
  VGIC_V3_ATTRIBUTES,
  type DeviceFd,
  type VmFd,
} from '../ioctl/index.ts'

/** Guest physical addresses of the interrupt controller's parts. */
export type GicLayout =
  | {
      readonly kind: 'gicv3' | 'gicv3-its'
      readonly distributor: bigint
      /** Of the first vCPU; the others' follow it. */
      readonly redistributors: bigint
      readonly its?: bigint
    }
  | {
      readonly kind: 'gicv2' | 'gicv2m'
      readonly distributor: bigint
      readonly cpuInterface: bigint
      /** Not KVM's but a device of ours. */
      readonly msiFrame?: bigint
    }

/** Interrupts a guest has at least, the 32 private ones included. */
const FEW_IRQS = 128

/** The most: a multiple of 32 that KVM's limit of 1019 has room for. arch/arm64/kvm/vgic (v7.3). */
export const MAX_IRQS = 992

/** The KVM_DEV_ARM_VGIC_GRP_NR_IRQS with which a GIC has SPIs up to `lastSpi`: a multiple of 32. */
export function irqsFor(lastSpi: number): number {
  return Math.max(FEW_IRQS, Math.ceil((32 + lastSpi + 1) / 32) * 32)
}

/** An interrupt controller of KVM's: the GIC, and the ITS if there is one. */
export class Gic implements Disposable {
  readonly #gic: DeviceFd
  readonly #its: DeviceFd | undefined

  /**
   * Creates the interrupt controller and places it. {@link initialize} comes after the last vCPU is
   * created, since KVM_CREATE_VCPU fails with EBUSY from then on.
   *
   * @throws {IoctlError}
   */
  constructor(vm: VmFd, layout: GicLayout) {
    this.#gic = createGic(vm, layout)
    try {
      this.#its = 'its' in layout ? createIts(vm, layout.its) : undefined
    } catch (error) {
      this.#gic[Symbol.dispose]()
      throw error
    }
  }

  /**
   * Sizes and initializes it: after all vCPUs exist, before any PMU INIT.
   *
   * @param irqs from {@link irqsFor}, {@link MAX_IRQS} at most
   * @throws {IoctlError}
   */
  initialize(irqs: number): void {
    // The two attributes are the same for both kinds of GIC.
    this.#gic.setDeviceAttr(VGIC_V3_ATTRIBUTES.KVM_DEV_ARM_VGIC_GRP_NR_IRQS, irqs)
    this.#gic.setDeviceAttr(VGIC_V3_ATTRIBUTES.KVM_DEV_ARM_VGIC_CTRL_INIT)
    this.#its?.setDeviceAttr(VGIC_ITS_ATTRIBUTES.KVM_DEV_ARM_VGIC_CTRL_INIT)
  }

  [Symbol.dispose](): void {
    this.#its?.[Symbol.dispose]()
    this.#gic[Symbol.dispose]()
  }
}

function createGic(vm: VmFd, layout: GicLayout): DeviceFd {
  if ('redistributors' in layout)
    return placed(vm.createDevice('KVM_DEV_TYPE_ARM_VGIC_V3'), gic => {
      gic.setDeviceAttr(VGIC_V3_ATTRIBUTES.KVM_VGIC_V3_ADDR_TYPE_DIST, layout.distributor)
      gic.setDeviceAttr(VGIC_V3_ATTRIBUTES.KVM_VGIC_V3_ADDR_TYPE_REDIST, layout.redistributors)
    })
  return placed(vm.createDevice('KVM_DEV_TYPE_ARM_VGIC_V2'), gic => {
    gic.setDeviceAttr(VGIC_V2_ATTRIBUTES.KVM_VGIC_V2_ADDR_TYPE_DIST, layout.distributor)
    gic.setDeviceAttr(VGIC_V2_ATTRIBUTES.KVM_VGIC_V2_ADDR_TYPE_CPU, layout.cpuInterface)
  })
}

function createIts(vm: VmFd, base: bigint): DeviceFd {
  return placed(vm.createDevice('KVM_DEV_TYPE_ARM_VGIC_ITS'), its => {
    its.setDeviceAttr(VGIC_ITS_ATTRIBUTES.KVM_VGIC_ITS_ADDR_TYPE, base)
  })
}

/** The device, once it is where it belongs; released if it cannot be put there. */
function placed(device: DeviceFd, place: (device: DeviceFd) => void): DeviceFd {
  try {
    place(device)
    return device
  } catch (error) {
    device[Symbol.dispose]()
    throw error
  }
}
