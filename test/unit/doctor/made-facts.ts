import { describeHost } from '../../../src/host/index.ts'
import type { DoctorFacts } from '../../../src/doctor/facts.ts'
import { CAPABILITIES, type CapabilityName } from '../../../src/ioctl/index.ts'
import type { Answer, PmuProbe } from '../../../src/pmu/probe.ts'
import type { Capability, KvmFacts, VmFacts } from '../../../src/vm/look.ts'
import { GRAVITON3, RK3399 } from '../host/machines.ts'
import { madeSys } from '../host/made-tree.ts'

export const yes: Answer = { call: 'asked', ok: true }
export const no: Answer = { call: 'asked', ok: false, errno: 'ENXIO', meaning: 'it does not' }

/** Of a plain 6.12 on which guests can have everything it has. */
const HAS: Partial<Record<CapabilityName, number>> = {
  KVM_CAP_ARM_PMU_V3: 1,
  KVM_CAP_VCPU_ATTRIBUTES: 1,
  KVM_CAP_IMMEDIATE_EXIT: 1,
  KVM_CAP_ARM_VM_IPA_SIZE: 48,
  KVM_CAP_ARM_NISV_TO_USER: 1,
  KVM_CAP_STEAL_TIME: 1,
  KVM_CAP_ARM_SYSTEM_SUSPEND: 1,
  KVM_CAP_COUNTER_OFFSET: 1,
  KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES: 1,
  KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES: 1,
}

export function capabilities(changed: Partial<Record<CapabilityName, number>> = {}): Capability[] {
  const values = { ...HAS, ...changed }
  return Object.entries(CAPABILITIES).map(([key, number]) => {
    const name = key as CapabilityName
    return { name, number, value: values[name] ?? 0, ofVm: false }
  })
}

export function vms(changed: Partial<VmFacts> = {}): VmFacts {
  return {
    ipaBits: 48,
    maxVcpus: 512,
    recommendedVcpus: 2,
    gics: gics('GICv3', 'ITS'),
    ...changed,
  }
}

export function gics(...available: string[]): VmFacts['gics'] {
  return ['GICv2', 'GICv3', 'ITS', 'GICv5'].map(name => ({
    name,
    device: 'KVM_DEV_TYPE_ARM_VGIC_V3',
    available: available.includes(name),
  }))
}

export function probe(changed: Partial<PmuProbe> = {}): PmuProbe {
  return {
    pmuV3: true,
    pmus: [{ pmu: { name: 'armv8_pmuv3_0', type: 9, cpus: [0, 1] }, setPmu: yes, counters: 6 }],
    setPmu: yes,
    setNrCounters: no,
    filter: yes,
    strict: no,
    fixedCountersOnly: { is: 'absent', answers: [no] },
    milliseconds: 1,
    ...changed,
  }
}

export function kvm(changed: Partial<KvmFacts> = {}): KvmFacts {
  return { apiVersion: 12, pmus: probe(), capabilities: capabilities(), vms: vms(), ...changed }
}

/** A server on which all is well, changed. */
export function facts(changed: Partial<DoctorFacts> = {}): DoctorFacts {
  return {
    arch: 'arm64',
    nodeVersion: '20.20.2',
    native: { backend: 'as a module of Node' },
    kernel: {
      release: '6.12.107-arm64',
      version: [6, 12],
      commandLine: 'quiet',
      isBuiltWithKvm: undefined,
    },
    level: 'el2',
    kvmMessages: undefined,
    surroundings: { container: undefined, vm: undefined },
    device: {
      isRegistered: true,
      node: { isKvm: true, mode: 0o660, uid: 0, gid: 104, owner: 'root', group: 'kvm' },
      opening: 'ok',
      user: { uid: 1000, gids: [1000, 104], name: 'me', listedIn: [104] },
    },
    host: describeHost(madeSys(GRAVITON3), [0, 1]),
    kvm: kvm(),
    memory: {
      totalMib: 8000,
      availableMib: 4000,
      limitMib: undefined,
      hugePages: { total: 0, free: 0, sizeKib: 2048 },
      transparent: 'madvise',
    },
    settings: {
      perfEventParanoid: 2,
      nmiWatchdog: 0,
      perfUserAccess: undefined,
      openFiles: 1024,
    },
    ...changed,
  }
}

/** A board with two kinds of core. */
export function board(changed: Partial<PmuProbe> = {}): DoctorFacts {
  const pmus = probe({
    pmus: [
      { pmu: { name: 'armv8_cortex_a53', type: 8, cpus: [0, 1, 2, 3] }, setPmu: yes, counters: 6 },
      { pmu: { name: 'armv8_cortex_a72', type: 7, cpus: [4, 5] }, setPmu: yes, counters: 6 },
    ],
    ...changed,
  })
  return facts({
    host: describeHost(madeSys(RK3399), [0, 1, 2, 3, 4, 5]),
    kvm: kvm({ pmus }),
  })
}
