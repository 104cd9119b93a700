import { HostError } from '../errors/index.ts'
import { renderCpuList } from './cpulist.ts'
import { strictly, type Tolerate } from './problems.ts'
import { decodeCpuList, nonsense } from './sysfs.ts'
import { THIS_HOST, type HostTree } from './tree.ts'

/** A PMU of the host's CPU cores: what `KVM_ARM_VCPU_PMU_V3_SET_PMU` chooses among. */
export interface HostPmu {
  /** Name of its directory in sysfs, e.g. `armv8_cortex_a72`. */
  readonly name: string
  /** perf type. The kernel hands them out at boot: not the same after the next one. */
  readonly type: number
  /** CPUs that have it, ascending; CPUs that are offline may be among them. */
  readonly cpus: readonly number[]
}

/** Every PMU the kernel has. */
export const PMUS = '/sys/bus/event_source/devices'

/**
 * The core PMUs of this machine, or of another machine, in the order of their first CPUs. Uncore and trace PMUs are left out: only core PMUs have a file `cpus`.
 * One that vanishes while it is read is left out, too.
 *
 * @throws {@link HostError} `SYSFS` naming the file that is missing, unreadable or nonsense
 * @see drivers/perf/arm_pmu.c, `cpus_show` (v6.12)
 */
export function readHostPmus(tree: HostTree = THIS_HOST, tolerate: Tolerate = strictly): HostPmu[] {
  const names = tolerate(() => tree.list(PMUS)) ?? []
  return names
    .flatMap(name => tolerate(() => readPmu(tree, name), `the PMU ${name} is left out`) ?? [])
    .sort((a, b) => firstCpu(a) - firstCpu(b) || a.type - b.type)
}

/** `armv8_cortex_a72 (type 11, CPUs 2-3)`. */
export function renderHostPmu({ name, type, cpus }: HostPmu): string {
  return `${name} (type ${type}, CPUs ${cpus.length > 0 ? renderCpuList(cpus) : 'none'})`
}

function readPmu(tree: HostTree, name: string): HostPmu | undefined {
  const cpusFile = `${PMUS}/${name}/cpus`
  const cpus = tree.read(cpusFile)
  if (cpus === undefined) return undefined

  const typeFile = `${PMUS}/${name}/type`
  const type = tree.read(typeFile)
  if (type === undefined) {
    // A PMU may vanish while it is read, but never one file of it.
    if (tree.read(cpusFile) === undefined) return undefined
    throw new HostError(
      'SYSFS',
      `there is no ${tree.nameOf(typeFile)}, although there is a ${tree.nameOf(cpusFile)}`,
    )
  }
  // The kernel's type is an int.
  if (!/^\d{1,10}$/.test(type) || Number(type) >= 2 ** 31)
    throw nonsense(tree, typeFile, type, 'a perf type number')
  return { name, type: Number(type), cpus: decodeCpuList(tree, cpusFile, cpus) }
}

/** A PMU without CPUs comes last. */
function firstCpu(pmu: HostPmu): number {
  return pmu.cpus[0] ?? Number.MAX_SAFE_INTEGER
}
