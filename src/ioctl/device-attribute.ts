import type { FieldType } from './field-types.ts'

/** What a device attribute's `addr` points at: a type, or nothing (`addr` is 0). */
export type Payload<Out, In> = FieldType<Out, In> | undefined

/** Names of the errnos KVM can answer, apart from those every ioctl shares (EBADF, EIO, EFAULT). */
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
  readonly payload: Payload<Out, In>
  /** What the payload is, as an error calls it: `type` makes `type 9`. */
  readonly payloadIs: string
  readonly errors: AttributeErrors
  /** Where the kernel implements it (v7.3). */
  readonly source: string
  /** Not in any released kernel: the number may come to mean something else. */
  readonly unmerged: boolean
}

export type AttributeSpec<Out, In> = Pick<DeviceAttribute<Out, In>, 'attrName'> &
  Partial<Pick<DeviceAttribute<Out, In>, 'payload' | 'payloadIs' | 'unmerged'>> & {
    readonly attr: number
    readonly errors: AttributeErrors
  }

/** Makes the rows of one group. */
export function group(groupName: string, number: number, source: string) {
  return <Out = undefined, In = Out>(spec: AttributeSpec<Out, In>): DeviceAttribute<Out, In> => ({
    payload: undefined,
    payloadIs: '',
    unmerged: false,
    ...spec,
    attr: BigInt(spec.attr),
    group: number,
    groupName,
    source,
  })
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
