import { readHostCpus } from './cpus.ts'
import { strictly, type Tolerate } from './problems.ts'
import { nonsense, parseNumber } from './sysfs.ts'
import { THIS_HOST, type HostTree } from './tree.ts'

/** What kind of core a CPU is. */
export interface HostCore {
  readonly cpu: number
  /** Its MIDR_EL1, see `decodeMidr`. Nobody knows that of a CPU that is offline. */
  readonly midr: bigint | undefined
  /** How fast it is; the fastest of the machine has 1024. Not every kernel says. */
  readonly capacity: number | undefined
}

/**
 * The core of every possible CPU of this machine, or of another machine, in the order of the CPUs.
 *
 * @throws {@link HostError} `SYSFS` naming the file that is missing, unreadable or nonsense
 * @see arch/arm64/kernel/cpuinfo.c, `cpuid_cpu_online` (v6.12)
 * @see drivers/base/arch_topology.c, `cpu_capacity_show` (v6.12)
 */
export function readCores(tree: HostTree = THIS_HOST, tolerate: Tolerate = strictly): HostCore[] {
  return readHostCpus(tree, tolerate).possible.map(cpu => {
    const directory = `/sys/devices/system/cpu/cpu${cpu}`
    return {
      cpu,
      midr: tolerate(() => readMidr(tree, `${directory}/regs/identification/midr_el1`)),
      capacity: tolerate(() => readCapacity(tree, `${directory}/cpu_capacity`)),
    }
  })
}

function readMidr(tree: HostTree, path: string): bigint | undefined {
  const content = tree.read(path)
  // Empty: the kernel has a place for it and has not seen the CPU yet.
  if (content === undefined || content === '') return undefined
  if (!/^0x[\da-f]{1,16}$/i.test(content)) throw nonsense(tree, path, content, 'a MIDR_EL1')
  return BigInt(content)
}

function readCapacity(tree: HostTree, path: string): number | undefined {
  const content = tree.read(path)
  if (content === undefined) return undefined
  const capacity = parseNumber(content)
  if (capacity === undefined) throw nonsense(tree, path, content, 'the capacity of a CPU')
  return capacity
}
