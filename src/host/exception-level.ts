import { THIS_HOST, type HostTree } from './tree.ts'

/** Where the kernel was started, and where it runs. */
export type KernelLevel =
  /** At EL2, and there it runs: VHE. */
  | 'el2'
  /** At EL2, and it runs at EL1: nVHE, hVHE or protected. */
  | 'el1-below-el2'
  /** At EL1: somebody else has EL2, or nobody. */
  | 'el1'

/** The interrupts of the timers, as every GIC of a machine that follows Arm's BSA has them. */
const LEVEL_OF_TIMER: Readonly<Record<string, KernelLevel>> = {
  '26': 'el2',
  '28': 'el2',
  '30': 'el1-below-el2',
  '27': 'el1',
}

/**
 * The exception level the kernel runs at, from the timer it uses; undefined where that does not
 * tell. No file says it outright, and the kernel's messages are not for everybody.
 *
 * @throws {@link HostError} `SYSFS` if /proc/interrupts is there and cannot be read
 * @see drivers/clocksource/arm_arch_timer.c, `arch_timer_select_ppi` (v6.12)
 * @see Arm Base System Architecture (DEN0094), PPI assignments
 */
export function readKernelLevel(tree: HostTree = THIS_HOST): KernelLevel | undefined {
  const interrupts = tree.read('/proc/interrupts') ?? ''
  const line = /^.*\sGIC\S*\s+(?<intid>\d+)\s+Level\s+arch_timer$/m.exec(interrupts)
  return LEVEL_OF_TIMER[line?.groups?.['intid'] ?? '']
}
