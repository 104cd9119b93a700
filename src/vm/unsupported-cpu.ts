import { constants } from 'node:os'
import {
  CpuUnsupportedError,
  errnoName,
  errnoText,
  HostError,
  type Explanation,
} from '../errors/index.ts'
import { readCpuset, readHostCpus, renderCpuList, renderCpus } from '../host/index.ts'

/** What to do when KVM refuses a vCPU on a CPU that the VM's PMU does not cover. */
export interface UnsupportedCpuOptions {
  /** `repin`: put the vCPU's thread back and go on. `fail`, and left out: end the run. */
  readonly onUnsupportedCpu?: 'repin' | 'fail' | undefined
  /** CPUs the threads are put back on: those of the PMU that the vCPUs are to use. */
  readonly supportedCpus?: readonly number[] | undefined
  /** Name of the VM's PMU, for sentences. */
  readonly pmuName?: string | undefined
  /** All CPUs that PMU covers, for sentences. */
  readonly pmuCpus?: readonly number[] | undefined
  /** The core type of a CPU, for sentences: `Cortex-A53`. */
  readonly describeCpu?: ((cpu: number) => string | undefined) | undefined
  /** Told what a user should know although the run goes on: a sentence without its full stop. */
  readonly onNotice?: ((sentence: string) => void) | undefined
}

/** A vCPU that KVM refused to run where its thread was. Plain data: it goes into `--json`. */
export interface CpuRefusal {
  readonly vcpu: number
  /** Where the thread was. */
  readonly cpu: number
  readonly core?: string
  readonly pmu?: string
  readonly pmuCpus?: readonly number[]
  /** Where the thread was to be put back, or would have been. */
  readonly supportedCpus?: readonly number[]
  /** Why it could not be put back; missing if nobody tried. */
  readonly repinProblem?: string
}

/** How often threads were put back. */
export interface Repins {
  readonly total: number
  readonly perVcpu: readonly number[]
}

/** `sched_setaffinity` for the thread of a vCPU: 0 or `-errno`. */
type SetAffinity = (vcpu: number, cpus: readonly number[]) => number

const KVM_SAYS = '(KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED)'

/**
 * Puts vCPU threads back on CPUs of the VM's PMU, and counts. KVM looks anew at where the thread is
 * on every KVM_RUN, so a vCPU that was put back goes on as if nothing had happened.
 *
 * @see arch/arm64/kvm/arm.c, kvm_vcpu_exit_request() (v7.3)
 */
export class UnsupportedCpuPolicy {
  readonly #options: UnsupportedCpuOptions
  readonly #setAffinity: SetAffinity
  readonly #perVcpu: number[]

  constructor(options: UnsupportedCpuOptions, vcpus: number, setAffinity: SetAffinity) {
    this.#options = options
    this.#setAffinity = setAffinity
    this.#perVcpu = new Array<number>(vcpus).fill(0)
  }

  get repins(): Repins {
    return {
      total: this.#perVcpu.reduce((sum, count) => sum + count, 0),
      perVcpu: [...this.#perVcpu],
    }
  }

  /**
   * Answers one refusal. The vCPU must be out of KVM_RUN and its thread waiting for an answer.
   *
   * @returns why the run ends; nothing if the vCPU is to go on
   */
  onRefused(vcpu: number, cpu: number): CpuRefusal | undefined {
    if (this.#options.onUnsupportedCpu !== 'repin') return this.#describe(vcpu, cpu)
    const repinProblem = this.#repin(vcpu, cpu)
    if (repinProblem !== undefined) return { ...this.#describe(vcpu, cpu), repinProblem }
    const before = this.#perVcpu[vcpu] ?? 0
    this.#perVcpu[vcpu] = before + 1
    // Somebody who moves it for ever must not fill a log.
    if (before === 0) this.#options.onNotice?.(renderRepin(this.#describe(vcpu, cpu)))
    return undefined
  }

  /** @returns why it cannot be done */
  #repin(vcpu: number, cpu: number): string | undefined {
    const cpus = this.#options.supportedCpus ?? []
    if (cpus.length === 0) return 'it is not known on which CPUs the vCPU can run'
    // It would be refused there again, and again.
    if (cpus.includes(cpu))
      return `CPU ${cpu} is one of those it was to be put back on: KVM and the host's sysfs disagree about the CPUs of the PMU`
    const result = this.#setAffinity(vcpu, cpus)
    return result < 0 ? affinityProblem(-result, cpus) : undefined
  }

  #describe(vcpu: number, cpu: number): CpuRefusal {
    const { describeCpu, pmuName, pmuCpus, supportedCpus } = this.#options
    const core = describeCpu?.(cpu)
    return {
      vcpu,
      cpu,
      ...(core && { core }),
      ...(pmuName !== undefined && { pmu: pmuName }),
      ...(pmuCpus && { pmuCpus }),
      ...(supportedCpus && { supportedCpus }),
    }
  }
}

/** Why `sched_setaffinity` to `cpus` was refused, as far as `online` can tell: that comes from sysfs. */
export function affinityProblem(
  errno: number,
  cpus: readonly number[],
  online: readonly number[] | undefined = onlineCpus(),
  cpuset: readonly number[] | undefined = cpusetCpus(),
): string {
  const failed = `sched_setaffinity failed: ${errnoName(errno)}, ${errnoText(errno)}`
  if (errno === constants.errno.ESRCH) return `${failed}: the thread is gone`
  if (errno === constants.errno.EPERM)
    return `${failed}: this process may no longer move its threads`
  if (errno !== constants.errno.EINVAL) return failed
  const up = cpus.filter(cpu => online?.includes(cpu))
  if (online === undefined)
    return `${failed}: ${named(cpus)} offline, or the cpuset of this process excludes what is online`
  if (up.length === 0) return `${failed}: ${named(cpus)} offline`
  // A CPU that is going down reads as online until it is down.
  const taken = up.filter(cpu => cpuset && !cpuset.includes(cpu))
  return taken.length > 0
    ? `${failed}: the cpuset of this process excludes ${renderCpus(taken)}`
    : `${failed}: ${renderCpus(cpus)} offline, going offline, or excluded by a cpuset`
}

/** The error a refusal amounts to. */
export function refusalError(refusal: CpuRefusal): CpuUnsupportedError {
  const { supportedCpus, repinProblem } = refusal
  const failed =
    repinProblem === undefined
      ? ''
      : `, and its thread could not be put back${supportedCpus ? ` on ${renderCpus(supportedCpus)}` : ''}`
  return new CpuUnsupportedError(
    `${refusedWhere(refusal)}${failed} ${KVM_SAYS}`,
    explainRefusal(refusal),
  )
}

function explainRefusal({ vcpu, repinProblem, supportedCpus, pmuCpus }: CpuRefusal): Explanation {
  const cpus = supportedCpus ?? pmuCpus
  const list = cpus && cpus.length > 0 ? renderCpuList(cpus) : 'LIST'
  return {
    why:
      repinProblem ??
      "KVM does not run a guest where the VM's PMU does not exist, and something put the thread there: taskset, a cpuset, or a CPU taken offline",
    try: [
      ...(repinProblem === undefined
        ? [
            '--on-unsupported-cpu=repin    # put the thread back and go on',
            `taskset -p -c ${list} TID    # for the thread kvm-vcpu-${vcpu}, from outside`,
          ]
        : [
            'cat /sys/devices/system/cpu/online    # the CPUs there are',
            'cat /proc/self/cpuset    # the cgroup whose cpuset says which of them may be used',
          ]),
      '--pmu=fixed    # where the kernel has FIXED_COUNTERS_ONLY: the cycle counter, on every CPU',
    ],
    see: ['Documentation/virt/kvm/devices/vcpu.rst, 1.4 KVM_ARM_VCPU_PMU_V3_SET_PMU (v7.3)'],
  }
}

function renderRepin({ vcpu, cpu, core, pmu, supportedCpus = [] }: CpuRefusal): string {
  const where = `vcpu ${vcpu} was refused on ${place(cpu, core)}`
  const why = pmu === undefined ? '' : `, which ${pmu} does not cover`
  return `${where}${why}: its thread was put back on ${renderCpus(supportedCpus)} ${KVM_SAYS}`
}

/** `vcpu 0 was refused on CPU 0 (Cortex-A53), which the VM's PMU, … (CPUs 2-3), does not cover`. */
function refusedWhere({ vcpu, cpu, core, pmu, pmuCpus }: CpuRefusal): string {
  const where = `vcpu ${vcpu} was refused on ${place(cpu, core)}`
  if (pmu === undefined) return where
  const cpus = pmuCpus === undefined ? '' : ` (${renderCpus(pmuCpus)})`
  return `${where}, which the VM's PMU, ${pmu}${cpus}, does not cover`
}

function place(cpu: number, core: string | undefined): string {
  return core === undefined ? `CPU ${cpu}` : `CPU ${cpu} (${core})`
}

/** `CPU 3 is`, `all of CPUs 2-3 are`. */
function named(cpus: readonly number[]): string {
  return cpus.length === 1 ? `${renderCpus(cpus)} is` : `all of ${renderCpus(cpus)} are`
}

/** Nothing where there is no cpuset, or none can be read. */
function cpusetCpus(): readonly number[] | undefined {
  try {
    return readCpuset()?.cpus
  } catch (error) {
    if (error instanceof HostError) return undefined
    throw error
  }
}

/** Nothing where sysfs does not say. */
function onlineCpus(): readonly number[] | undefined {
  try {
    return readHostCpus().online
  } catch (error) {
    if (error instanceof HostError) return undefined
    throw error
  }
}
