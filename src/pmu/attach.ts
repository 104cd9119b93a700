import type { HostPmu } from '../host/index.ts'
import { ppiIntid, VCPU_ATTRIBUTES, type VcpuFd } from '../ioctl/index.ts'

/** The PMU's overflow interrupt, as every VMM for arm64 has it. */
export const PMU_PPI = 7

/**
 * Gives the VM the host PMU and makes every vCPU's PMU ready: SET_PMU once, then IRQ and INIT for
 * each. All vCPUs must have been initialized with KVM_ARM_VCPU_PMU_V3, and the GIC as well; after
 * this only KVM_RUN may come, since the kernel answers EBUSY to everything else.
 *
 * @throws {IoctlError} see the catalogue's rows for KVM_ARM_VCPU_PMU_V3_CTRL
 * @see Documentation/virt/kvm/devices/vcpu.rst 1 (v7.3)
 */
export function attachPmu(vcpus: readonly VcpuFd[], pmu: HostPmu): void {
  const { KVM_ARM_VCPU_PMU_V3_SET_PMU, KVM_ARM_VCPU_PMU_V3_IRQ, KVM_ARM_VCPU_PMU_V3_INIT } =
    VCPU_ATTRIBUTES
  vcpus[0]?.setDeviceAttr(KVM_ARM_VCPU_PMU_V3_SET_PMU, pmu.type)
  for (const vcpu of vcpus) {
    vcpu.setDeviceAttr(KVM_ARM_VCPU_PMU_V3_IRQ, ppiIntid(PMU_PPI))
    vcpu.setDeviceAttr(KVM_ARM_VCPU_PMU_V3_INIT)
  }
}
