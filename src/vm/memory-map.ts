/*
 * The guest's physical address space, which is lkvm's, so that what was built for `lkvm run` runs.
 * kvmtool, arm/include/arm-common/kvm-arch.h.
 *
 *   0x0000_0000  I/O ports of PCI (none yet)
 *   0x0100_0000  UART: 16550A, one page
 *   0x0101_0000  RTC (not yet)
 *   0x0300_0000  virtio-mmio, 0x200 bytes each (not yet)
 *      …
 *   grows down   GICv3 redistributors, 128 KiB per vCPU; or GICv2 CPU interface at 0x3ffd_0000
 *   0x3fff_0000  GIC distributor, 64 KiB
 *   0x4000_0000  PCI (not yet)
 *   0x8000_0000  RAM
 *                  + 0x0008_0000  flat image (an Image at its own text_offset)
 *                  … initrd, ending below the device tree, if there is no RAM for it behind it
 *                  … end of the first 256 MiB: device tree, 2 MiB, 2 MiB aligned
 *                + 0x1000_0000  initrd
 */

export const RAM_BASE = 0x8000_0000n

export const UART_BASE = 0x0100_0000n
export const UART_SIZE = 0x1000n
/** Its registers that the guest uses for every byte: see src/devices/uart-16550.ts. */
export const UART_THR = UART_BASE
export const UART_LSR = UART_BASE + 5n
/** INTID of the first shared interrupt. */
export const FIRST_SPI = 32
/** kvmtool numbers the SPIs of its devices from 0 up; the first UART comes first. */
export const UART_SPI = 0

export const GIC_DIST_BASE = 0x3fff_0000n
export const GIC_DIST_SIZE = 0x1_0000n
export const GICV2_CPU_BASE = 0x3ffd_0000n
export const GICV2_CPU_SIZE = 0x2_0000n
export const GICV3_REDIST_SIZE = 0x2_0000n

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

/** Offset of the device tree in RAM: the last 2 MiB of its first 256 MiB, as lkvm has it. */
export function fdtOffset(ramSize: number): number {
  const end = Math.min(ramSize, LOW_RAM)
  return Math.floor(end / FDT_MAX_SIZE) * FDT_MAX_SIZE - FDT_MAX_SIZE
}
