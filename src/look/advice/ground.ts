import { PmuError, TsvmmError } from '../../errors/index.ts'
import { sharedCpus } from '../../host/contradictions.ts'
import { renderCpuList, type HostFacts, type HostPmu } from '../../host/index.ts'
import { choosePmu } from '../../pmu/choose.ts'
import type { PmuDecision } from '../../pmu/decision.ts'
import { parsePmuInterrupt } from '../../pmu/interrupt.ts'
import { inOrder, share } from '../../pmu/judge.ts'
import { unprobed, type Answer, type PmuProbe, type ProbedPmu } from '../../pmu/probe.ts'
import type { PmuMode, PmuRequest } from '../../pmu/request.ts'
import type { GicFacts } from '../../vm/look.ts'
import { partOf, type Machine } from '../facts.ts'
import { problemLines } from '../problems.ts'

/** What all advice about a machine starts from. */
export interface Ground {
  readonly host: HostFacts
  readonly probe: PmuProbe
  /** KVM was not asked: `probe` is what a current kernel would say. */
  readonly isAssumed: boolean
  /** CPUs that run, and of which nothing is said that cannot be. */
  readonly sound: readonly number[]
  /** Those that are not forbidden to this process. */
  readonly cpus: readonly number[]
  /** Whether guests can have a GICv3, where that is known. */
  readonly hasGicV3: boolean | undefined
  /** vCPUs of a VM with the best GIC it can have, where that is known. */
  readonly vcpuLimit: number
}

/** Some CPUs and the PMU that a guest on them has. */
export interface Seat {
  readonly probed: ProbedPmu
  readonly cpus: readonly number[]
  /** Whether there are CPUs that run and do not have it, so that guests have to be kept here. */
  readonly isPart: boolean
}

/**
 * @throws {TsvmmError} why KVM could not be asked
 * @throws {PmuError} no guest on this machine can have a PMU, as `tsvmm run --pmu` would say it
 */
export function groundOf({ host, kvm }: Machine & { readonly host: HostFacts }): Ground {
  const answer = partOf(kvm, 'pmus')
  if (answer instanceof TsvmmError) throw answer
  const { online, affinity } = host
  const probe = answer ?? assumed(host.pmus)
  const sound = soundCpus(host, probe)
  const ground = {
    host,
    probe,
    isAssumed: answer === undefined,
    sound,
    cpus: affinity === undefined ? sound : sound.filter(cpu => affinity.includes(cpu)),
    hasGicV3: gicsOf(kvm)?.some(({ name, available }) => name === 'GICv3' && available),
    vcpuLimit: vcpuLimit(kvm),
  }
  if (ground.cpus.length === 0)
    throw new PmuError('NO_COMMON', 'there is no CPU that is online and open to this process', {
      why: [`online: ${renderCpuList(online) || 'none'}`, ...problemLines(host)].join('; '),
    })
  const decision = decide(ground, ground.cpus, { kind: 'auto' })
  if (decision.kind === 'refused')
    throw new PmuError(decision.problem, `no guest can have a PMU: ${decision.reason}`, {
      ...(decision.perPmu.length > 0 && {
        why: decision.perPmu.map(({ reason }) => reason).join('; '),
      }),
      try: decision.suggestions,
    })
  return ground
}

/** The PMUs with those of our CPUs that have them, the most CPUs first, as `tsvmm run` chooses. */
export function seatsOf({ host, probe, sound, cpus }: Ground): Seat[] {
  return inOrder(probe.pmus)
    .map(probed => ({
      probed,
      cpus: share(probed.pmu, cpus),
      isPart: share(probed.pmu, sound).length < host.online.length,
    }))
    .sort((a, b) => b.cpus.length - a.cpus.length)
}

function soundCpus({ possible, online }: HostFacts, { pmus }: PmuProbe): readonly number[] {
  const isPossible = new Set(possible)
  const isDisputed = new Set(sharedCpus(pmus.map(({ pmu }) => pmu)).flatMap(({ cpus }) => cpus))
  return online.filter(cpu => isPossible.has(cpu) && !isDisputed.has(cpu))
}

/** What `tsvmm run` would do with a mode on some CPUs. */
export function decide(
  { host, probe }: Pick<Ground, 'host' | 'probe'>,
  cpus: readonly number[],
  mode: PmuMode,
): PmuDecision {
  return choosePmu({
    allowedCpus: cpus,
    affinityGiven: mode.kind !== 'auto',
    offlineCpus: host.offline,
    probe,
    request: { ...REQUEST, mode },
  })
}

const REQUEST: Omit<PmuRequest, 'mode'> = {
  fallback: 'pin',
  strict: 'auto',
  interrupt: parsePmuInterrupt('ppi:7'),
}

/** What a kernel from 6.3 on says of the PMUs of a machine whose KVM nobody asked. */
function assumed(pmus: readonly HostPmu[]): PmuProbe {
  const yes: Answer = { call: 'nothing was asked of KVM', ok: true }
  const no: Answer = { ...yes, ok: false }
  return {
    ...unprobed(pmus, no),
    pmus: pmus.map(pmu => ({ pmu, setPmu: yes, isDefault: yes })),
    setPmu: yes,
    filter: yes,
  }
}

function gicsOf(kvm: Machine['kvm']): readonly GicFacts[] | undefined {
  const vms = partOf(kvm, 'vms')
  return vms instanceof TsvmmError ? undefined : vms?.gics
}

function vcpuLimit(kvm: Machine['kvm']): number {
  const vms = partOf(kvm, 'vms')
  if (vms === undefined || vms instanceof TsvmmError) return Infinity
  return Math.max(...vms.gics.map(({ maxVcpus = 0 }) => maxVcpus)) || vms.maxVcpus
}
