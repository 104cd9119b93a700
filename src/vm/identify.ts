import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BugError, errnoName, ImageError, SyscallError, TsvmmError } from '../errors/index.ts'
import type { HostPmu } from '../host/index.ts'
import {
  CORE_REGISTERS,
  featureWords,
  SYSTEM_REGISTERS,
  VCPU_ATTRIBUTES,
  xRegister,
  type KvmFd,
  type VcpuFd,
  type VcpuFeatureName,
  type VmFd,
} from '../ioctl/index.ts'
import { onCpus, type NativeMemory, type System } from '../native/index.ts'
import { isRefusedByKvm } from '../pmu/judge.ts'
import { decodePmceid } from '../pmu/pmceid.ts'
import type { Answer, PmuProbe, ProbedPmu } from '../pmu/probe.ts'
import { decodeExit } from '../vcpu/exit.ts'
import { createVm, DEFAULT_IPA_BITS, ipaLimit } from './create-vm.ts'
import { RAM_BASE, RAM_STEP } from './memory-map.ts'

/** What a guest with a PMU of the host sees of it: plain data. */
export interface GuestView {
  readonly pmu: HostPmu
  /** Whether a guest could be asked, and if not, why. */
  readonly answer: Answer
  /** ID_AA64DFR0_EL1.PMUVer. */
  readonly pmuVer?: number | undefined
  /** What the guest read, as hexadecimal strings; PMMIR_EL1 from PMUv3 for Armv8.4 on. */
  readonly registers?: Readonly<Record<string, string>> | undefined
  /** The common events that PMCEID0_EL0 and PMCEID1_EL0 name, in order. */
  readonly events?: readonly number[] | undefined
}

/** What it takes to ask, and what KVM said before. */
export interface Identifying {
  readonly system: System
  readonly kvm: KvmFd
  readonly probe: PmuProbe
}

/** The guest is done after a dozen instructions; an emulated host may take a while to get there. */
const PATIENCE_MS = 5000

const IMAGE = new URL('../../guests/build/identify.flat', import.meta.url)

/**
 * Lets a guest with each PMU of the host say what it sees of it, on VMs that are gone afterwards:
 * PMCEID0_EL0 and PMCEID1_EL0 cannot be read from outside. As `tsvmm run`, with STRICT where the
 * kernel has it, since that changes what a guest sees. What goes wrong is the answer for that PMU.
 *
 * @throws {SyscallError} it could not be found out which CPUs this process may use
 * @throws {ImageError} the guest is not there
 * @see arch/arm64/kvm/pmu-emul.c, kvm_pmu_get_pmceid() (v7.3)
 */
export function identifyPmus(given: Identifying): GuestView[] {
  const { system } = given
  const ours = system.getAffinity(0)
  if (typeof ours === 'number') throw new SyscallError('sched_getaffinity', -ours)
  const image = readImage()
  return given.probe.pmus.map(probed => {
    const { pmu } = probed
    const cpus = pmu.cpus.filter(cpu => ours.includes(cpu))
    const obstacle = obstacleTo(given.probe, probed, cpus)
    return { pmu, ...(obstacle ? { answer: obstacle } : view(given, pmu, cpus, image)) }
  })
}

function readImage(): Uint8Array {
  try {
    return readFileSync(IMAGE)
  } catch (cause) {
    throw new ImageError('UNREADABLE', `cannot read ${fileURLToPath(IMAGE)}`, {
      why: 'it is part of tsvmm: the installation is not complete',
      cause,
    })
  }
}

function obstacleTo(
  probe: PmuProbe,
  probed: ProbedPmu,
  cpus: readonly number[],
): Answer | undefined {
  if (!probe.pmuV3 || probe.unasked || isRefusedByKvm({ probe }, probed)) return probed.setPmu
  if (cpus.length > 0) return undefined
  return { call: callOn(probed.pmu), ok: false, meaning: 'this process may not use any CPU of it' }
}

function callOn(pmu: HostPmu): string {
  return `KVM_RUN on a CPU of ${pmu.name}`
}

function view(
  { system, kvm, probe }: Identifying,
  pmu: HostPmu,
  cpus: readonly number[],
  image: Uint8Array,
): Omit<GuestView, 'pmu'> {
  const call = callOn(pmu)
  try {
    using vm = createVm(kvm, Math.min(DEFAULT_IPA_BITS, ipaLimit(kvm)))
    using ram = mapRam(system, image)
    vm.setUserMemoryRegion({
      slot: 0,
      guest_phys_addr: RAM_BASE,
      memory_size: BigInt(ram.byteLength),
      userspace_addr: ram.address,
    })
    using vcpu = vm.createVcpu(0)
    onCpus(system, cpus, () => prepare(vm, vcpu, probe, pmu))
    using run = vcpu.mmapRun(kvm.getVcpuMmapSize())
    const pmuVer = readPmuVer(vcpu)
    const problem = runToItsEnd(system, vcpu, run, cpus)
    if (problem !== undefined) return { answer: { call, ok: false, meaning: problem }, pmuVer }
    return { answer: { call, ok: true }, pmuVer, ...read(vcpu, pmuVer) }
  } catch (error) {
    if (!(error instanceof TsvmmError) || error instanceof BugError) throw error
    return { answer: { call, ok: false, meaning: error.message } }
  }
}

function mapRam(system: System, image: Uint8Array): NativeMemory {
  const ram = system.mmap({ length: RAM_STEP })
  if (typeof ram === 'number') throw new SyscallError('mmap', -ram)
  ram.writeBytes(0, image)
  return ram
}

/** Without an interrupt controller: KVM wants no interrupt of the PMU then. */
function prepare(vm: VmFd, vcpu: VcpuFd, probe: PmuProbe, pmu: HostPmu): void {
  const { KVM_ARM_VCPU_PMU_V3_SET_PMU: setPmu, KVM_ARM_VCPU_PMU_V3_INIT: init } = VCPU_ATTRIBUTES
  const features: VcpuFeatureName[] = ['KVM_ARM_VCPU_PSCI_0_2', 'KVM_ARM_VCPU_PMU_V3']
  if (probe.strict.ok) features.push('KVM_ARM_VCPU_PMU_V3_STRICT')
  vcpu.init({ target: vm.armPreferredTarget().target, features: featureWords(features) })
  // A kernel without it gives a guest the only PMU there is.
  if (probe.setPmu.ok) vcpu.setDeviceAttr(setPmu, pmu.type)
  vcpu.setDeviceAttr(init)
  vcpu.setOneReg(CORE_REGISTERS.PC(), RAM_BASE)
}

/** @returns what went wrong, if anything did */
function runToItsEnd(
  system: System,
  { fd }: VcpuFd,
  run: NativeMemory,
  cpus: readonly number[],
): string | undefined {
  const timeoutMs = PATIENCE_MS
  const result = system.runOnce({ fd, runAddress: run.address, cpus, timeoutMs })
  if (result < 0 && errnoName(-result) === 'EINTR')
    return `the guest did not answer within ${PATIENCE_MS / 1000} s`
  if (result < 0) return new SyscallError('KVM_RUN', -result).message
  const exit = decodeExit(run)
  if (exit.kind === 'system-event' && exit.event === 'shutdown') return undefined
  return `the guest came back with ${exit.kind}`
}

/** PMUVer, bits 11 to 8. Arm DDI 0487, ID_AA64DFR0_EL1. */
function readPmuVer(vcpu: VcpuFd): number {
  return Number((vcpu.getOneReg(SYSTEM_REGISTERS.ID_AA64DFR0_EL1) >> 8n) & 0xfn)
}

/** PMUv3 for Armv8.4: from there on there is PMMIR_EL1. */
const PMUVER_WITH_PMMIR = 5

/** What guests/identify.S leaves behind. */
function read(vcpu: VcpuFd, pmuVer: number): Pick<GuestView, 'registers' | 'events'> {
  const register = (n: number) => vcpu.getOneReg(xRegister(n))
  const pmceid0 = register(19)
  const pmceid1 = register(20)
  return {
    registers: {
      PMCEID0_EL0: hex(pmceid0),
      PMCEID1_EL0: hex(pmceid1),
      PMCR_EL0: hex(register(21)),
      ...(pmuVer >= PMUVER_WITH_PMMIR && { PMMIR_EL1: hex(register(22)) }),
    },
    events: decodePmceid(pmceid0, pmceid1),
  }
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
