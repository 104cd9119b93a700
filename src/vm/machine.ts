import { buildMachineTree, type FdtTree, type GicDescription } from '../fdt/index.ts'
import type { GicLayout } from '../gic/gic.ts'
import { PMU_PPI } from '../pmu/attach.ts'
import {
  GIC_DIST_SIZE,
  GICV2_CPU_SIZE,
  GICV3_REDIST_SIZE,
  RAM_BASE,
  UART_BASE,
  UART_SIZE,
  UART_SPI,
} from './memory-map.ts'

/** What differs between two of our machines. */
export interface MachineFacts {
  /** Bytes. */
  readonly ramSize: number
  /** MPIDR_EL1 of each vCPU, as KVM gives it. */
  readonly mpidrs: readonly bigint[]
  readonly gic: GicLayout
  readonly hasPmu: boolean
  readonly bootArgs: string
  readonly kaslrSeed: bigint
  readonly rngSeed: Uint8Array
}

/** The device tree of a machine with our memory map. */
export function describeMachine(facts: MachineFacts): FdtTree {
  return buildMachineTree({
    ram: { base: RAM_BASE, size: BigInt(facts.ramSize) },
    mpidrs: facts.mpidrs,
    gic: describeGic(facts.gic, facts.mpidrs.length),
    uart: {
      registers: { base: UART_BASE, size: UART_SIZE },
      interrupt: { kind: 'spi', number: UART_SPI },
    },
    ...(facts.hasPmu && { pmu: { interrupt: { kind: 'ppi', number: PMU_PPI } } }),
    bootArgs: facts.bootArgs,
    kaslrSeed: facts.kaslrSeed,
    rngSeed: facts.rngSeed,
  })
}

function describeGic(gic: GicLayout, vcpus: number): GicDescription {
  const distributor = { base: gic.distributor, size: GIC_DIST_SIZE }
  return gic.kind === 'gicv3'
    ? {
        version: 3,
        distributor,
        redistributors: [{ base: gic.redistributors, size: BigInt(vcpus) * GICV3_REDIST_SIZE }],
      }
    : {
        version: 2,
        distributor,
        cpuInterface: { base: gic.cpuInterface, size: GICV2_CPU_SIZE },
      }
}
