import { MsiFrame, type MmioBus } from '../devices/index.ts'
import type { GicDescription } from '../fdt/index.ts'
import type { GicLayout } from '../gic/gic.ts'
import type { GicKind } from '../gic/kinds.ts'
import type { Vm } from './builder.ts'
import {
  FIRST_SPI,
  GIC_DIST_BASE,
  GIC_DIST_SIZE,
  GICV2_CPU_BASE,
  GICV2_CPU_SIZE,
  GICV2M_BASE,
  GICV2M_SIZE,
  GICV2M_SPIS,
  GICV3_ITS_SIZE,
  GICV3_REDIST_SIZE,
  itsBase,
  redistributorBase,
} from './memory-map.ts'

/** Where in our memory map the interrupt controller of so many vCPUs is. */
export function layOutGic(kind: GicKind, vcpus: number): GicLayout {
  const distributor = GIC_DIST_BASE
  const cpuInterface = GICV2_CPU_BASE
  const redistributors = redistributorBase(vcpus)
  switch (kind) {
    case 'gicv3-its':
      return { kind, distributor, redistributors, its: itsBase(vcpus) }
    case 'gicv3':
      return { kind, distributor, redistributors }
    case 'gicv2m':
      return { kind, distributor, cpuInterface, msiFrame: GICV2M_BASE }
    case 'gicv2':
      return { kind, distributor, cpuInterface }
  }
}

/** What the device tree says of it. */
export function describeGic(gic: GicLayout, vcpus: number): GicDescription {
  const distributor = { base: gic.distributor, size: GIC_DIST_SIZE }
  if ('redistributors' in gic) {
    const size = BigInt(vcpus) * GICV3_REDIST_SIZE
    return {
      version: 3,
      distributor,
      redistributors: [{ base: gic.redistributors, size }],
      ...(gic.its !== undefined && { its: { base: gic.its, size: GICV3_ITS_SIZE } }),
    }
  }
  return {
    version: 2,
    distributor,
    cpuInterface: { base: gic.cpuInterface, size: GICV2_CPU_SIZE },
    ...(gic.msiFrame !== undefined && { msiFrame: { base: gic.msiFrame, size: GICV2M_SIZE } }),
  }
}

/** The highest SPI it needs for itself. */
export function lastGicSpi(kind: GicKind): number {
  return kind === 'gicv2m' ? GICV2M_SPIS.first + GICV2M_SPIS.count - 1 : 0
}

/** SPIs that no device may have, since the interrupt controller has them or, as `auto`, may have. */
export function spisOfGic(kind: GicKind | 'auto' = 'auto'): { spi: number; by: string }[] {
  if (kind !== 'auto' && kind !== 'gicv2m') return []
  const { first, count } = GICV2M_SPIS
  return Array.from({ length: count }, (_, i) => ({
    spi: first + i,
    by: 'the MSI frame of a GICv2m',
  }))
}

/** Puts onto the bus what of the interrupt controller is not KVM's but ours. */
export function attachMsiFrame(vm: Pick<Vm, 'gic' | 'setSpi'>, mmio: MmioBus): void {
  if (vm.gic !== 'gicv2m') return
  const { first, count } = GICV2M_SPIS
  const frame = new MsiFrame({ first: FIRST_SPI + first, count }, intid => {
    // An edge: KVM keeps it pending until the guest takes it.
    vm.setSpi(intid - FIRST_SPI, true)
    vm.setSpi(intid - FIRST_SPI, false)
  })
  mmio.attach(frame, GICV2M_BASE, GICV2M_SIZE)
}
