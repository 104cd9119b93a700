import { strictly, type Tolerate } from './problems.ts'
import { decodeCpuList, nonsense } from './sysfs.ts'
import { THIS_HOST, type HostTree } from './tree.ts'

/**
 * Where a CPU is in the machine. The numbers are the kernel's or the firmware's: they need not
 * begin at 0 nor be dense (with ACPI they can be offsets in a table), and those of a cluster or a
 * core are only unique within what they are in. Undefined where nobody says: of a CPU that is
 * offline, nobody does.
 */
export interface CpuPlace {
  /** The socket, mostly. Before Linux 6.0, machines with a device tree have their clusters here. */
  readonly packageId: number | undefined
  /** NUMA. */
  readonly nodeId: number | undefined
  /** Known since Linux 5.16, on machines that have clusters. */
  readonly clusterId: number | undefined
  readonly coreId: number | undefined
  /** The CPUs that are threads of the same core, itself among them. */
  readonly threads: readonly number[] | undefined
}

const NOWHERE: CpuPlace = {
  packageId: undefined,
  nodeId: undefined,
  clusterId: undefined,
  coreId: undefined,
  threads: undefined,
}

/**
 * Where the CPUs are, by CPU.
 *
 * @param online the others have no place
 * @returns what to ask for the place of a CPU
 * @throws {@link HostError} `SYSFS` naming the file that is unreadable or nonsense
 * @see Documentation/admin-guide/cputopology.rst (v6.12)
 * @see drivers/base/arch_topology.c, `parse_dt_topology`, `parse_acpi_topology` (v6.12)
 */
export function readTopology(
  online: readonly number[],
  tree: HostTree = THIS_HOST,
  tolerate: Tolerate = strictly,
): (cpu: number) => CpuPlace {
  const nodes = readNodes(tree, tolerate)
  const places = new Map(online.map(cpu => [cpu, readPlace(tree, cpu, nodes.get(cpu), tolerate)]))
  return cpu => places.get(cpu) ?? NOWHERE
}

function readPlace(
  tree: HostTree,
  cpu: number,
  nodeId: number | undefined,
  tolerate: Tolerate,
): CpuPlace {
  const directory = `/sys/devices/system/cpu/cpu${cpu}/topology`
  return {
    packageId: tolerate(() => readId(tree, `${directory}/physical_package_id`)),
    nodeId,
    clusterId: tolerate(() => readId(tree, `${directory}/cluster_id`)),
    coreId: tolerate(() => readId(tree, `${directory}/core_id`)),
    threads: tolerate(() => readCpus(tree, `${directory}/thread_siblings_list`)),
  }
}

/** NUMA nodes by CPU; none on a kernel without NUMA. */
function readNodes(tree: HostTree, tolerate: Tolerate): ReadonlyMap<number, number> {
  const base = '/sys/devices/system/node'
  const names = tolerate(() => tree.list(base)) ?? []
  const nodes = names.flatMap(name => /^node(\d{1,5})$/.exec(name)?.[1] ?? [])
  return new Map(
    nodes.flatMap(node => {
      const cpus = tolerate(() => readCpus(tree, `${base}/node${node}/cpulist`)) ?? []
      return cpus.map(cpu => [cpu, Number(node)])
    }),
  )
}

/** -1 is the kernel's word for unknown, and 65535 that of kernels that have it in 16 bits. */
function readId(tree: HostTree, path: string): number | undefined {
  const content = tree.read(path)
  if (content === undefined) return undefined
  if (!/^-?\d{1,10}$/.test(content)) throw nonsense(tree, path, content, 'a number')
  return content.startsWith('-') || content === '65535' ? undefined : Number(content)
}

function readCpus(tree: HostTree, path: string): readonly number[] | undefined {
  const content = tree.read(path)
  return content === undefined ? undefined : decodeCpuList(tree, path, content)
}
