import { at, reg, type AddressRange } from './registers.ts'
import { node, type FdtNode } from './tree.ts'

/** Far from the handles of the GIC and the CPUs. */
const CLOCK_PHANDLE = 0x1_0000

/** The bus clock of a PrimeCell, in Hz: a driver wants one that runs, and never asks how fast. */
const CLOCK_HZ = 24_000_000

/**
 * A PL031 whose interrupt is not wired, and the clock it must have.
 *
 * @see Documentation/devicetree/bindings/rtc/arm,pl031.yaml, clock/fixed-clock.yaml (v6.12)
 */
export function rtcNodes(registers: AddressRange): FdtNode[] {
  return [
    node('apb-pclk', {
      compatible: 'fixed-clock',
      '#clock-cells': 0,
      'clock-frequency': CLOCK_HZ,
      phandle: CLOCK_PHANDLE,
    }),
    node(at('rtc', registers), {
      compatible: ['arm,pl031', 'arm,primecell'],
      reg: reg(registers),
      clocks: CLOCK_PHANDLE,
      'clock-names': 'apb_pclk',
    }),
  ]
}
