import { SyscallError } from '../errors/index.ts'
import { readHostPmus, type HostPmu, type HostTree } from '../host/index.ts'
import type { KvmFd } from '../ioctl/index.ts'
import { native, onCpus, type System } from '../native/index.ts'
import { probePmus, unprobed, type PmuProbe } from '../pmu/probe.ts'
import { createVm, DEFAULT_IPA_BITS, ipaLimit } from './create-vm.ts'
import { openKvm, requireArm64 } from './open-kvm.ts'

/**
 * What PMUs the guests of this host can have: the host's, and what KVM says of each. Nothing of it
 * stays behind; the calling thread is moved to a CPU with a PMU for the while, since KVM refuses
 * to make a vCPU with a PMU elsewhere.
 *
 * @throws {HostError} this host has no KVM for us
 * @throws {IoctlError} no VM can be made at all
 */
export function probeHostPmus(): PmuProbe {
  requireArm64()
  const { system } = native()
  using kvm = openKvm(system)
  return probeWith({ system, kvm })
}

/** A machine whose KVM is open. */
export interface ProbedHost {
  readonly system: System
  readonly kvm: KvmFd
  /** Left out: of this machine. */
  readonly tree?: HostTree
}

/** {@link probeHostPmus} for who has opened KVM already. */
export function probeWith({ system, kvm, tree }: ProbedHost): PmuProbe {
  const pmus = readHostPmus(tree)
  const cpus = coveredCpus(system, pmus)
  if (cpus.length === 0)
    return {
      ...unprobed(pmus, {
        call: 'KVM_ARM_VCPU_INIT with KVM_ARM_VCPU_PMU_V3',
        ok: false,
        meaning: 'this process may not use any CPU that has a PMU, and KVM asks for one',
      }),
      unasked: true,
    }
  const ipaBits = Math.min(DEFAULT_IPA_BITS, ipaLimit(kvm))
  return onCpus(system, cpus, () =>
    probePmus({
      kvm,
      createVm: () => createVm(kvm, ipaBits),
      pmus,
      onCpuOf: (pmu, action) => {
        const its = cpus.filter(cpu => pmu.cpus.includes(cpu))
        return its.length > 0 ? onCpus(system, its, () => action(true)) : action(false)
      },
    }),
  )
}

/** The CPUs with a PMU that this process may use. */
function coveredCpus(system: System, pmus: readonly HostPmu[]): number[] {
  const ours = system.getAffinity(0)
  if (typeof ours === 'number') throw new SyscallError('sched_getaffinity', -ours)
  return ours.filter(cpu => pmus.some(({ cpus }) => cpus.includes(cpu)))
}
