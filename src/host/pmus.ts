import { join } from 'node:path'
import { HostError } from '../errors/index.ts'
import { renderCpuList } from './cpulist.ts'
import { decodeCpuList, listSysfs, nonsense, readSysfs } from './sysfs.ts'

/** A PMU of the host's CPU cores: what `KVM_ARM_VCPU_PMU_V3_SET_PMU` chooses among. */
export interface HostPmu {
  /** Name of its directory in sysfs, e.g. `armv8_cortex_a72`. */
  readonly name: string
  /** perf type. The kernel hands them out at boot: not the same after the next one. */
  readonly type: number
  /** CPUs that have it, ascending; CPUs that are offline may be among them. */
  readonly cpus: readonly number[]
}

/**
 * The core PMUs of this machine, or of the one whose sysfs was saved under `sysfsRoot`, in the
 * order of their first CPUs. Uncore and trace PMUs are left out: only core PMUs have a file `cpus`.
 * One that vanishes while it is read is left out, too.
 *
 * @throws {@link HostError} `SYSFS` naming the file that is missing, unreadable or nonsense
 * @see drivers/perf/arm_pmu.c, `cpus_show` (v6.12)
 */
export function readHostPmus(sysfsRoot = '/sys'): HostPmu[] {
  const directory = join(sysfsRoot, 'bus/event_source/devices')
  return listSysfs(directory)
    .flatMap(name => readPmu(directory, name) ?? [])
    .sort((a, b) => firstCpu(a) - firstCpu(b) || a.type - b.type)
}

/** `armv8_cortex_a72 (type 11, CPUs 2-3)`. */
export function renderHostPmu({ name, type, cpus }: HostPmu): string {
  return `${name} (type ${type}, CPUs ${cpus.length > 0 ? renderCpuList(cpus) : 'none'})`
}

function readPmu(directory: string, name: string): HostPmu | undefined {
  const cpusFile = join(directory, name, 'cpus')
  const cpus = readSysfs(cpusFile)
  if (cpus === undefined) return undefined

  const typeFile = join(directory, name, 'type')
  const type = readSysfs(typeFile)
  if (type === undefined) {
    // A PMU may vanish while it is read, but never one file of it.
    if (readSysfs(cpusFile) === undefined) return undefined
    throw new HostError('SYSFS', `there is no ${typeFile}, although there is a ${cpusFile}`)
  }
  // The kernel's type is an int.
  if (!/^\d{1,10}$/.test(type) || Number(type) >= 2 ** 31)
    throw nonsense(typeFile, type, 'a perf type number')
  return { name, type: Number(type), cpus: decodeCpuList(cpusFile, cpus) }
}

/** A PMU without CPUs comes last. */
function firstCpu(pmu: HostPmu): number {
  return pmu.cpus[0] ?? Number.MAX_SAFE_INTEGER
}
