import { join } from 'node:path'
import { THIS_HOST, type HostTree } from './tree.ts'

/** What memory a machine has for guests. Sizes are in MiB. */
export interface HostMemory {
  readonly totalMib: number | undefined
  /** What can be had without swapping, of the machine and of the cgroup of this process. */
  readonly availableMib: number | undefined
  /** What the cgroup bounds it to; undefined: it does not. */
  readonly limitMib: number | undefined
  /** Pages set apart by the administrator, of the default size. */
  readonly hugePages:
    { readonly total: number; readonly free: number; readonly sizeKib: number } | undefined
  /** `always`, `madvise` or `never`; undefined: the kernel has no transparent huge pages. */
  readonly transparent: string | undefined
}

/**
 * The memory of this machine, or of another. Values that are not numbers count as not known.
 *
 * @throws {@link HostError} `SYSFS` naming the file that is unreadable
 * @see Documentation/filesystems/proc.rst, meminfo (v6.12)
 * @see Documentation/admin-guide/mm/transhuge.rst (v6.12)
 */
export function readMemory(tree: HostTree = THIS_HOST): HostMemory {
  const meminfo = tree.read('/proc/meminfo') ?? ''
  const number = (name: string) => {
    const match = new RegExp(`^${name}:\\s*(\\d{1,15})( kB)?$`, 'm').exec(meminfo)
    return match === null ? undefined : Number(match[1])
  }
  const total = number('HugePages_Total')
  const free = number('HugePages_Free')
  const sizeKib = number('Hugepagesize')
  const cgroup = readCgroupMemory(tree)
  const bounds = [mib(number('MemAvailable'), 1024), cgroup?.leftMib].filter(
    bound => bound !== undefined,
  )
  return {
    totalMib: mib(number('MemTotal'), 1024),
    availableMib: bounds.length > 0 ? Math.min(...bounds) : undefined,
    limitMib: cgroup?.limitMib,
    hugePages:
      total === undefined || free === undefined || sizeKib === undefined
        ? undefined
        : { total, free, sizeKib },
    transparent: /\[(\w+)\]/.exec(
      tree.read('/sys/kernel/mm/transparent_hugepage/enabled') ?? '',
    )?.[1],
  }
}

function mib(value: number | undefined, perMib: number): number | undefined {
  return value === undefined ? undefined : Math.floor(value / perMib)
}

/** Of the process's own cgroup of version 2; one further up may bound it as well. */
function readCgroupMemory(tree: HostTree): { limitMib: number; leftMib: number } | undefined {
  const cgroup = /^0::(\/.*)$/m.exec(tree.read('/proc/self/cgroup') ?? '')?.[1]
  if (cgroup === undefined || cgroup.split('/').includes('..')) return undefined
  const bytes = (name: string) => {
    const text = tree.read(join('/sys/fs/cgroup', cgroup, name)) ?? ''
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined
  }
  const limit = bytes('memory.max')
  if (limit === undefined) return undefined
  const left = Math.max(0, limit - (bytes('memory.current') ?? 0))
  return { limitMib: Math.floor(limit / 2 ** 20), leftMib: Math.floor(left / 2 ** 20) }
}
