/*
 * The guest's physical address space, which is lkvm's, so that what was built for `lkvm run` runs:
 * MEMORY_MAP below is the table. kvmtool, arm/include/arm-common/kvm-arch.h.
 */

export const RAM_BASE = 0x8000_0000n

export const UART_BASE = 0x0100_0000n
export const UART_SIZE = 0x1000n
/** Its registers that the guest uses for every byte: see src/devices/uart-16550.ts. */
export const UART_THR = UART_BASE
export const UART_RBR = UART_BASE
export const UART_LSR = UART_BASE + 5n
/** INTID of the first shared interrupt. */
export const FIRST_SPI = 32
/** kvmtool numbers the SPIs of its devices from 0 up; the first UART comes first. */
export const UART_SPI = 0

export const RTC_BASE = 0x0101_0000n
export const RTC_SIZE = 0x1000n

export const PVTIME_BASE = 0x0102_0000n
/** Enough for 1024 vCPUs, and whole pages on every host. */
export const PVTIME_SIZE = 0x1_0000
/** KVM's numbers of the two pieces of memory. */
export const RAM_SLOT = 0
export const PVTIME_SLOT = 1

/** In a part of lkvm's area of devices that it does not use; apart by the largest page there is. */
export const PVPANIC_BASE = 0x0180_0000n
export const PVPANIC_SIZE = 0x1000n
export const EXIT_DEVICE_BASE = 0x0181_0000n
export const EXIT_DEVICE_SIZE = 0x1000n

export const GIC_DIST_BASE = 0x3fff_0000n
export const GIC_DIST_SIZE = 0x1_0000n
export const GICV2_CPU_BASE = 0x3ffd_0000n
export const GICV2_CPU_SIZE = 0x2_0000n
/** Of one vCPU. */
export const GICV3_REDIST_SIZE = 0x2_0000n
/** The page of registers and that of the doorbell. */
export const GICV3_ITS_SIZE = 0x2_0000n
export const GICV2M_SIZE = 0x1000n
export const GICV2M_BASE = GICV2_CPU_BASE - GICV2M_SIZE

/** SPIs that a GICv2m turns messages into: as many as lkvm's, and the last, which nobody else asks for. */
export const GICV2M_SPIS = { first: 896, count: 64 } as const

/** The device tree's room: 2 MiB, the most Linux takes. Documentation/arch/arm64/booting.rst §2. */
export const FDT_MAX_SIZE = 0x20_0000

/** Where kernel and device tree are, as lkvm has it. */
export const LOW_RAM = 256 * 2 ** 20

/** Less has no room for an image beside the device tree. */
export const RAM_MIN = 32 * 2 ** 20

/** RAM is made of whole pages, and 64 KiB is the largest page of any arm64 host. */
export const RAM_STEP = 0x1_0000

/** Where `vcpus` redistributors start: they end where the distributor begins. */
export function redistributorBase(vcpus: number): bigint {
  return GIC_DIST_BASE - BigInt(vcpus) * GICV3_REDIST_SIZE
}

/** Where an ITS is: right below the redistributors. */
export function itsBase(vcpus: number): bigint {
  return redistributorBase(vcpus) - GICV3_ITS_SIZE
}

/** Offset of the device tree in RAM: the last 2 MiB of its first 256 MiB, as lkvm has it. */
export function fdtOffset(ramSize: number): number {
  const end = Math.min(ramSize, LOW_RAM)
  return Math.floor(end / FDT_MAX_SIZE) * FDT_MAX_SIZE - FDT_MAX_SIZE
}

/** A part of the address space. */
export interface Area {
  readonly base: bigint
  /** Bytes; left out, as much as there is. */
  readonly size?: bigint
  readonly what: string
  /** Of this version of the GIC only. */
  readonly gic?: 2 | 3
}

/** The most vCPUs that a GICv3 of KVM's can have. arch/arm64/include/asm/kvm_host.h (v7.3). */
const MOST_VCPUS = 512

/** All of the address space that is spoken for, as it is for the most vCPUs. */
export const MEMORY_MAP: readonly Area[] = [
  { base: 0n, size: 0x1_0000n, what: 'I/O ports of PCI (not yet)' },
  { base: UART_BASE, size: UART_SIZE, what: `16550A UART, SPI ${UART_SPI}` },
  { base: RTC_BASE, size: RTC_SIZE, what: 'PL031 RTC, its interrupt not wired' },
  {
    base: PVTIME_BASE,
    size: BigInt(PVTIME_SIZE),
    what: 'memory: stolen time of the vCPUs, 64 bytes each',
  },
  { base: PVPANIC_BASE, size: PVPANIC_SIZE, what: 'pvpanic' },
  {
    base: EXIT_DEVICE_BASE,
    size: EXIT_DEVICE_SIZE,
    what: 'exit device, with `--exit-code-from-guest`',
  },
  { base: 0x0300_0000n, size: 0x100_0000n, what: 'virtio-mmio, 512 bytes each (not yet)' },
  {
    base: itsBase(MOST_VCPUS),
    size: GICV3_ITS_SIZE,
    what: `ITS (gicv3-its), for ${MOST_VCPUS} vCPUs; for fewer higher up, right below the redistributors`,
    gic: 3,
  },
  {
    base: redistributorBase(MOST_VCPUS),
    size: BigInt(MOST_VCPUS) * GICV3_REDIST_SIZE,
    what: `GICv3 redistributors of ${MOST_VCPUS} vCPUs, 128 KiB each; of fewer the last of it`,
    gic: 3,
  },
  {
    base: GICV2M_BASE,
    size: GICV2M_SIZE,
    what: `MSI frame (gicv2m): a message is one of SPI ${GICV2M_SPIS.first} to ${GICV2M_SPIS.first + GICV2M_SPIS.count - 1}`,
    gic: 2,
  },
  { base: GICV2_CPU_BASE, size: GICV2_CPU_SIZE, what: 'GICv2 CPU interface', gic: 2 },
  { base: GIC_DIST_BASE, size: GIC_DIST_SIZE, what: 'GIC distributor' },
  { base: 0x4000_0000n, size: 0x4000_0000n, what: 'PCI (not yet)' },
  { base: RAM_BASE, what: 'RAM' },
]
