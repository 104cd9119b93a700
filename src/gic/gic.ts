import { HostError } from '../errors/index.ts'
import { VGIC_V2_ATTRIBUTES, VGIC_V3_ATTRIBUTES, type DeviceFd, type VmFd } from '../ioctl/index.ts'

export type GicKind = 'gicv3' | 'gicv2'

/** Guest physical addresses of the interrupt controller's parts. */
export type GicLayout =
  | {
      readonly kind: 'gicv3'
      readonly distributor: bigint
      /** Of the first vCPU; the others' follow it. */
      readonly redistributors: bigint
    }
  | { readonly kind: 'gicv2'; readonly distributor: bigint; readonly cpuInterface: bigint }

/** Interrupts a guest has at least, the 32 private ones included. */
const FEW_IRQS = 128

/** The most: a multiple of 32 that KVM's limit of 1019 has room for. arch/arm64/kvm/vgic (v7.3). */
export const MAX_IRQS = 992

/** The KVM_DEV_ARM_VGIC_GRP_NR_IRQS with which a GIC has SPIs up to `lastSpi`: a multiple of 32. */
export function irqsFor(lastSpi: number): number {
  return Math.max(FEW_IRQS, Math.ceil((32 + lastSpi + 1) / 32) * 32)
}

/**
 * Which GIC this host's KVM can give a guest: v3 if there is one.
 *
 * @throws {HostError} `TSVMM_HOST_CAPABILITY`: neither
 */
export function chooseGic(vm: VmFd): GicKind {
  if (vm.testDevice('KVM_DEV_TYPE_ARM_VGIC_V3')) return 'gicv3'
  if (vm.testDevice('KVM_DEV_TYPE_ARM_VGIC_V2')) return 'gicv2'
  throw new HostError('CAPABILITY', "this host's KVM has neither a GICv3 nor a GICv2 for guests", {
    why: 'KVM needs a GICv3, or a GICv2 with virtualization registers, in the host',
    try: ['sudo dmesg | grep -i vgic'],
  })
}

/**
 * Creates the interrupt controller and places it. {@link initializeGic} comes after the last vCPU is
 * created, since KVM_CREATE_VCPU fails with EBUSY from then on.
 */
export function createGic(vm: VmFd, layout: GicLayout): DeviceFd {
  if (layout.kind === 'gicv3') {
    const gic = vm.createDevice('KVM_DEV_TYPE_ARM_VGIC_V3')
    gic.setDeviceAttr(VGIC_V3_ATTRIBUTES.KVM_VGIC_V3_ADDR_TYPE_DIST, layout.distributor)
    gic.setDeviceAttr(VGIC_V3_ATTRIBUTES.KVM_VGIC_V3_ADDR_TYPE_REDIST, layout.redistributors)
    return gic
  }
  const gic = vm.createDevice('KVM_DEV_TYPE_ARM_VGIC_V2')
  gic.setDeviceAttr(VGIC_V2_ATTRIBUTES.KVM_VGIC_V2_ADDR_TYPE_DIST, layout.distributor)
  gic.setDeviceAttr(VGIC_V2_ATTRIBUTES.KVM_VGIC_V2_ADDR_TYPE_CPU, layout.cpuInterface)
  return gic
}

/**
 * Sizes and initializes the interrupt controller: after all vCPUs exist, before any PMU INIT.
 *
 * @param irqs from {@link irqsFor}, {@link MAX_IRQS} at most
 */
export function initializeGic(gic: DeviceFd, irqs: number): void {
  // The two attributes are the same for both kinds of GIC.
  gic.setDeviceAttr(VGIC_V3_ATTRIBUTES.KVM_DEV_ARM_VGIC_GRP_NR_IRQS, irqs)
  gic.setDeviceAttr(VGIC_V3_ATTRIBUTES.KVM_DEV_ARM_VGIC_CTRL_INIT)
}
