import { IoctlError } from '../errors/index.ts'
import type { HostPmu } from '../host/index.ts'
import {
  attributeLabel,
  featureWords,
  SYSTEM_REGISTERS,
  VCPU_ATTRIBUTES,
  type KvmFd,
  type VcpuFd,
  type VcpuFeatureName,
  type VmFd,
} from '../ioctl/index.ts'

/** One question to the kernel and its answer. */
export interface Answer {
  /** What was asked: `KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU (type 11)`. */
  readonly call: string
  readonly ok: boolean
  /** The errno's name, where there was one. */
  readonly errno?: string | undefined
  /** What that means, where it is known. */
  readonly meaning?: string | undefined
}

/** What KVM says of one PMU of the host, on a VM of its own. */
export interface ProbedPmu {
  readonly pmu: HostPmu
  readonly setPmu: Answer
  /**
   * Whether it is what KVM picks by itself for a VM made on one of its CPUs: not on kernels before
   * 6.3, which pick one for the whole host. Unknown where this process may not go there.
   */
  readonly isDefault?: Answer | undefined
  /** Event counters a guest has with it, the cycle counter apart: PMCR_EL0.N. */
  readonly counters?: number | undefined
  /** SET_NR_COUNTERS with the most the PMU has, and with one more: where the kernel has it. */
  readonly setNrCounters?: { readonly most: Answer; readonly beyond: Answer } | undefined
}

/** Whether attribute 5 is KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY: the number is contested. */
export type FixedCountersOnly =
  | { readonly is: 'available'; readonly answers: readonly Answer[] }
  | { readonly is: 'absent'; readonly answers: readonly Answer[] }
  | { readonly is: 'something-else'; readonly answers: readonly Answer[] }

/** What KVM of this host can do for a guest's PMU: plain data. */
export interface PmuProbe {
  /** KVM_CAP_ARM_PMU_V3. */
  readonly pmuV3: boolean
  /** Nothing was asked of KVM, since this process may not be where it can be asked. */
  readonly unasked?: boolean | undefined
  readonly pmus: readonly ProbedPmu[]
  /** Whether the kernel has the attribute at all. */
  readonly setPmu: Answer
  readonly setNrCounters: Answer
  /** Whether a filter was taken, not only whether the attribute is there. */
  readonly filter: Answer
  /** Events a filter may name: 1024 with a PMUv3 for Armv8.0, 65536 from Armv8.1 on. */
  readonly filterEvents?: number | undefined
  /** KVM_ARM_VCPU_PMU_V3_STRICT: the capability, and a KVM_ARM_VCPU_INIT with the feature. */
  readonly strict: Answer
  readonly fixedCountersOnly: FixedCountersOnly
  /** How long all of it took. */
  readonly milliseconds: number
}

/** What there is to probe, and with what. */
export interface PmuProbing {
  readonly kvm: KvmFd
  /** The caller's way of making a VM; one per candidate is asked for and closed again. */
  readonly createVm: () => VmFd
  readonly pmus: readonly HostPmu[]
  /** Does something on a CPU of a PMU, or elsewhere if that cannot be, and says which it is. */
  readonly onCpuOf: <T>(pmu: HostPmu, action: (isThere: boolean) => T) => T
}

/**
 * Asks KVM what PMU a guest can have, on VMs that are made for the question and gone afterwards,
 * one per candidate: what one attribute did to a VM says nothing about the next VM then, whichever
 * of the kernel's rules (last one wins, or EBUSY) hold. Costs 8 ioctls per PMU and 15 more.
 *
 * The calling thread must be on a CPU that has a PMU (see `onCpus`): KVM_ARM_VCPU_INIT fails with
 * ENODEV elsewhere, and every answer would be that.
 *
 * @throws {@link IoctlError} no VM or vCPU could be had; what is refused later is an answer
 * @see Documentation/virt/kvm/devices/vcpu.rst 1 (v7.3)
 */
export function probePmus({ kvm, createVm, pmus, onCpuOf }: PmuProbing): PmuProbe {
  // Not by `performance`, which Node loads when asked for: docs/architecture.md, "Start-up".
  const start = process.hrtime.bigint()
  const took = () => ({ milliseconds: Number((process.hrtime.bigint() - start) / 100_000n) / 10 })
  const pmuV3 = kvm.checkExtension('KVM_CAP_ARM_PMU_V3') > 0
  if (!pmuV3) return { ...unprobed(pmus, NO_PMU_V3), pmuV3, ...took() }

  let target: number | undefined
  const onScratch = <T>(features: readonly VcpuFeatureName[], ask: (vcpu: VcpuFd) => T): T => {
    using vm = createVm()
    using vcpu = vm.createVcpu(0)
    target ??= vm.armPreferredTarget().target
    vcpu.init({ target, features: featureWords(features) })
    return ask(vcpu)
  }
  const strict = probeStrict(kvm, () =>
    onScratch([...FEATURES, 'KVM_ARM_VCPU_PMU_V3_STRICT'], () => undefined),
  )
  const base = onScratch(FEATURES, vcpu => ({
    setPmu: hasAttribute(vcpu, 'SET_PMU'),
    setNrCounters: hasAttribute(vcpu, 'SET_NR_COUNTERS'),
    filterEvents: filterEvents(vcpu),
    fixedCountersOnly: probeFixedCountersOnly(vcpu),
  }))
  const filters: Answer[] = []
  const probeCandidate = (pmu: HostPmu, isThere: boolean): ProbedPmu => {
    const hasNrCounters = base.setNrCounters.ok
    const ask = () => onScratch(FEATURES, vcpu => probeOne(vcpu, pmu, hasNrCounters))
    if (!isThere) return ask()
    let filter: Answer | undefined
    const filtered = onScratch(FEATURES, vcpu => {
      filters.push((filter = probeFilter(vcpu)))
      return probeOne(vcpu, pmu, hasNrCounters)
    })
    if (filtered.setPmu.errno === 'EBUSY') return { ...ask(), isDefault: pick(pmu, false) }
    const isKnown = filtered.setPmu.ok && filter?.ok
    return { ...filtered, isDefault: isKnown ? pick(pmu, true) : undefined }
  }
  const probed = pmus.map(pmu => onCpuOf(pmu, isThere => probeCandidate(pmu, isThere)))
  return { pmuV3, strict, ...base, pmus: probed, filter: filters[0] ?? NO_PMU_TO_FILTER, ...took() }
}

/** A VM with a filter takes no other PMU than it has (EBUSY): that is how its default is found out. */
function pick(pmu: HostPmu, isThis: boolean): Answer {
  const call = `KVM_ARM_VCPU_INIT on a CPU of ${pmu.name}`
  if (isThis) return { call, ok: true }
  return {
    call,
    ok: false,
    errno: 'EBUSY',
    meaning: 'KVM picked another PMU there: with a filter in place it refused this one',
  }
}

const NO_PMU_TO_FILTER: Answer = {
  call: 'KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/FILTER',
  ok: false,
  meaning: 'there is no PMU to filter the events of',
}

const FEATURES: readonly VcpuFeatureName[] = ['KVM_ARM_VCPU_PSCI_0_2', 'KVM_ARM_VCPU_PMU_V3']

/** A kernel can have a PMU for itself and none for guests. */
const NO_PMU_V3: Answer = {
  call: 'KVM_CHECK_EXTENSION KVM_CAP_ARM_PMU_V3',
  ok: false,
  meaning: 'KVM of this host has no PMU for guests',
}

/** What a probe says where nothing could be asked, and why: `answer`. */
export function unprobed(pmus: readonly HostPmu[], answer: Answer): PmuProbe {
  return {
    pmuV3: true,
    pmus: pmus.map(pmu => ({ pmu, setPmu: answer })),
    setPmu: answer,
    setNrCounters: answer,
    filter: answer,
    strict: answer,
    fixedCountersOnly: { is: 'absent', answers: [answer] },
    milliseconds: 0,
  }
}

function probeOne(vcpu: VcpuFd, pmu: HostPmu, hasNrCounters: boolean): ProbedPmu {
  const { KVM_ARM_VCPU_PMU_V3_SET_PMU: setPmu, KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS: setNr } =
    VCPU_ATTRIBUTES
  const selected = answer(setCall(setPmu, `type ${pmu.type}`), () =>
    vcpu.setDeviceAttr(setPmu, pmu.type),
  )
  if (!selected.ok) return { pmu, setPmu: selected }
  const counters = eventCounters(vcpu)
  const ask = (count: number) =>
    answer(setCall(setNr, `counters ${count}`), () => vcpu.setDeviceAttr(setNr, count))
  return {
    pmu,
    setPmu: selected,
    counters,
    setNrCounters: hasNrCounters ? { most: ask(counters), beyond: ask(counters + 1) } : undefined,
  }
}

/** PMCR_EL0.N, bits 15 to 11. Arm DDI 0487, D19.5. */
function eventCounters(vcpu: VcpuFd): number {
  return Number((vcpu.getOneReg(SYSTEM_REGISTERS.PMCR_EL0) >> 11n) & 0x1fn)
}

/** From the guest's ID_AA64DFR0_EL1.PMUVer, which is 1 for the PMUv3 of Armv8.0. */
function filterEvents(vcpu: VcpuFd): number {
  const version = (vcpu.getOneReg(SYSTEM_REGISTERS.ID_AA64DFR0_EL1) >> 8n) & 0xfn
  return version === 1n ? 2 ** 10 : 2 ** 16
}

/** SW_INCR, since no filter changes anything for it. */
function probeFilter(vcpu: VcpuFd): Answer {
  const { KVM_ARM_VCPU_PMU_V3_FILTER: filter } = VCPU_ATTRIBUTES
  return answer(setCall(filter, 'event 0'), () =>
    vcpu.setDeviceAttr(filter, { base_event: 0, nevents: 1, action: 1 }),
  )
}

function probeStrict(kvm: KvmFd, initialize: () => void): Answer {
  if (kvm.checkExtension('KVM_CAP_ARM_PMU_V3_STRICT') === 0)
    return {
      call: 'KVM_CHECK_EXTENSION KVM_CAP_ARM_PMU_V3_STRICT',
      ok: false,
      meaning: 'this kernel does not have it: it came with Linux 7.3',
    }
  return answer('KVM_ARM_VCPU_INIT with KVM_ARM_VCPU_PMU_V3_STRICT', initialize)
}

/**
 * FIXED_COUNTERS_ONLY takes no payload and can be read back. What else was proposed for the number
 * (KVM_ARM_VCPU_PMU_V3_ENABLE_PARTITION) wants a pointer, EFAULT without, and cannot be read.
 */
function probeFixedCountersOnly(vcpu: VcpuFd): FixedCountersOnly {
  const { KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY: fixed } = VCPU_ATTRIBUTES
  const has = hasAttribute(vcpu, 'FIXED_COUNTERS_ONLY')
  if (!has.ok) return { is: 'absent', answers: [has] }
  const set = answer(setCall(fixed), () => vcpu.setDeviceAttr(fixed))
  const get = answer(`KVM_GET_DEVICE_ATTR ${attributeLabel(fixed)}`, () =>
    vcpu.getDeviceAttr(fixed),
  )
  return { is: set.ok && get.ok ? 'available' : 'something-else', answers: [has, set, get] }
}

function hasAttribute(
  vcpu: VcpuFd,
  name: 'SET_PMU' | 'SET_NR_COUNTERS' | 'FIXED_COUNTERS_ONLY',
): Answer {
  const attribute = VCPU_ATTRIBUTES[`KVM_ARM_VCPU_PMU_V3_${name}`]
  const call = `KVM_HAS_DEVICE_ATTR ${attributeLabel(attribute)}`
  try {
    if (vcpu.hasDeviceAttr(attribute)) return { call, ok: true }
  } catch (error) {
    return refusal(call, error)
  }
  return { call, ok: false, errno: 'ENXIO', meaning: 'this kernel does not have the attribute' }
}

function setCall(attribute: Parameters<typeof attributeLabel>[0], argument?: string): string {
  const call = `KVM_SET_DEVICE_ATTR ${attributeLabel(attribute)}`
  return argument === undefined ? call : `${call} (${argument})`
}

function answer(call: string, ask: () => void): Answer {
  try {
    ask()
    return { call, ok: true }
  } catch (error) {
    return refusal(call, error)
  }
}

function refusal(call: string, error: unknown): Answer {
  if (!(error instanceof IoctlError)) throw error
  return { call, ok: false, errno: error.errnoName, meaning: error.why }
}
