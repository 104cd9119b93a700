import { HostError, UsageError } from '../errors/index.ts'
import type { DeviceTypeName, VmFd } from '../ioctl/index.ts'

/** The interrupt controllers a guest can have, as lkvm spells them; what `auto` prefers comes first. */
export const GIC_KINDS = ['gicv3-its', 'gicv3', 'gicv2m', 'gicv2'] as const

export type GicKind = (typeof GIC_KINDS)[number]

/** What KVM must have for it. The frame of a GICv2m is ours. */
const NEEDS: Readonly<Record<GicKind, readonly DeviceTypeName[]>> = {
  'gicv3-its': ['KVM_DEV_TYPE_ARM_VGIC_V3', 'KVM_DEV_TYPE_ARM_VGIC_ITS'],
  gicv3: ['KVM_DEV_TYPE_ARM_VGIC_V3'],
  gicv2m: ['KVM_DEV_TYPE_ARM_VGIC_V2'],
  gicv2: ['KVM_DEV_TYPE_ARM_VGIC_V2'],
}

/** The most vCPUs a GICv2 can have. Arm IHI 0048B, 1.4.2. */
const GICV2_MAX_VCPUS = 8

export function isGicv2(kind: GicKind): kind is 'gicv2' | 'gicv2m' {
  return kind === 'gicv2' || kind === 'gicv2m'
}

/**
 * The interrupt controller that is asked for, or for `auto` the first of {@link GIC_KINDS} that this
 * host's KVM can give a guest, which is what lkvm takes.
 *
 * @throws {HostError} `TSVMM_HOST_CAPABILITY`: not that one, or none at all
 * @see kvmtool, arm/gic.c, gic__create()
 */
export function chooseGic(vm: VmFd, wanted: GicKind | 'auto'): GicKind {
  const can = GIC_KINDS.filter(kind => NEEDS[kind].every(device => vm.testDevice(device)))
  const chosen = can.find(kind => wanted === 'auto' || kind === wanted)
  if (chosen !== undefined) return chosen
  if (can.length === 0)
    throw new HostError(
      'CAPABILITY',
      "this host's KVM has neither a GICv3 nor a GICv2 for guests",
      {
        why: 'KVM needs a GICv3, or a GICv2 with virtualization registers, in the host',
        try: ['sudo dmesg | grep -i vgic'],
      },
    )
  const why = wanted === 'auto' ? undefined : whyNot(wanted, can)
  throw new HostError(
    'CAPABILITY',
    `--irqchip ${wanted} cannot be had: this host's KVM gives guests ${can.join(' and ')} only`,
    { ...(why !== undefined && { why }), try: can.map(kind => `--irqchip ${kind}`) },
  )
}

function whyNot(wanted: GicKind, can: readonly GicKind[]): string | undefined {
  if (isGicv2(wanted))
    return "the host's GICv3 has no registers with which it can be a GICv2 for guests (GICV)"
  return can.some(isGicv2) ? "the host's GICv2 cannot be a GICv3 for guests" : undefined
}

/** @throws {UsageError} more vCPUs than such an interrupt controller can serve */
export function checkGicVcpus(kind: GicKind, vcpus: number): void {
  if (isGicv2(kind) && vcpus > GICV2_MAX_VCPUS)
    throw new UsageError(`--cpus ${vcpus} is more than a GICv2 can serve`, {
      try: [`--cpus ${GICV2_MAX_VCPUS}`],
    })
}
