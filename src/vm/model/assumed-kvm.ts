import { TsvmmError } from '../../errors/index.ts'
import type { HostPmu } from '../../host/index.ts'
import { CAPABILITIES, type CapabilityName, type DeviceTypeName } from '../../ioctl/index.ts'
import type { Answer, PmuProbe } from '../../pmu/probe.ts'
import type { KvmFacts } from '../look.ts'

/** What a KVM that is not asked would say. */
export interface AssumedKvm {
  /** Of KVM_CHECK_EXTENSION. */
  readonly capability: (name: CapabilityName) => number
  readonly devices: readonly DeviceTypeName[]
  readonly pmus: PmuProbe
  /** What of it nobody has measured, a sentence each without its full stop. */
  readonly assumed: readonly string[]
}

/** What counts something, on a large host; the others are 1. */
const LARGE: Readonly<Partial<Record<CapabilityName, number>>> = {
  KVM_CAP_NR_MEMSLOTS: 32767,
  KVM_CAP_MAX_VCPUS: 512,
  KVM_CAP_MAX_VCPU_ID: 512,
  KVM_CAP_ARM_VM_IPA_SIZE: 48,
}

/**
 * What the KVM of a machine answered when it was saved, and where it was not asked, what one answers
 * that has all that Linux 7.3 has.
 */
export function assumeKvm(saved: KvmFacts | undefined, pmus: readonly HostPmu[]): AssumedKvm {
  const known = {
    capabilities: good(saved?.capabilities),
    vms: good(saved?.vms),
    pmus: good(saved?.pmus),
  }
  const values = new Map(known.capabilities?.map(({ name, value = 0 }) => [name, value]))
  const large: Readonly<Partial<Record<CapabilityName, number>>> = {
    ...LARGE,
    ...(known.vms && {
      KVM_CAP_MAX_VCPUS: known.vms.maxVcpus,
      KVM_CAP_ARM_VM_IPA_SIZE: known.vms.ipaBits,
    }),
  }
  return {
    capability: name =>
      known.capabilities === undefined ? (large[name] ?? 1) : (values.get(name) ?? 0),
    devices: known.vms?.gics.flatMap(gic => (gic.available ? [gic.device] : [])) ?? GICV3,
    pmus: known.pmus ?? everyWish(pmus),
    assumed: [
      ...(known.capabilities ? [] : [`KVM has all ${COUNT} capabilities that Linux 7.3 knows`]),
      ...(known.vms ? [] : ['KVM gives guests a GICv3 and an ITS, and 512 vCPUs']),
      ...(known.pmus
        ? []
        : ['KVM gives guests each PMU of the host, with 6 event counters, and grants every wish']),
      'KVM_ARM_PREFERRED_TARGET is 5, and MPIDR_EL1 what KVM computes from the number of a vCPU',
      'the CPUs have pages of 4, 16 and 64 KiB, and with SVE vectors of every length',
    ],
  }
}

const COUNT = Object.keys(CAPABILITIES).length

const GICV3: readonly DeviceTypeName[] = ['KVM_DEV_TYPE_ARM_VGIC_V3', 'KVM_DEV_TYPE_ARM_VGIC_ITS']

function good<T>(part: T | TsvmmError | undefined): T | undefined {
  return part instanceof TsvmmError ? undefined : part
}

/** What is in no released kernel is not there. */
function everyWish(pmus: readonly HostPmu[]): PmuProbe {
  const yes: Answer = { call: 'nobody asked', ok: true }
  const no: Answer = { call: 'nobody asked', ok: false, errno: 'ENXIO' }
  return {
    pmuV3: true,
    pmus: pmus.map(pmu => ({ pmu, setPmu: yes, isDefault: yes, counters: 6 })),
    setPmu: yes,
    setNrCounters: yes,
    filter: yes,
    filterEvents: 2 ** 16,
    strict: yes,
    fixedCountersOnly: { is: 'absent', answers: [no] },
    milliseconds: 0,
  }
}
