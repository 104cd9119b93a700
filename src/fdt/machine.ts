import { endingNodes, type EndingDescription } from './ending.ts'
import { gicNode, type GicDescription } from './gic.ts'
import { at, reg, type AddressRange } from './registers.ts'
import { rtcNodes } from './rtc.ts'
import { node, tree, type FdtNode, type FdtTree } from './tree.ts'

/** An interrupt as the Arm documents name it; `number` counts from 0 within its kind. */
export interface Interrupt {
  /** Private to each CPU, 0 to 15, or shared. */
  readonly kind: 'ppi' | 'spi'
  readonly number: number
}

/** Everything of a machine that its device tree tells the guest. */
export interface MachineDescription extends EndingDescription {
  readonly ram: AddressRange
  /** MPIDR_EL1 of each vCPU as KVM gives it, in the order of the vCPUs; the first one boots. */
  readonly mpidrs: readonly bigint[]
  readonly gic: GicDescription
  readonly uart: { readonly registers: AddressRange; readonly interrupt: Interrupt }
  /** Registers of the PL031. Left out, the guest has no clock. */
  readonly rtc?: AddressRange
  /** Left out, the guest has no PMU. One PPI that all CPUs have, or an SPI for each of them, in the order of `mpidrs`. */
  readonly pmu?: { readonly interrupts: readonly Interrupt[] }
  readonly bootArgs: string
  /** Where the initrd lies in RAM. */
  readonly initrd?: AddressRange
  /** Entropy for the guest kernel's address layout. */
  readonly kaslrSeed?: bigint
  /** Entropy for the guest kernel's random number generator. */
  readonly rngSeed?: Uint8Array
}

/** Input clock of the UART: what every driver of a PC's serial port expects, in Hz. */
const UART_CLOCK_HZ = 1_843_200

/** The handle of the interrupt controller. */
const GIC_PHANDLE = 1

/** Aff3 and Aff2 to Aff0 of MPIDR_EL1; the other bits are flags. */
const MPIDR_AFFINITY = 0xff_00ff_ffffn

/**
 * PPIs of the generic timer: secure and non-secure physical, virtual, hypervisor. The order is the
 * binding's, the numbers are the ones KVM gives its timers (`default_ppi` in
 * arch/arm64/kvm/arch_timer.c, v6.12).
 */
const TIMER_PPIS = [13, 14, 11, 10] as const

/**
 * The device tree of our machine, which is kvmtool's: a GIC, timers, PSCI through HVC, one 16550A, an RTC.
 *
 * @see Documentation/devicetree/bindings of Linux v6.12: arm/cpus.yaml, arm/psci.yaml, arm/pmu.yaml,
 * serial/8250.yaml, timer/arm,arch_timer.yaml
 */
export function buildMachineTree(machine: MachineDescription): FdtTree {
  const cells = interruptCells(machine)
  return tree(
    node(
      '',
      {
        compatible: 'linux,dummy-virt',
        '#address-cells': 2,
        '#size-cells': 2,
        'interrupt-parent': GIC_PHANDLE,
      },
      [
        chosenNode(machine),
        node(at('memory', machine.ram), { device_type: 'memory', reg: reg(machine.ram) }),
        cpusNode(machine),
        node('psci', { compatible: ['arm,psci-1.0', 'arm,psci-0.2', 'arm,psci'], method: 'hvc' }),
        node('timer', {
          compatible: 'arm,armv8-timer',
          interrupts: TIMER_PPIS.flatMap(number => cells({ kind: 'ppi', number })),
          'always-on': true,
        }),
        ...(machine.pmu === undefined
          ? []
          : [
              node('pmu', {
                compatible: 'arm,armv8-pmuv3',
                interrupts: machine.pmu.interrupts.flatMap(cells),
                'interrupt-affinity': hasSpis(machine)
                  ? machine.mpidrs.map((_, cpu) => cpuPhandle(cpu))
                  : undefined,
              }),
            ]),
        gicNode(machine.gic, GIC_PHANDLE),
        node(uartName(machine), {
          compatible: 'ns16550a',
          reg: reg(machine.uart.registers),
          interrupts: cells(machine.uart.interrupt),
          'clock-frequency': UART_CLOCK_HZ,
        }),
        ...(machine.rtc === undefined ? [] : rtcNodes(machine.rtc)),
        ...endingNodes(machine),
      ],
    ),
  )
}

function chosenNode({ bootArgs, initrd, kaslrSeed, rngSeed, ...machine }: MachineDescription) {
  return node('chosen', {
    'stdout-path': `/${uartName(machine)}`,
    bootargs: bootArgs,
    'linux,initrd-start': initrd?.base,
    'linux,initrd-end': initrd && initrd.base + initrd.size,
    'kaslr-seed': kaslrSeed,
    'rng-seed': rngSeed,
  })
}

/** Whose interrupt an SPI of the PMU is, the tree has to say; a PPI is everybody's own. */
function hasSpis({ pmu }: MachineDescription): boolean {
  return pmu?.interrupts.some(({ kind }) => kind === 'spi') ?? false
}

/** The GIC has the first one. */
function cpuPhandle(cpu: number): number {
  return GIC_PHANDLE + 1 + cpu
}

function cpusNode(machine: MachineDescription): FdtNode {
  const { mpidrs } = machine
  const named = hasSpis(machine)
  const affinities = mpidrs.map(mpidr => mpidr & MPIDR_AFFINITY)
  // One cell where Aff3 is nowhere used: kvmtool's form, which the smallest guests count on.
  const wide = affinities.some(affinity => affinity >> 32n !== 0n)
  return node(
    'cpus',
    { '#address-cells': wide ? 2 : 1, '#size-cells': 0 },
    affinities.map((affinity, cpu) =>
      node(`cpu@${affinity.toString(16)}`, {
        device_type: 'cpu',
        compatible: 'arm,armv8',
        reg: wide ? affinity : Number(affinity),
        'enable-method': 'psci',
        phandle: named ? cpuPhandle(cpu) : undefined,
      }),
    ),
  )
}

/**
 * How an interrupt stands in `interrupts`: kind, number, flags. All of ours are level, active high:
 * KVM's timers and PMU raise a level, and so does an emulated device.
 */
function interruptCells({ gic, mpidrs }: MachineDescription): (interrupt: Interrupt) => number[] {
  const levelHigh = 4
  // Which CPUs a PPI is wired to; only GICv2, with its 8 CPUs at most, wants to know.
  const ppiCpus = gic.version === 2 ? ((1 << mpidrs.length) - 1) << 8 : 0
  return ({ kind, number }) =>
    kind === 'spi' ? [0, number, levelHigh] : [1, number, ppiCpus | levelHigh]
}

function uartName({ uart }: Pick<MachineDescription, 'uart'>): string {
  return at('serial', uart.registers)
}
