import { attributeLabel, type DeviceAttribute } from './device-attribute.ts'
import { Fd, PAYLOAD } from './fd.ts'
import { renderValue } from './render-call.ts'
import { kvm_device_attr } from './structs.ts'

/**
 * An fd with device attributes: VMs, vCPUs and devices have them alike
 * (Documentation/virt/kvm/api.rst 4.80, v7.3).
 */
export class AttributeFd extends Fd {
  /**
   * Sets an attribute.
   *
   * @throws {@link IoctlError} with the errnos of the attribute's row
   */
  setDeviceAttr<Out, In>(attribute: DeviceAttribute<Out, In>, value: In): void
  setDeviceAttr(attribute: DeviceAttribute<undefined>): void
  setDeviceAttr<Out, In>(attribute: DeviceAttribute<Out, In>, value?: In): void {
    const { scratch } = this.system
    const label = attributeLabel(attribute)
    if (value !== undefined) attribute.payload?.write(scratch, PAYLOAD, value, label)
    this.#encode(attribute)
    this.request('KVM_SET_DEVICE_ATTR', scratch.address, {
      attribute: label,
      ...(value !== undefined && { argument: show(attribute.payloadIs, value) }),
    })
  }

  /**
   * Reads an attribute; of one without a payload only that the kernel answers 0.
   *
   * @throws {@link IoctlError} with the errnos of the attribute's row
   */
  getDeviceAttr<Out, In>(attribute: DeviceAttribute<Out, In>): Out {
    const { scratch } = this.system
    // The kernel reads part of some payloads first (an index, say): stale bytes must not count.
    scratch.fill(0, PAYLOAD, attribute.payload?.size ?? 0)
    this.#encode(attribute)
    const value = () => attribute.payload?.read(scratch, PAYLOAD) as Out
    this.request('KVM_GET_DEVICE_ATTR', scratch.address, {
      attribute: attributeLabel(attribute),
      ...(attribute.payload && { answer: () => show(attribute.payloadIs, value()) }),
    })
    return value()
  }

  /**
   * Whether the kernel has the attribute here and now. It answers ENXIO for "no", and PMU
   * attributes are there only after a KVM_ARM_VCPU_INIT with the PMU feature.
   *
   * @throws {@link IoctlError} for every errno but ENXIO
   */
  hasDeviceAttr(attribute: DeviceAttribute): boolean {
    this.#encode(attribute)
    const shown = { attribute: attributeLabel(attribute) }
    const result = this.try('KVM_HAS_DEVICE_ATTR', this.system.scratch.address, shown)
    if (this.errnoIs(result, 'ENXIO')) return false
    if (result < 0) throw this.failure('KVM_HAS_DEVICE_ATTR', -result, shown)
    return true
  }

  #encode({ group, attr, payload }: DeviceAttribute): void {
    kvm_device_attr.encode(this.system.scratch, 0, {
      group,
      attr,
      addr: payload === undefined ? 0n : this.payloadAddress,
    })
  }
}

/** `type 9`, `address 0x3fff0000`, `filter base_event 0, nevents 16, action 1`. */
function show(what: string, value: unknown): string {
  return `${what} ${renderValue(value)}`
}
