import { buildMachineTree, type AddressRange, type FdtTree, type Interrupt } from '../fdt/index.ts'
import type { GicLayout } from '../gic/gic.ts'
import type { PmuInterrupt } from '../pmu/interrupt.ts'
import { describeGic } from './gic-layout.ts'
import {
  EXIT_DEVICE_BASE,
  EXIT_DEVICE_SIZE,
  PVPANIC_BASE,
  PVPANIC_SIZE,
  RAM_BASE,
  RTC_BASE,
  RTC_SIZE,
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
  /** Whether there is the device by which a guest ends with a status of its own. */
  readonly exitDevice?: boolean | undefined
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
    rtc: { base: RTC_BASE, size: RTC_SIZE },
    pvpanic: { base: PVPANIC_BASE, size: PVPANIC_SIZE },
    ...(facts.exitDevice && { exitDevice: { base: EXIT_DEVICE_BASE, size: EXIT_DEVICE_SIZE } }),
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
