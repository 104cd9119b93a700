import { readFileSync } from 'node:fs'

const NS_PER_MS = 1e6

/**
 * How long a thread of ours has been on a CPU, guest code included, in milliseconds.
 *
 * @returns nothing where the thread is gone, or the kernel does not count (CONFIG_SCHED_INFO)
 * @see Documentation/scheduler/sched-stats.rst
 */
export function readThreadMs(tid: number): number | undefined {
  try {
    const [ns = ''] = readFileSync(`/proc/self/task/${tid}/schedstat`, 'latin1').split(' ')
    return ns === '' ? undefined : Math.round(Number(ns) / NS_PER_MS)
  } catch {
    return undefined
  }
}
