import type { FieldType } from './field-types.ts'

/** Names of the errnos KVM can answer, apart from those every ioctl shares (EBADF, EIO). */
export interface AttributeErrors {
  readonly set?: readonly string[]
  readonly get?: readonly string[]
}

/** One row of the device-attribute tables. */
export interface DeviceAttribute<Out = unknown, In = Out> {
  readonly group: number
  /** The group's kernel name. */
  readonly groupName: string
  readonly attr: bigint
  /** The attribute's kernel name; none where the group has no names for its attributes. */
  readonly attrName: string | undefined
  /** What `addr` points at; nothing: `addr` is 0. */
  readonly payload: FieldType<Out, In> | undefined
  /** What the payload is, as an error calls it: `type` makes `type 9`. */
  readonly payloadIs: string
  readonly errors: AttributeErrors
  /** Where the kernel implements it (v7.3). */
  readonly source: string
  /** Not in any released kernel: the number may come to mean something else. */
  readonly unmerged: boolean
}

interface BareSpec {
  readonly attrName: string | undefined
  readonly attr: number
  readonly errors: AttributeErrors
  readonly unmerged?: boolean
}

interface PayloadSpec<Out, In> extends BareSpec {
  readonly payload: FieldType<Out, In>
  readonly payloadIs: string
}

/** Makes the rows of one group. */
export function group(groupName: string, number: number, source: string) {
  function row(spec: BareSpec): DeviceAttribute<undefined>
  function row<Out, In>(spec: PayloadSpec<Out, In>): DeviceAttribute<Out, In>
  function row(spec: BareSpec | PayloadSpec<unknown, unknown>): DeviceAttribute {
    return {
      payload: undefined,
      payloadIs: '',
      unmerged: false,
      ...spec,
      attr: BigInt(spec.attr),
      group: number,
      groupName,
      source,
    }
  }
  return row
}

/** An attribute of a register group: the same row for another `attr`. */
export function withAttr<Out, In>(
  attribute: DeviceAttribute<Out, In>,
  attr: bigint,
): DeviceAttribute<Out, In> {
  return { ...attribute, attr }
}

/**
 * What messages and the catalogue call an attribute: group and name, without repeating what they
 * have in common: `KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU`.
 */
export function attributeLabel({ groupName, attrName }: DeviceAttribute): string {
  if (attrName === undefined) return groupName
  const common = groupName.endsWith('_CTRL') ? groupName.slice(0, -'CTRL'.length) : `${groupName}_`
  return `${groupName}/${attrName.startsWith(common) ? attrName.slice(common.length) : attrName}`
}
