import { join } from 'node:path'
import { HostError } from '../errors/index.ts'
import { decodeCpuList, readSysfs } from './sysfs.ts'

/** CPU numbers, each list ascending. */
export interface HostCpus {
  /** CPUs this kernel could ever have. */
  readonly possible: readonly number[]
  /** CPUs that are plugged in. */
  readonly present: readonly number[]
  /** CPUs that run now. */
  readonly online: readonly number[]
}

/**
 * The CPUs of this machine, or of the one whose sysfs was saved under `sysfsRoot`.
 *
 * @throws {@link HostError} `SYSFS` naming the file that is missing, unreadable or nonsense
 * @see Documentation/admin-guide/cputopology.rst (v6.12)
 */
export function readHostCpus(sysfsRoot = '/sys'): HostCpus {
  const read = (name: string) => {
    const file = join(sysfsRoot, 'devices/system/cpu', name)
    const content = readSysfs(file)
    if (content === undefined)
      throw new HostError('SYSFS', `there is no ${file}; is sysfs mounted?`)
    return decodeCpuList(file, content)
  }
  return { possible: read('possible'), present: read('present'), online: read('online') }
}
