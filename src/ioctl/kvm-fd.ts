import { constants } from 'node:fs'
import { errnoName, HostError, lookUp, SyscallError, type HostProblem } from '../errors/index.ts'
import type { System } from '../native/system.ts'
import { CAPABILITIES, type CapabilityName } from './capabilities.ts'
import { Fd } from './fd.ts'
import { VmFd } from './vm-fd.ts'

/** Errnos of the open that are about the host, not about us. */
const HOST_PROBLEMS: Readonly<Record<string, HostProblem>> = {
  ENOENT: 'NO_KVM',
  ENODEV: 'NO_KVM',
  ENXIO: 'NO_KVM',
  EACCES: 'KVM_ACCESS',
  EPERM: 'KVM_ACCESS',
}

/** `/dev/kvm`. */
export class KvmFd extends Fd {
  /**
   * Opens KVM.
   *
   * @throws {@link HostError} where there is no KVM, or not for this user
   */
  static open(system: System, path = '/dev/kvm'): KvmFd {
    const fd = system.open(path, constants.O_RDWR | CLOEXEC)
    if (fd < 0) throw openFailure(path, -fd)
    return new KvmFd(system, fd, path)
  }

  /** {@link KVM_API_VERSION} on every kernel since 2007. */
  getApiVersion(): number {
    return this.request('KVM_GET_API_VERSION')
  }

  /**
   * Asks for a capability of the host. What depends on the VM is asked of {@link VmFd}.
   *
   * @returns 0 for no; else 1 or what the capability counts
   */
  checkExtension(capability: CapabilityName): number {
    return this.request('KVM_CHECK_EXTENSION', CAPABILITIES[capability], { argument: capability })
  }

  /** Bytes of a vCPU's mapping: `struct kvm_run` and the coalesced MMIO ring. */
  getVcpuMmapSize(): number {
    return this.request('KVM_GET_VCPU_MMAP_SIZE')
  }

  /**
   * Creates a VM.
   *
   * @param ipaBits 32 to KVM_CAP_ARM_VM_IPA_SIZE, or 0 for 40, which small hosts refuse
   * @throws {@link IoctlError} EINVAL: an IPA size the host does not have; ENOMEM; EMFILE
   * @see Documentation/virt/kvm/api.rst 4.2 (v7.3)
   */
  createVm(ipaBits = 0): VmFd {
    const fd = this.request('KVM_CREATE_VM', ipaBits, { argument: `ipa bits ${ipaBits}` })
    return new VmFd(this.system, fd)
  }
}

/** O_CLOEXEC, which node:fs does not name; the same on arm64 and x86-64. */
const CLOEXEC = 0o2000000

function openFailure(path: string, errno: number): HostError | SyscallError {
  const cause = new SyscallError('open', errno, path)
  const problem = HOST_PROBLEMS[errnoName(errno)]
  if (problem === undefined) return cause
  const explanation = lookUp('open /dev/kvm', undefined, errnoName(errno))
  return new HostError(problem, `cannot open ${path}`, { ...explanation, cause })
}
