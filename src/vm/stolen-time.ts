import { SyscallError } from '../errors/index.ts'
import { VCPU_ATTRIBUTES, type VcpuFd, type VmFd } from '../ioctl/index.ts'
import type { NativeMemory, System } from '../native/index.ts'
import { PVTIME_BASE, PVTIME_SIZE, PVTIME_SLOT } from './memory-map.ts'

/** Bytes of a vCPU's structure, and what its address is a multiple of. */
const STRUCTURE_SIZE = 64

/** Whether KVM here can tell guests how long their vCPUs wanted to run and did not. */
export function hasStolenTime([vcpu]: readonly VcpuFd[]): boolean {
  return vcpu?.hasDeviceAttr(VCPU_ATTRIBUTES.KVM_ARM_VCPU_PVTIME_IPA) === true
}

/**
 * Gives each vCPU the place where KVM writes the time stolen from it, which a guest asks for with
 * the hypercall PV_TIME_ST. It is memory of its own, as lkvm has it: nobody else's to be overwritten.
 *
 * @returns the memory, to be released after the VM
 * @throws {IoctlError} the kernel refused a step
 * @see Arm DEN0057A; Documentation/virt/kvm/arm/pvtime.rst (v6.12)
 */
export function attachStolenTime(system: System, vm: VmFd, vcpus: readonly VcpuFd[]): NativeMemory {
  const memory = system.mmap({ length: PVTIME_SIZE })
  if (typeof memory === 'number') throw new SyscallError('mmap', -memory)
  vm.setUserMemoryRegion({
    slot: PVTIME_SLOT,
    guest_phys_addr: PVTIME_BASE,
    memory_size: BigInt(PVTIME_SIZE),
    userspace_addr: memory.address,
  })
  vcpus.forEach((vcpu, index) =>
    vcpu.setDeviceAttr(
      VCPU_ATTRIBUTES.KVM_ARM_VCPU_PVTIME_IPA,
      PVTIME_BASE + BigInt(index * STRUCTURE_SIZE),
    ),
  )
  return memory
}
