import { constants } from 'node:os'
import { kvm_pmu_event_filter, VCPU_ATTRIBUTES } from '../../ioctl/index.ts'
import type { NativeMemory } from '../../native/index.ts'
import type { Answer, PmuProbe, ProbedPmu } from '../../pmu/probe.ts'

const { EFAULT, EINVAL, EBUSY, ENOENT, ENXIO } = constants.errno

/** What a VM has been told of its PMU. */
export interface VmPmu {
  selected: ProbedPmu | undefined
  filtered: boolean
}

/** A device attribute of KVM_ARM_VCPU_PMU_V3_CTRL and what is at its address. */
interface PmuAttribute {
  readonly attr: bigint
  /** Where its payload is. */
  readonly memory: NativeMemory
  readonly at: number
}

type Handler = (vm: VmPmu, attribute: PmuAttribute) => number

/** KVM's PMU as a probe found it: the same questions have the same answers. */
export class PmuModel {
  readonly #probe: PmuProbe
  readonly #set: ReadonlyMap<bigint, Handler>

  constructor(probe: PmuProbe) {
    const { fixedCountersOnly: fixed } = probe
    const attribute = VCPU_ATTRIBUTES
    this.#probe = probe
    this.#set = new Map<bigint, Handler>([
      [
        attribute.KVM_ARM_VCPU_PMU_V3_SET_PMU.attr,
        (vm, { memory, at }) => this.#select(vm, memory.readI32(at)),
      ],
      [
        attribute.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS.attr,
        (vm, { memory, at }) => this.#limit(vm, memory.readU32(at)),
      ],
      [
        attribute.KVM_ARM_VCPU_PMU_V3_FILTER.attr,
        (vm, { memory, at }) => this.#filter(vm, memory, at),
      ],
      [
        attribute.KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY.attr,
        () => (fixed.is === 'available' ? 0 : -(fixed.is === 'absent' ? ENXIO : EFAULT)),
      ],
    ])
  }

  /** KVM_SET_DEVICE_ATTR. */
  set(vm: VmPmu, attribute: PmuAttribute): number {
    return this.#set.get(attribute.attr)?.(vm, attribute) ?? 0
  }

  /** KVM_HAS_DEVICE_ATTR. */
  has(attr: bigint): number {
    const { setPmu, setNrCounters, fixedCountersOnly } = this.#probe
    const attribute = VCPU_ATTRIBUTES
    if (attr === attribute.KVM_ARM_VCPU_PMU_V3_SET_PMU.attr) return resultOf(setPmu)
    if (attr === attribute.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS.attr) return resultOf(setNrCounters)
    if (attr === attribute.KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY.attr)
      return fixedCountersOnly.is === 'absent' ? -ENXIO : 0
    return 0
  }

  /** KVM_GET_DEVICE_ATTR: only FIXED_COUNTERS_ONLY can be read back. */
  get(attr: bigint): number {
    const { attr: fixed } = VCPU_ATTRIBUTES.KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY
    return attr !== fixed || this.#probe.fixedCountersOnly.is === 'available' ? 0 : -ENXIO
  }

  /** KVM_ARM_VCPU_INIT with the feature, on one of these CPUs. */
  initialize(vm: VmPmu, cpus: readonly number[], isStrict: boolean): number {
    const { pmuV3, strict, pmus } = this.#probe
    if (!pmuV3) return -EINVAL
    if (isStrict && !strict.ok) return resultOf(strict, ENOENT)
    vm.selected ??= pmus.find(({ pmu }) => pmu.cpus.includes(cpus[0] ?? 0))
    return 0
  }

  /** PMCR_EL0, of which only N is known. Arm DDI 0487, D19.5. */
  pmcr({ selected }: VmPmu): bigint {
    return BigInt(selected?.counters ?? 0) << 11n
  }

  /** ID_AA64DFR0_EL1.PMUVer: 1 for the PMUv3 of Armv8.0, 4 for that of Armv8.1. */
  get idAa64dfr0(): bigint {
    const { filterEvents = 0 } = this.#probe
    if (filterEvents === 0) return 0n
    return (filterEvents === 2 ** 10 ? 1n : 4n) << 8n
  }

  /** A VM with a filter keeps the PMU it has: so it is found out what KVM picks by itself. */
  #select(vm: VmPmu, type: number): number {
    const probed = this.#probe.pmus.find(({ pmu }) => pmu.type === type)
    if (probed === undefined) return -ENXIO
    if (!probed.setPmu.ok) return resultOf(probed.setPmu)
    if (vm.filtered && probed.isDefault?.ok !== true) return -EBUSY
    vm.selected = probed
    return 0
  }

  #limit(vm: VmPmu, count: number): number {
    if (!this.#probe.setNrCounters.ok) return resultOf(this.#probe.setNrCounters)
    return count > (vm.selected?.counters ?? 0) ? -EINVAL : 0
  }

  #filter(vm: VmPmu, memory: NativeMemory, at: number): number {
    const { filter, filterEvents = 0 } = this.#probe
    const { base_event, nevents } = kvm_pmu_event_filter.decode(memory, at)
    if (!filter.ok) return resultOf(filter)
    if (base_event + nevents > filterEvents) return -EINVAL
    vm.filtered = true
    return 0
  }
}

/** What the kernel returned when it gave that answer. */
function resultOf({ ok, errno }: Answer, otherwise = ENXIO): number {
  if (ok) return 0
  return -((constants.errno as Readonly<Record<string, number>>)[errno ?? ''] ?? otherwise)
}
