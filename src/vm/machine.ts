import {
  buildMachineTree,
  type AddressRange,
  type FdtTree,
  type GicDescription,
  type Interrupt,
} from '../fdt/index.ts'
import type { GicLayout } from '../gic/gic.ts'
import type { PmuInterrupt } from '../pmu/interrupt.ts'
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
  /** Left out, there is no PMU. */
  readonly pmuInterrupt?: PmuInterrupt | undefined
  readonly bootArgs: string
  /** Where the initrd lies. */
  readonly initrd?: AddressRange | undefined
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
    ...(facts.pmuInterrupt && {
      pmu: { interrupts: pmuInterrupts(facts.pmuInterrupt, facts.mpidrs.length) },
    }),
    bootArgs: facts.bootArgs,
    ...(facts.initrd && { initrd: facts.initrd }),
    kaslrSeed: facts.kaslrSeed,
    rngSeed: facts.rngSeed,
  })
}

function pmuInterrupts(interrupt: PmuInterrupt, vcpus: number): Interrupt[] {
  if (interrupt.kind === 'ppi') return [interrupt]
  return Array.from({ length: vcpus }, (_, vcpu) => ({
    kind: 'spi',
    number: interrupt.first + vcpu,
  }))
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
