import { VCPU_ATTRIBUTES, type VcpuFd } from '../ioctl/index.ts'
import { encodeFilter, type PmuFilter } from './filter.ts'
import { intidOf, type PmuInterrupt } from './interrupt.ts'

/** Which PMU the VM is to have: the one call that says so, or none. */
export type PmuSelection =
  /** SET_PMU with a perf type. */
  | { readonly kind: 'host-pmu'; readonly type: number }
  | { readonly kind: 'fixed' }
  /** What KVM_ARM_VCPU_INIT picked. */
  | { readonly kind: 'default' }

export interface PmuAttachment {
  readonly selection: PmuSelection
  /** For SET_NR_COUNTERS; left out, all the PMU has. */
  readonly counters?: number | undefined
  readonly filter?: PmuFilter | undefined
  readonly interrupt: PmuInterrupt
}

/**
 * Gives the VM its PMU and makes every vCPU's ready, in the one order the kernel takes: the
 * selection, the number of counters (which a selection resets) and the filters once, then IRQ and
 * INIT for each vCPU; 2 ioctls per vCPU and a constant. All vCPUs must have been initialized with
 * KVM_ARM_VCPU_PMU_V3, and the GIC as well; after this only KVM_RUN may come, since the kernel
 * answers EBUSY to everything else.
 *
 * @throws {IoctlError} see the catalogue's rows for KVM_ARM_VCPU_PMU_V3_CTRL
 * @see Documentation/virt/kvm/devices/vcpu.rst 1 (v7.3)
 */
export function attachPmu(vcpus: readonly VcpuFd[], attachment: PmuAttachment): void {
  const { KVM_ARM_VCPU_PMU_V3_IRQ, KVM_ARM_VCPU_PMU_V3_INIT } = VCPU_ATTRIBUTES
  if (vcpus[0] !== undefined) configureVm(vcpus[0], attachment)
  vcpus.forEach((vcpu, index) => {
    vcpu.setDeviceAttr(KVM_ARM_VCPU_PMU_V3_IRQ, intidOf(attachment.interrupt, index))
    vcpu.setDeviceAttr(KVM_ARM_VCPU_PMU_V3_INIT)
  })
}

/** What is the whole VM's, by way of any of its vCPUs. */
function configureVm(vcpu: VcpuFd, { selection, counters, filter = [] }: PmuAttachment): void {
  const attributes = VCPU_ATTRIBUTES
  if (selection.kind === 'host-pmu')
    vcpu.setDeviceAttr(attributes.KVM_ARM_VCPU_PMU_V3_SET_PMU, selection.type)
  if (selection.kind === 'fixed')
    vcpu.setDeviceAttr(attributes.KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY)
  if (counters !== undefined)
    vcpu.setDeviceAttr(attributes.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, counters)
  for (const rule of encodeFilter(filter))
    vcpu.setDeviceAttr(attributes.KVM_ARM_VCPU_PMU_V3_FILTER, rule)
}
