import { attempt, IoctlError, type TsvmmError } from '../errors/index.ts'
import {
  CAPABILITIES,
  KVM_API_VERSION,
  type CapabilityName,
  type DeviceTypeName,
  type KvmFd,
  type VmFd,
} from '../ioctl/index.ts'
import { native } from '../native/index.ts'
import type { PmuProbe } from '../pmu/probe.ts'
import { createVm, DEFAULT_IPA_BITS, ipaLimit } from './create-vm.ts'
import { identifyPmus, type GuestView } from './identify.ts'
import { openKvm, requireArm64 } from './open-kvm.ts'
import { probeWith } from './probe-host.ts'

/** What can be asked of KVM. */
export type KvmPart = 'pmus' | 'guests' | 'capabilities' | 'vms'

/** What KVM of this host said, and of parts that could not be had, why: plain data. */
export interface KvmFacts {
  readonly apiVersion: number
  readonly pmus?: PmuProbe | TsvmmError
  /** What guests see of each PMU. */
  readonly guests?: readonly GuestView[] | TsvmmError
  readonly capabilities?: readonly Capability[] | TsvmmError
  readonly vms?: VmFacts | TsvmmError
}

/** A capability and its value: 0 for no, else 1 or what it counts. */
export interface Capability {
  readonly name: CapabilityName
  readonly number: number
  /** Undefined if KVM answered with an errno wherever it was asked. */
  readonly value: number | undefined
  readonly errno?: string
  /** Whether it took a VM to ask. */
  readonly ofVm: boolean
}

/** What VMs of this host can be. */
export interface VmFacts {
  readonly ipaBits: number
  readonly maxVcpus: number
  /** KVM_CAP_NR_VCPUS: the online CPUs. */
  readonly recommendedVcpus: number
  readonly gics: readonly GicFacts[]
}

export interface GicFacts {
  readonly name: string
  readonly device: DeviceTypeName
  readonly available: boolean
  /** The most vCPUs of a VM with it; only for those that a VM can have by themselves. */
  readonly maxVcpus?: number
}

/**
 * Asks KVM of this host, on VMs made for it of which nothing stays behind. A part that fails does
 * not take the others with it.
 *
 * @throws {HostError} this host has no KVM for us
 */
export function lookAtKvm(parts: readonly KvmPart[]): KvmFacts {
  requireArm64()
  const { system } = native()
  using kvm = openKvm(system)
  let probe: PmuProbe | undefined
  const pmus = () => (probe ??= probeWith({ system, kvm }))
  const looks = {
    pmus,
    guests: () => identifyPmus({ system, kvm, probe: pmus() }),
    capabilities: () => askCapabilities(kvm),
    vms: () => askVms(kvm),
  }
  const found = Object.fromEntries(parts.map(part => [part, attempt<unknown>(looks[part])]))
  return { apiVersion: KVM_API_VERSION, ...found }
}

/** Every capability we know a name of; of a VM those that `/dev/kvm` answers with EINVAL. */
export function askCapabilities(kvm: KvmFd): Capability[] {
  using vm = scratchVm(kvm)
  return Object.entries(CAPABILITIES).map(([key, number]) => {
    const name = key as CapabilityName
    const ofHost = answerOf(kvm, name)
    if (ofHost.errno !== 'EINVAL') return { name, number, ...ofHost, ofVm: false }
    return { name, number, ...answerOf(vm, name), ofVm: true }
  })
}

function answerOf(
  fd: Pick<KvmFd, 'checkExtension'>,
  name: CapabilityName,
): Pick<Capability, 'value' | 'errno'> {
  try {
    return { value: fd.checkExtension(name) }
  } catch (error) {
    if (!(error instanceof IoctlError)) throw error
    return { value: undefined, errno: error.errnoName }
  }
}

const GICS: readonly { name: string; device: DeviceTypeName; isWhole: boolean }[] = [
  { name: 'GICv2', device: 'KVM_DEV_TYPE_ARM_VGIC_V2', isWhole: true },
  { name: 'GICv3', device: 'KVM_DEV_TYPE_ARM_VGIC_V3', isWhole: true },
  { name: 'ITS', device: 'KVM_DEV_TYPE_ARM_VGIC_ITS', isWhole: false },
  { name: 'GICv5', device: 'KVM_DEV_TYPE_ARM_VGIC_V5', isWhole: false },
]

export function askVms(kvm: KvmFd): VmFacts {
  using vm = scratchVm(kvm)
  return {
    ipaBits: ipaLimit(kvm),
    maxVcpus: vm.checkExtension('KVM_CAP_MAX_VCPUS'),
    recommendedVcpus: vm.checkExtension('KVM_CAP_NR_VCPUS'),
    gics: GICS.map(({ name, device, isWhole }) => {
      const available = vm.testDevice(device)
      const withLimit = available && isWhole
      return { name, device, available, ...(withLimit && { maxVcpus: vcpusWith(kvm, device) }) }
    }),
  }
}

/** KVM knows how many vCPUs a GIC can serve once the VM has it. */
function vcpusWith(kvm: KvmFd, device: DeviceTypeName): number {
  using vm = scratchVm(kvm)
  const gic = vm.createDevice(device)
  try {
    return vm.checkExtension('KVM_CAP_MAX_VCPUS')
  } finally {
    gic.close()
  }
}

function scratchVm(kvm: KvmFd): VmFd {
  return createVm(kvm, Math.min(DEFAULT_IPA_BITS, ipaLimit(kvm)))
}
