import { readAffinity } from './affinity.ts'
import { contradictionsOf } from './contradictions.ts'
import type { HostPmu } from './pmus.ts'
import { readCores, type HostCore } from './cores.ts'
import { readHostCpus, type HostCpus } from './cpus.ts'
import { readCpuset, type HostCpuset } from './cpuset.ts'
import { renderPart } from './midr.ts'
import { readHostPmuDetails, type HostPmuDetails } from './pmu-details.ts'
import { Problems } from './problems.ts'
import { readTopology, type CpuPlace } from './topology.ts'
import { THIS_HOST, type HostTree } from './tree.ts'

/** A CPU: what kind of core it is, and where. */
export interface HostCpu extends HostCore, CpuPlace {}

/** What this machine is and what of it this process may use, as far as its PMUs are concerned. */
export interface HostFacts extends HostCpus {
  /** Possible CPUs that do not run now; those that are not even present are among them. */
  readonly offline: readonly number[]
  /** One per possible CPU, in their order. */
  readonly cores: readonly HostCpu[]
  readonly pmus: readonly HostPmuDetails[]
  /**
   * Possible CPUs that no PMU has. With ACPI, those that were never online yet are always among
   * them: the kernel learns from a CPU itself which PMU it has.
   */
  readonly uncovered: readonly number[]
  /** CPUs this process may run on, where that is known. */
  readonly affinity: readonly number[] | undefined
  readonly cpuset: HostCpuset | undefined
  /**
   * What is wrong with all this, a sentence each: facts that contradict each other, and files
   * that are unreadable or nonsense, whose facts are missing.
   */
  readonly problems: readonly string[]
}

/**
 * All of it, read now. Nothing of it holds for the next boot, perf types least; CPUs come and go
 * while it is read. A file that is unreadable or nonsense takes no more than its own fact with it.
 *
 * @param affinity what sched_getaffinity said of this process; left out, /proc is asked
 * @throws {@link HostError} `SYSFS` the possible CPUs are not known
 * @see drivers/perf/arm_pmu_acpi.c, `arm_pmu_acpi_cpu_starting` (v6.12)
 */
export function describeHost(tree: HostTree = THIS_HOST, affinity?: readonly number[]): HostFacts {
  const problems = new Problems()
  const { tolerate } = problems
  const cpus = readHostCpus(tree, tolerate)
  const pmus = readHostPmuDetails(tree, tolerate)
  const covered = new Set(pmus.flatMap(pmu => pmu.cpus))
  const online = new Set(cpus.online)
  const placeOf = readTopology(cpus.online, tree, tolerate)
  const facts = {
    ...cpus,
    offline: cpus.possible.filter(cpu => !online.has(cpu)),
    cores: readCores(tree, tolerate).map(core => ({ ...core, ...placeOf(core.cpu) })),
    pmus,
    uncovered: cpus.possible.filter(cpu => !covered.has(cpu)),
    affinity: affinity ?? tolerate(() => readAffinity(cpus.online, tree)),
    cpuset: tolerate(() => readCpuset(tree)),
  }
  return { ...facts, problems: [...contradictionsOf(facts), ...problems.sentences] }
}

/**
 * Words for what a CPU is, to go into brackets behind its number:
 * `Cortex-A53, PMU armv8_cortex_a53`, or the one of the two that is known, or undefined.
 */
export function coreTypeOf(
  { cores, pmus }: { readonly cores: readonly HostCore[]; readonly pmus: readonly HostPmu[] },
  cpu: number,
): string | undefined {
  const midr = cores.find(core => core.cpu === cpu)?.midr
  const pmu = pmus.find(({ cpus }) => cpus.includes(cpu))
  const words = [midr === undefined ? [] : renderPart(midr), pmu ? `PMU ${pmu.name}` : []].flat()
  return words.length > 0 ? words.join(', ') : undefined
}
