import { HostError } from '../errors/index.ts'
import { strictly, type Tolerate } from './problems.ts'
import { decodeCpuList } from './sysfs.ts'
import { THIS_HOST, type HostTree } from './tree.ts'

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
 * The CPUs of this machine, or of another. There is no doing without those that are possible.
 *
 * @throws {@link HostError} `SYSFS` naming the file that is missing, unreadable or nonsense
 * @see Documentation/admin-guide/cputopology.rst (v6.12)
 */
export function readHostCpus(tree: HostTree = THIS_HOST, tolerate: Tolerate = strictly): HostCpus {
  const read = (name: string) => {
    const path = `/sys/devices/system/cpu/${name}`
    const content = tree.read(path)
    if (content === undefined)
      throw new HostError('SYSFS', `there is no ${tree.nameOf(path)}; is sysfs mounted?`)
    return decodeCpuList(tree, path, content)
  }
  const possible = read('possible')
  const present =
    tolerate(() => read('present'), 'all that are possible are taken for present') ?? possible
  const online =
    tolerate(() => read('online'), 'all that are present are taken for online') ?? present
  return { possible, present, online }
}
