import { BugError } from '../errors/index.ts'
import { group, withAttr, type DeviceAttribute } from './device-attribute.ts'
import { u32, u64, type FieldType } from './field-types.ts'

/* Attributes of the virtual interrupt controllers (Documentation/virt/kvm/devices/arm-vgic*.rst). */

export const KVM_DEV_ARM_VGIC_GRP_ADDR = 0
export const KVM_DEV_ARM_VGIC_GRP_DIST_REGS = 1
export const KVM_DEV_ARM_VGIC_GRP_CPU_REGS = 2
export const KVM_DEV_ARM_VGIC_GRP_NR_IRQS = 3
export const KVM_DEV_ARM_VGIC_GRP_CTRL = 4
export const KVM_DEV_ARM_VGIC_GRP_REDIST_REGS = 5
export const KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS = 6
export const KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO = 7
export const KVM_DEV_ARM_VGIC_GRP_ITS_REGS = 8
export const KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ = 9

const device = 'arch/arm64/kvm/vgic/vgic-kvm-device.c'
const its = 'arch/arm64/kvm/vgic/vgic-its.c'

const addr = group(
  'KVM_DEV_ARM_VGIC_GRP_ADDR',
  KVM_DEV_ARM_VGIC_GRP_ADDR,
  `${device} kvm_vgic_addr`,
)
const ctrl = group(
  'KVM_DEV_ARM_VGIC_GRP_CTRL',
  KVM_DEV_ARM_VGIC_GRP_CTRL,
  `${device} vgic_set_common_attr`,
)

/** The guest physical address of a frame, set once. */
const frame = (attrName: string, attr: number) =>
  addr({
    attrName,
    attr,
    payload: u64,
    payloadIs: 'address',
    errors: {
      set: ['EEXIST', 'EINVAL', 'E2BIG', 'ENXIO', 'EFAULT'],
      get: ['ENXIO', 'EFAULT'],
    },
  })

/** A group of registers, whose `attr` {@link gicV2Register} and {@link gicV3Register} make. */
const registers = <T>(groupName: string, number: number, payload: FieldType<T>, source: string) =>
  group(
    groupName,
    number,
    source,
  )({
    attrName: undefined,
    attr: 0,
    payload,
    payloadIs: 'value',
    errors: {
      set: ['EBUSY', 'EINVAL', 'ENXIO', 'EFAULT'],
      get: ['EBUSY', 'EINVAL', 'ENXIO', 'EFAULT'],
    },
  })

/**
 * A multiple of 32 from 64 to 992; counts SGIs and PPIs as well. (arm-vgic-v3.rst says up to 1024,
 * vgic_set_common_attr() compares with VGIC_MAX_RESERVED, 1023.)
 */
const nrIrqs = group(
  'KVM_DEV_ARM_VGIC_GRP_NR_IRQS',
  KVM_DEV_ARM_VGIC_GRP_NR_IRQS,
  `${device} vgic_set_common_attr`,
)({
  attrName: undefined,
  attr: 0,
  payload: u32,
  payloadIs: 'irqs',
  errors: { set: ['EINVAL', 'EBUSY', 'EFAULT'], get: ['EFAULT'] },
})

/** After all vCPUs exist, and before KVM_ARM_VCPU_PMU_V3_INIT. No vCPU can be created afterwards. */
const init = ctrl({
  attrName: 'KVM_DEV_ARM_VGIC_CTRL_INIT',
  attr: 0,
  errors: { set: ['EBUSY', 'ENXIO', 'ENOMEM', 'EINVAL'] },
})

const distRegisters = registers(
  'KVM_DEV_ARM_VGIC_GRP_DIST_REGS',
  KVM_DEV_ARM_VGIC_GRP_DIST_REGS,
  u32,
  `${device} vgic_v3_attr_regs_access`,
)

/** On a device of type KVM_DEV_TYPE_ARM_VGIC_V2. */
export const VGIC_V2_ATTRIBUTES = {
  /** 4 KiB aligned. */
  KVM_VGIC_V2_ADDR_TYPE_DIST: frame('KVM_VGIC_V2_ADDR_TYPE_DIST', 0),
  /** 4 KiB aligned. */
  KVM_VGIC_V2_ADDR_TYPE_CPU: frame('KVM_VGIC_V2_ADDR_TYPE_CPU', 1),
  KVM_DEV_ARM_VGIC_GRP_NR_IRQS: nrIrqs,
  KVM_DEV_ARM_VGIC_CTRL_INIT: init,
  KVM_DEV_ARM_VGIC_GRP_DIST_REGS: distRegisters,
  KVM_DEV_ARM_VGIC_GRP_CPU_REGS: registers(
    'KVM_DEV_ARM_VGIC_GRP_CPU_REGS',
    KVM_DEV_ARM_VGIC_GRP_CPU_REGS,
    u32,
    `${device} vgic_v2_attr_regs_access`,
  ),
} as const satisfies Record<`KVM_${string}`, DeviceAttribute>

/** On a device of type KVM_DEV_TYPE_ARM_VGIC_V3. */
export const VGIC_V3_ATTRIBUTES = {
  /** 64 KiB aligned. */
  KVM_VGIC_V3_ADDR_TYPE_DIST: frame('KVM_VGIC_V3_ADDR_TYPE_DIST', 2),
  /** One region for all redistributors, 64 KiB aligned. */
  KVM_VGIC_V3_ADDR_TYPE_REDIST: addr({
    attrName: 'KVM_VGIC_V3_ADDR_TYPE_REDIST',
    attr: 3,
    payload: u64,
    payloadIs: 'address',
    errors: {
      set: ['EEXIST', 'EINVAL', 'E2BIG', 'ENXIO', 'ENOMEM', 'EFAULT'],
      get: ['ENXIO', 'EFAULT'],
    },
  }),
  /** See {@link redistRegion}; the regions in order of their index. */
  KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION: addr({
    attrName: 'KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION',
    attr: 5,
    payload: u64,
    payloadIs: 'region',
    errors: {
      set: ['EINVAL', 'E2BIG', 'ENXIO', 'ENOMEM', 'EFAULT'],
      get: ['ENXIO', 'ENOENT', 'EFAULT'],
    },
  }),
  KVM_DEV_ARM_VGIC_GRP_NR_IRQS: nrIrqs,
  KVM_DEV_ARM_VGIC_CTRL_INIT: init,
  /** Into guest memory; no vCPU may be running. */
  KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES: ctrl({
    attrName: 'KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES',
    attr: 3,
    errors: { set: ['EBUSY', 'ENXIO', 'EFAULT'] },
  }),
  KVM_DEV_ARM_VGIC_GRP_DIST_REGS: distRegisters,
  KVM_DEV_ARM_VGIC_GRP_REDIST_REGS: registers(
    'KVM_DEV_ARM_VGIC_GRP_REDIST_REGS',
    KVM_DEV_ARM_VGIC_GRP_REDIST_REGS,
    u32,
    `${device} vgic_v3_attr_regs_access`,
  ),
  KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS: registers(
    'KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS',
    KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS,
    u64,
    `${device} vgic_v3_attr_regs_access`,
  ),
  KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO: registers(
    'KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO',
    KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO,
    u32,
    `${device} vgic_v3_attr_regs_access`,
  ),
  /** INTID of the maintenance interrupt of a guest that is a hypervisor itself. */
  KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ: group(
    'KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ',
    KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ,
    `${device} vgic_v3_set_attr`,
  )({
    attrName: undefined,
    attr: 0,
    payload: u32,
    payloadIs: 'intid',
    errors: { set: ['EBUSY', 'EINVAL', 'EFAULT'], get: ['EFAULT'] },
  }),
} as const satisfies Record<`KVM_${string}`, DeviceAttribute>

/** On a device of type KVM_DEV_TYPE_ARM_VGIC_ITS. */
export const VGIC_ITS_ATTRIBUTES = {
  /** 64 KiB aligned. */
  KVM_VGIC_ITS_ADDR_TYPE: addr({
    attrName: 'KVM_VGIC_ITS_ADDR_TYPE',
    attr: 4,
    payload: u64,
    payloadIs: 'address',
    errors: { set: ['EEXIST', 'EINVAL', 'E2BIG', 'ENODEV', 'EFAULT'], get: ['ENODEV', 'EFAULT'] },
  }),
  KVM_DEV_ARM_VGIC_CTRL_INIT: init,
  KVM_DEV_ARM_ITS_CTRL_RESET: ctrl({
    attrName: 'KVM_DEV_ARM_ITS_CTRL_RESET',
    attr: 4,
    errors: { set: ['EBUSY'] },
  }),
  KVM_DEV_ARM_VGIC_GRP_ITS_REGS: registers(
    'KVM_DEV_ARM_VGIC_GRP_ITS_REGS',
    KVM_DEV_ARM_VGIC_GRP_ITS_REGS,
    u64,
    `${its} vgic_its_attr_regs_access`,
  ),
} as const satisfies Record<`KVM_${string}`, DeviceAttribute>

/**
 * Payload of KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION
 * (Documentation/virt/kvm/devices/arm-vgic-v3.rst, v7.3):
 *
 *   63     52 51         16 15 12 11    0
 *   | count | base 51..16  | 0   | index |
 */
export function redistRegion(region: {
  /** Redistributors in it, 1 to 4095. */
  readonly count: number
  /** Guest physical, 64 KiB aligned. */
  readonly base: bigint
  /** From 0, one after the other. */
  readonly index: number
}): bigint {
  const { count, base, index } = region
  if (!(count > 0 && count < 2 ** 12) || !(index >= 0 && index < 2 ** 12))
    throw new BugError(`redistributor region: count ${count}, index ${index} does not fit 12 bits`)
  if ((base & ~0x000f_ffff_ffff_0000n) !== 0n)
    throw new BugError(`redistributor region: base 0x${base.toString(16)} is not 64 KiB aligned`)
  return (BigInt(count) << 52n) | base | BigInt(index)
}

/** A GICv2 register of a register group: byte `offset` in the frame, as vCPU `vcpu` sees it. */
export function gicV2Register<Out, In>(
  registers: DeviceAttribute<Out, In>,
  vcpu: number,
  offset: number,
): DeviceAttribute<Out, In> {
  return withAttr(registers, (BigInt(vcpu) << 32n) | BigInt(offset))
}

/**
 * A GICv3 register of a register group: byte `offset` in the frame, or a system register's
 * encoding.
 *
 * @param affinity Aff3.Aff2.Aff1.Aff0 of the vCPU, 8 bits each
 */
export function gicV3Register<Out, In>(
  registers: DeviceAttribute<Out, In>,
  affinity: number,
  offset: number,
): DeviceAttribute<Out, In> {
  return withAttr(registers, (BigInt(affinity) << 32n) | BigInt(offset))
}
