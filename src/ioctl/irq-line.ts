import { BugError } from '../errors/index.ts'

/*
 * kvm_irq_level.irq (Documentation/virt/kvm/api.rst, KVM_IRQ_LINE; v7.3):
 *
 *   31  28 27   24 23      16 15       0
 *   vcpu2 | type  |   vcpu   |  number      vCPU index = 256 * vcpu2 + vcpu
 */
export const KVM_ARM_IRQ_VCPU2_SHIFT = 28
export const KVM_ARM_IRQ_VCPU2_MASK = 0xf
export const KVM_ARM_IRQ_TYPE_SHIFT = 24
export const KVM_ARM_IRQ_TYPE_MASK = 0xf
export const KVM_ARM_IRQ_VCPU_SHIFT = 16
export const KVM_ARM_IRQ_VCPU_MASK = 0xff
export const KVM_ARM_IRQ_NUM_MASK = 0xffff

/** Without an in-kernel irqchip: the vCPU's IRQ or FIQ input. */
export const KVM_ARM_IRQ_TYPE_CPU = 0
export const KVM_ARM_IRQ_TYPE_SPI = 1
export const KVM_ARM_IRQ_TYPE_PPI = 2

export const KVM_ARM_IRQ_CPU_IRQ = 0
export const KVM_ARM_IRQ_CPU_FIQ = 1

export type IrqLine =
  /** `number` is KVM_ARM_IRQ_CPU_IRQ or KVM_ARM_IRQ_CPU_FIQ. */
  | { readonly kind: 'cpu'; readonly vcpu: number; readonly number: number }
  /** `intid` is the GIC's number, from 32. */
  | { readonly kind: 'spi'; readonly intid: number }
  /** `intid` is the GIC's number, 16 to 31. */
  | { readonly kind: 'ppi'; readonly vcpu: number; readonly intid: number }

/** The `irq` of a KVM_IRQ_LINE. */
export function encodeIrqLine(line: IrqLine): number {
  switch (line.kind) {
    case 'cpu':
      return encode(KVM_ARM_IRQ_TYPE_CPU, line.vcpu, line.number)
    case 'spi':
      return encode(KVM_ARM_IRQ_TYPE_SPI, 0, line.intid)
    case 'ppi':
      return encode(KVM_ARM_IRQ_TYPE_PPI, line.vcpu, line.intid)
  }
}

export function decodeIrqLine(irq: number): IrqLine | undefined {
  const number = irq & KVM_ARM_IRQ_NUM_MASK
  const vcpu =
    ((irq >>> KVM_ARM_IRQ_VCPU2_SHIFT) & KVM_ARM_IRQ_VCPU2_MASK) * (KVM_ARM_IRQ_VCPU_MASK + 1) +
    ((irq >>> KVM_ARM_IRQ_VCPU_SHIFT) & KVM_ARM_IRQ_VCPU_MASK)
  switch ((irq >>> KVM_ARM_IRQ_TYPE_SHIFT) & KVM_ARM_IRQ_TYPE_MASK) {
    case KVM_ARM_IRQ_TYPE_CPU:
      return { kind: 'cpu', vcpu, number }
    case KVM_ARM_IRQ_TYPE_SPI:
      return { kind: 'spi', intid: number }
    case KVM_ARM_IRQ_TYPE_PPI:
      return { kind: 'ppi', vcpu, intid: number }
    default:
      return undefined
  }
}

function encode(type: number, vcpu: number, number: number): number {
  const vcpus = (KVM_ARM_IRQ_VCPU2_MASK + 1) * (KVM_ARM_IRQ_VCPU_MASK + 1)
  if (vcpu < 0 || vcpu >= vcpus || number < 0 || number > KVM_ARM_IRQ_NUM_MASK)
    throw new BugError(`kvm_irq_level.irq: vCPU ${vcpu}, number ${number} does not fit`)
  return (
    Math.floor(vcpu / (KVM_ARM_IRQ_VCPU_MASK + 1)) * 2 ** KVM_ARM_IRQ_VCPU2_SHIFT +
    type * 2 ** KVM_ARM_IRQ_TYPE_SHIFT +
    (vcpu & KVM_ARM_IRQ_VCPU_MASK) * 2 ** KVM_ARM_IRQ_VCPU_SHIFT +
    number
  )
}
