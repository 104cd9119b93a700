import { CAPABILITIES, KvmFd } from '../../dist/ioctl/index.js'
import { decodePmceid } from '../../dist/pmu/pmceid.js'
import { cpuList } from './files.mjs'

const CTRL = 'KVM_ARM_VCPU_PMU_V3_CTRL'
const MAX_VCPUS = { GICv2: 8, GICv3: 512 }

/** What KVM knows of guests' PMUs: v3p5 at the most. */
const NEWEST_PMU = 6

/** PMMIR_EL1 came with the PMU of Armv8.4. */
const PMU_OF_ARMV8_4 = 5

/** STALL_SLOT and its kind, which KVM hides without STRICT. */
const STALL_SLOT = 0xe0000000n

/** Other values than 1, which most capabilities have. */
const VALUES = {
  KVM_CAP_NR_MEMSLOTS: 32767,
  KVM_CAP_IRQ_ROUTING: 4096,
  KVM_CAP_GUEST_DEBUG_HW_BPS: 6,
  KVM_CAP_GUEST_DEBUG_HW_WPS: 4,
  KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: 3,
  KVM_CAP_SET_GUEST_DEBUG2: 0x30003,
  KVM_CAP_DIRTY_LOG_RING_ACQ_REL: 2 ** 20,
  // Blocks of 4 KiB, 2 MiB and 1 GiB.
  KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES: 0x40201000,
}

/** Those which take hardware, a mode or a kernel that most do not have. */
const ABSENT = [
  'KVM_CAP_ARM_EL1_32BIT',
  'KVM_CAP_VM_ATTRIBUTES',
  'KVM_CAP_MSI_DEVID',
  'KVM_CAP_ARM_SVE',
  'KVM_CAP_ARM_PTRAUTH_ADDRESS',
  'KVM_CAP_ARM_PTRAUTH_GENERIC',
  'KVM_CAP_DIRTY_LOG_RING',
  'KVM_CAP_ARM_MTE',
  'KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE',
  'KVM_CAP_MEMORY_ATTRIBUTES',
  'KVM_CAP_GUEST_MEMFD',
  'KVM_CAP_ARM_WRITABLE_IMP_ID_REGS',
  'KVM_CAP_ARM_EL2',
  'KVM_CAP_ARM_EL2_E2H0',
  'KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED',
  'KVM_CAP_GUEST_MEMFD_FLAGS',
  'KVM_CAP_ARM_SEA_TO_USER',
  'KVM_CAP_ARM_PMU_V3_STRICT',
]

/** What tsvmm says where there is no /dev/kvm. */
export const NO_KVM = failureOf(() => KvmFd.open({ open: () => -2 }))

function failureOf(action) {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

/** What KVM of Linux 6.12 to 6.15 answers on the machine: `KvmFacts`. */
export function kvmOf({ groups, pmus, kvm }) {
  const online = groups.flatMap(({ cpus }) => cpuList(cpus)).length
  const vms = vmsOf(kvm, online)
  return {
    apiVersion: 12,
    pmus: pmuProbe(pmus),
    guests: pmus.flatMap(pmu => (pmu.core.pmceid ? [guestWith(pmu)] : [])),
    capabilities: capabilities({
      KVM_CAP_NR_VCPUS: vms.recommendedVcpus,
      KVM_CAP_MAX_VCPUS: vms.maxVcpus,
      KVM_CAP_MAX_VCPU_ID: vms.maxVcpus,
      KVM_CAP_ARM_VM_IPA_SIZE: vms.ipaBits,
      ...kvm.capabilities,
    }),
    vms,
  }
}

function vmsOf({ ipaBits, gics }, online) {
  const maxVcpus = Math.max(...gics.map(name => MAX_VCPUS[name]))
  const gic = (name, device, needs = name) => {
    const available = gics.includes(needs)
    const withLimit = available && name === needs
    return { name, device, available, ...(withLimit && { maxVcpus: MAX_VCPUS[name] }) }
  }
  return {
    ipaBits,
    maxVcpus,
    recommendedVcpus: Math.min(online, maxVcpus),
    gics: [
      gic('GICv2', 'KVM_DEV_TYPE_ARM_VGIC_V2'),
      gic('GICv3', 'KVM_DEV_TYPE_ARM_VGIC_V3'),
      gic('ITS', 'KVM_DEV_TYPE_ARM_VGIC_ITS', 'GICv3'),
      gic('GICv5', 'KVM_DEV_TYPE_ARM_VGIC_V5'),
    ],
  }
}

function capabilities(ofMachine) {
  const values = { ...VALUES, ...Object.fromEntries(ABSENT.map(name => [name, 0])), ...ofMachine }
  return Object.entries(CAPABILITIES).map(([name, number]) => ({
    name,
    number,
    value: values[name] ?? 1,
    ofVm: name === 'KVM_CAP_MSI_DEVID',
  }))
}

function pmuProbe(pmus) {
  const isOld = pmus.some(({ core }) => core.pmuVer < 4)
  return {
    pmuV3: true,
    strict: {
      call: 'KVM_CHECK_EXTENSION KVM_CAP_ARM_PMU_V3_STRICT',
      ok: false,
      meaning: 'this kernel does not have it: it came with Linux 7.3',
    },
    setPmu: { call: `KVM_HAS_DEVICE_ATTR ${CTRL}/SET_PMU`, ok: true },
    setNrCounters: missing('SET_NR_COUNTERS'),
    filterEvents: isOld ? 1024 : 65536,
    fixedCountersOnly: { is: 'absent', answers: [missing('FIXED_COUNTERS_ONLY')] },
    pmus: pmus.map(pmu => ({
      pmu: hostPmu(pmu),
      setPmu: { call: `KVM_SET_DEVICE_ATTR ${CTRL}/SET_PMU (type ${pmu.type})`, ok: true },
      counters: pmu.core.counters,
      isDefault: { call: `KVM_ARM_VCPU_INIT on a CPU of ${pmu.name}`, ok: true },
    })),
    filter: { call: `KVM_SET_DEVICE_ATTR ${CTRL}/FILTER (event 0)`, ok: true },
    milliseconds: 0,
  }
}

function missing(attribute) {
  const meaning = 'this kernel does not have the attribute'
  return { call: `KVM_HAS_DEVICE_ATTR ${CTRL}/${attribute}`, ok: false, errno: 'ENXIO', meaning }
}

function hostPmu({ name, type, cpus }) {
  return { name, type, cpus: cpuList(cpus) }
}

/** PMCR_EL0.LC is 1 where no guest can have AArch32. */
function guestWith(pmu) {
  const { counters, pmuVer, pmceid, aarch32 } = pmu.core
  const seen = [pmceid[0], pmceid[1] & ~STALL_SLOT]
  const version = Math.min(pmuVer, NEWEST_PMU)
  const hex = value => `0x${value.toString(16)}`
  return {
    pmu: hostPmu(pmu),
    answer: { call: `KVM_RUN on a CPU of ${pmu.name}`, ok: true },
    pmuVer: version,
    registers: {
      PMCEID0_EL0: hex(seen[0]),
      PMCEID1_EL0: hex(seen[1]),
      PMCR_EL0: hex((counters << 11) | (aarch32 ? 0 : 0x40)),
      ...(version >= PMU_OF_ARMV8_4 && { PMMIR_EL1: '0x0' }),
    },
    events: decodePmceid(...seen),
  }
}
