import * as ioctl from '../../../src/ioctl/index.ts'
import type { DeviceAttribute } from '../../../src/ioctl/index.ts'

/*
 * Everything src/ioctl claims about the kernel's ABI, as rows a C compiler can check. scripts/abi.mjs
 * makes C of them and writes test/fixtures/abi/arm64.json; abi.test.ts compares that with them.
 */

/** Name → value. The name is also the C expression. */
export function constants(): Map<string, bigint> {
  const rows = new Map<string, bigint>()
  const add = (name: string, value: number | bigint) => {
    if (name.startsWith('KVM_')) rows.set(name, BigInt(value))
  }
  for (const [name, exported] of Object.entries<unknown>(ioctl)) {
    if (isNumber(exported)) add(name, exported)
    if (isTable(exported)) Object.entries(exported).forEach(([row, value]) => add(row, value))
  }
  for (const [name, request] of Object.entries(ioctl.REQUESTS)) add(name, request.number)
  for (const { attrName, attr } of attributes())
    if (attrName !== undefined && !unmerged().has(attrName)) add(attrName, attr)
  return rows
}

/** Rows no kernel header can have, and so no compiler can check. */
export function unmerged(): Set<string> {
  const names = attributes().filter(attribute => attribute.unmerged)
  return new Set(names.map(({ attrName }) => attrName ?? ''))
}

export function attributes(): DeviceAttribute[] {
  const tables = [
    ioctl.VCPU_ATTRIBUTES,
    ioctl.VM_ATTRIBUTES,
    ioctl.VGIC_V2_ATTRIBUTES,
    ioctl.VGIC_V3_ATTRIBUTES,
    ioctl.VGIC_ITS_ATTRIBUTES,
  ]
  return tables.flatMap(table => Object.values<DeviceAttribute>(table))
}

export interface StructRow {
  readonly size: number
  /** Path of a field, nested ones with dots → its offset and size. */
  readonly fields: Readonly<Record<string, readonly [offset: number, size: number]>>
}

type AnyStruct = ioctl.Struct<ioctl.Fields>

/** Structs by their kernel names (`struct` left out). */
export function structs(): Map<string, StructRow> {
  const exported = Object.values<unknown>(ioctl).filter(isStruct)
  const rows = new Map(
    exported.map(struct => [
      struct.name,
      { size: struct.size, fields: Object.fromEntries(fieldsOf(struct)) },
    ]),
  )
  const arms = Object.entries<AnyStruct>(ioctl.KVM_RUN_UNION)
  const union = ioctl.kvm_run.offsets.padding
  const run = rows.get('kvm_run') ?? { size: 0, fields: {} }
  rows.set('kvm_run', {
    ...run,
    fields: {
      ...run.fields,
      ...Object.fromEntries(arms.flatMap(([name, arm]) => fieldsOf(arm, `${name}.`, union))),
    },
  })
  return rows
}

function fieldsOf(struct: AnyStruct, path = '', base = 0): [string, [number, number]][] {
  return Object.entries(struct.fields)
    .filter(([name]) => !isOurs(name))
    .flatMap(([name, type]): [string, [number, number]][] => {
      const at = base + (struct.offsets[name] ?? 0)
      const nested = isStruct(type) ? fieldsOf(type, `${path}${name}.`, at) : []
      return [[`${path}${name}`, [at, type.size]], ...nested]
    })
}

/** Register → [its id, the C expression of it]. */
export function coreRegisters(): Map<string, { id: bigint; expression: string }> {
  const core = ioctl.CORE_REGISTERS
  const row = (name: string, id: bigint, field: string, size = 'U64') => {
    const expression = `KVM_REG_ARM64 | KVM_REG_SIZE_${size} | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(${field})`
    return [name, { id, expression }] as const
  }
  return new Map([
    row('X0', ioctl.xRegister(0), 'regs.regs[0]'),
    row('X30', ioctl.xRegister(30), 'regs.regs[30]'),
    row('SP', core.SP(), 'regs.sp'),
    row('PC', core.PC(), 'regs.pc'),
    row('PSTATE', core.PSTATE(), 'regs.pstate'),
    row('SP_EL1', core.SP_EL1(), 'sp_el1'),
    row('ELR_EL1', core.ELR_EL1(), 'elr_el1'),
    row('SPSR_EL1', core.SPSR_EL1(), 'spsr[KVM_SPSR_EL1]'),
    row('V0', ioctl.vRegister(0), 'fp_regs.vregs[0]', 'U128'),
    row('V31', ioctl.vRegister(31), 'fp_regs.vregs[31]', 'U128'),
  ])
}

/** System register → the 16 bits of its encoding, which the assembler knows by name. */
export function systemRegisters(): Map<string, number> {
  const numbered = [0, 30].flatMap(n => [
    [`PMEVCNTR${n}_EL0`, ioctl.eventCounter(n)] as const,
    [`PMEVTYPER${n}_EL0`, ioctl.eventType(n)] as const,
  ])
  const rows = [...Object.entries<bigint>(ioctl.SYSTEM_REGISTERS), ...numbered]
  return new Map(rows.map(([name, id]) => [name, Number(id & 0xffffn)]))
}

/** The kernel leaves the place unnamed. `__reserved` is the kernel's. */
function isOurs(name: string): boolean {
  return /^_[^_]/.test(name)
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

function isTable(value: unknown): value is Record<string, number | bigint> {
  return typeof value === 'object' && value !== null && Object.values(value).every(isNumber)
}

function isStruct(value: unknown): value is AnyStruct {
  return value instanceof ioctl.Struct
}
