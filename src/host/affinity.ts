import { decodeCpuList } from './sysfs.ts'
import { THIS_HOST, type HostTree } from './tree.ts'

/**
 * The CPUs that the process whose /proc this is may run on: what sched_getaffinity would say of it,
 * without native code. Undefined where /proc does not tell.
 *
 * @param online the kernel's mask may name CPUs that do not run, sched_getaffinity does not
 * @throws {@link HostError} `SYSFS` naming the file that is unreadable or nonsense
 * @see Documentation/filesystems/proc.rst, 1.1 (v6.12): Cpus_allowed_list
 * @see kernel/sched/syscalls.c, `sched_getaffinity` (v6.12)
 */
export function readAffinity(
  online: readonly number[],
  tree: HostTree = THIS_HOST,
): readonly number[] | undefined {
  const path = '/proc/self/status'
  const list = /^Cpus_allowed_list:(.*)$/m.exec(tree.read(path) ?? '')?.[1]
  if (list === undefined) return undefined
  const allowed = new Set(decodeCpuList(tree, path, list.trim()))
  return online.filter(cpu => allowed.has(cpu))
}
