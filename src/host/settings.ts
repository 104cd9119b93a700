import { THIS_HOST, type HostTree } from './tree.ts'

/** Settings of a machine that bear on guests and their PMU; undefined is what it does not have. */
export interface HostSettings {
  /** `kernel.perf_event_paranoid`. */
  readonly perfEventParanoid: number | undefined
  /** `kernel.nmi_watchdog`: 1 for a watchdog, which may be one that takes a counter of every CPU. */
  readonly nmiWatchdog: number | undefined
  /** `kernel.perf_user_access`: 1 if programs may read counters without the kernel. */
  readonly perfUserAccess: number | undefined
  /** File descriptors this process may have open; Infinity if nothing bounds them. */
  readonly openFiles: number | undefined
}

/**
 * The settings of this machine, or of another. What is not a number counts as not known.
 *
 * @throws {@link HostError} `SYSFS` naming the file that is unreadable
 * @see Documentation/admin-guide/sysctl/kernel.rst (v6.12)
 */
export function readSettings(tree: HostTree = THIS_HOST): HostSettings {
  const sysctl = (name: string) => {
    const text = tree.read(`/proc/sys/kernel/${name}`) ?? ''
    return /^-?\d{1,9}$/.test(text) ? Number(text) : undefined
  }
  const limits = tree.read('/proc/self/limits') ?? ''
  const soft = /^Max open files\s+(unlimited|\d{1,15})\s/m.exec(limits)?.[1]
  return {
    perfEventParanoid: sysctl('perf_event_paranoid'),
    nmiWatchdog: sysctl('nmi_watchdog'),
    perfUserAccess: sysctl('perf_user_access'),
    openFiles: soft === undefined ? undefined : soft === 'unlimited' ? Infinity : Number(soft),
  }
}
