import { SyscallError, UsageError } from '../errors/index.ts'
import { readHostCpus, renderCpuList, renderCpus, type HostCpus } from '../host/index.ts'
import type { System } from '../native/index.ts'

/** Where the vCPUs may run. */
export interface AllowedCpus {
  readonly cpus: readonly number[]
  /** Whether they were asked for by number. */
  readonly given: boolean
}

/**
 * The CPUs the vCPU threads will be on: those asked for, or all this process may run on.
 *
 * @throws {UsageError} this process may not run on one of those asked for, and why
 */
export function allowedCpus(
  affinity: readonly number[] | undefined,
  system: System,
  host: () => HostCpus = readHostCpus,
): AllowedCpus {
  const ours = system.getAffinity(0)
  if (typeof ours === 'number') throw new SyscallError('sched_getaffinity', -ours)
  if (affinity === undefined) return { cpus: ours, given: false }
  const beyond = affinity.filter(cpu => !ours.includes(cpu))
  if (beyond.length === 0) return { cpus: affinity, given: true }
  throw new UsageError(
    `--vcpu-affinity ${renderCpuList(affinity)}: this process may not run on CPU ${renderCpuList(beyond)}`,
    {
      why: reasons(beyond, host()).join('; '),
      try: [`--vcpu-affinity ${renderCpuList(ours)}    # where it may`],
    },
  )
}

/** Why not, for each of the CPUs. */
function reasons(cpus: readonly number[], { possible, online }: HostCpus): string[] {
  const said = (list: readonly number[], is: (names: string) => string) =>
    list.length === 0 ? [] : [is(renderCpus(list))]
  const missing = cpus.filter(cpu => !possible.includes(cpu))
  const offline = cpus.filter(cpu => possible.includes(cpu) && !online.includes(cpu))
  const taken = cpus.filter(cpu => online.includes(cpu))
  return [
    ...said(missing, names => `this host has no ${names}, its CPUs are ${renderCpuList(possible)}`),
    ...said(offline, names => `offline: ${names}`),
    ...said(taken, names => `taskset or a cpuset excludes ${names}`),
  ]
}
