import type { HostFacts, HostPmu } from '../../host/index.ts'
import { coresOf, type Machine } from '../facts.ts'
import { problemLines } from '../problems.ts'
import { decide, groundOf, seatsOf, type Ground, type Seat } from './ground.ts'
import { VMMS, type Recipe, type ServingVmm, type VmmName } from './vmms.ts'

/** How a guest gets a PMU from a VMM on a machine: plain data. */
export interface Advice {
  readonly vmm: VmmName
  /** The best first: that with the most CPUs. */
  readonly alternatives: readonly Alternative[]
  /** What goes for all of them. */
  readonly notes: readonly string[]
  /** Why there is no alternative. */
  readonly why?: string
  readonly try?: readonly string[]
  /** PMUs that guests of this VMM cannot have. */
  readonly refused: readonly { readonly pmu: HostPmu; readonly reason: string }[]
}

/** One way to do it. */
export interface Alternative extends Recipe {
  /** Undefined: FIXED_COUNTERS_ONLY, which is of no single PMU. */
  readonly pmu?: HostPmu
  readonly cores: readonly string[]
  /** Where the guest runs. */
  readonly cpus: readonly number[]
  /** The most that each have a CPU for themselves. */
  readonly vcpus: number
  /** Event counters, the cycle counter apart; undefined if KVM was not asked. */
  readonly counters?: number | undefined
  readonly notes: readonly string[]
}

/**
 * What to tell a VMM so that a guest has a working PMU on this machine, or why that cannot be.
 *
 * @throws {TsvmmError} KVM could not be asked
 * @throws {PmuError} no guest can have a PMU here, whatever runs it
 */
export function advise(name: VmmName, machine: Machine & { readonly host: HostFacts }): Advice {
  const vmm = VMMS[name]
  if (vmm.selects === 'never')
    return {
      vmm: name,
      alternatives: [],
      notes: [],
      why: `${vmm.title} gives no guest a PMU: ${vmm.why}`,
      try: ['tsvmm probe --for tsvmm'],
      refused: [],
    }
  const ground = groundOf(machine)
  const judged = seatsOf(ground).map(seat => ({
    seat,
    reason: refusalOf(vmm, ground, seat),
  }))
  const good = judged.flatMap(({ seat, reason }) => (reason === undefined ? [seat] : []))
  const refused = judged.flatMap(({ seat, reason }) =>
    reason === undefined ? [] : [{ pmu: bare(seat.probed.pmu), reason }],
  )
  const alternatives = [
    ...good.map(seat => alternativeOf(vmm, ground, seat)),
    ...(name === 'tsvmm' ? fixedOf(ground) : []),
  ]
  return {
    vmm: name,
    alternatives,
    notes: [
      ...(good.some(({ isPart }) => isPart) ? [vmm.pinning] : []),
      ...(ground.isAssumed
        ? ['KVM was not asked: it is assumed that it takes these PMUs, as Linux 6.3 and later do.']
        : []),
      ...problemLines(machine.host),
    ],
    ...(alternatives.length === 0 && {
      why: `${vmm.title} can give a guest none of the PMUs of this machine`,
      try: ['tsvmm probe --for tsvmm'],
    }),
    refused,
  }
}

/** Why guests of a VMM cannot have the PMU of a seat: what tsvmm would say that does the same. */
function refusalOf(vmm: ServingVmm, ground: Ground, { probed, cpus }: Seat): string | undefined {
  if (vmm.needsGicV3 && ground.hasGicV3 === false)
    return `${vmm.title} needs a GICv3 for its guests, and KVM of this host has none`
  const decision =
    vmm.selects === 'set-pmu' || cpus.length === 0
      ? decide(ground, cpus.length > 0 ? cpus : ground.cpus, {
          kind: 'named',
          name: probed.pmu.name,
        })
      : decide(ground, cpus, { kind: 'default' })
  return decision.kind === 'refused' ? decision.reason : undefined
}

function alternativeOf(vmm: ServingVmm, ground: Ground, seat: Seat): Alternative {
  const { probed, cpus, isPart } = seat
  const vcpus = Math.min(cpus.length, ground.vcpuLimit)
  const isUnknown = isPart && vmm.selects === 'default' && probed.isDefault === undefined
  return {
    pmu: bare(probed.pmu),
    cores: coresOf(ground.host, { ...probed.pmu, cpus }),
    cpus,
    vcpus,
    counters: probed.counters,
    ...vmm.recipe(seat, vcpus),
    notes: isUnknown
      ? ['whether KVM picks this PMU on these CPUs could not be found out, and is assumed.']
      : [],
  }
}

/** For guests that are to use all CPUs of a machine on which no PMU has them all. */
function fixedOf(ground: Ground): Alternative[] {
  const decision = decide(ground, ground.cpus, { kind: 'fixed' })
  if (decision.kind !== 'fixed' || ground.probe.pmus.length < 2) return []
  const { cpus } = ground
  const vcpus = Math.min(cpus.length, ground.vcpuLimit)
  return [
    {
      cores: [],
      cpus,
      vcpus,
      counters: 0,
      argv: ['tsvmm', 'run', '--pmu=fixed', '--cpus', `${vcpus}`],
      notes: ['For guests that are to use CPUs of every kind.'],
    },
  ]
}

/** Without what a PMU of sysfs has beside it. */
function bare({ name, type, cpus }: HostPmu): HostPmu {
  return { name, type, cpus }
}
