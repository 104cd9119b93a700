import { BugError } from '../errors/index.ts'
import { kvm_regs, user_fpsimd_state, user_pt_regs } from './structs.ts'

/*
 * Ids for KVM_GET_ONE_REG and KVM_SET_ONE_REG (arch/arm64/include/uapi/asm/kvm.h):
 *
 *   63-56 architecture   55-52 log2(size in bytes)   31-16 group   15-0 within the group
 */
export const KVM_REG_ARM64 = 0x6000_0000_0000_0000n
export const KVM_REG_SIZE_SHIFT = 52n
export const KVM_REG_SIZE_MASK = 0x00f0_0000_0000_0000n
export const KVM_REG_SIZE_U32 = 0x0020_0000_0000_0000n
export const KVM_REG_SIZE_U64 = 0x0030_0000_0000_0000n
export const KVM_REG_SIZE_U128 = 0x0040_0000_0000_0000n
export const KVM_REG_SIZE_U512 = 0x0060_0000_0000_0000n
/** Group of the registers of `struct kvm_regs`: id = offset in it / 4. */
export const KVM_REG_ARM_CORE = 0x0010_0000n
export const KVM_REG_ARM64_SYSREG = 0x0013_0000n
/** Group of KVM's pseudo-registers as firmware. */
export const KVM_REG_ARM_FW = 0x0014_0000n
export const KVM_REG_ARM64_SVE = 0x0015_0000n
/**
 * The lengths of SVE vectors the vCPU has: bit n-1 is n times 128 bits. Written between
 * KVM_ARM_VCPU_INIT and KVM_ARM_VCPU_FINALIZE, and only to leave out the longest.
 */
export const KVM_REG_ARM64_SVE_VLS = KVM_REG_ARM64 | KVM_REG_SIZE_U512 | KVM_REG_ARM64_SVE | 0xffffn

/** Bytes of a register's value. */
export function registerSize(id: bigint): number {
  return 1 << Number((id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT)
}

/** ARM64_SYS_REG(): the id of a system register from its encoding. */
export function systemRegister(
  op0: number,
  op1: number,
  crn: number,
  crm: number,
  op2: number,
): bigint {
  const encoding = (op0 << 14) | (op1 << 11) | (crn << 7) | (crm << 3) | op2
  return KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM64_SYSREG | BigInt(encoding)
}

/** KVM_REG_ARM_FW_REG(). */
export function firmwareRegister(number: number): bigint {
  return KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_FW | BigInt(number)
}

/** KVM_REG_ARM_CORE_REG(): the id of what lies at an offset of `struct kvm_regs`. */
export function coreRegister(offset: number, size = KVM_REG_SIZE_U64): bigint {
  return KVM_REG_ARM64 | size | KVM_REG_ARM_CORE | BigInt(offset / 4)
}

/** General-purpose register `n`, 0 to 30. */
export function xRegister(n: number): bigint {
  return coreRegister(at('X', n, 31, kvm_regs.offsets.regs + user_pt_regs.offsets.regs, 8))
}

/** SIMD register `n`, 0 to 31: 16 bytes. */
export function vRegister(n: number): bigint {
  const vregs = kvm_regs.offsets.fp_regs + user_fpsimd_state.offsets.vregs
  return coreRegister(at('V', n, 32, vregs, 16), KVM_REG_SIZE_U128)
}

/** Event counter `n`, 0 to 30. */
export function eventCounter(n: number): bigint {
  return PMEVCNTR0_EL0 + BigInt(at('PMEVCNTR', n, 31, 0, 1))
}

/** Type register of event counter `n`, 0 to 30. */
export function eventType(n: number): bigint {
  return PMEVTYPER0_EL0 + BigInt(at('PMEVTYPER', n, 31, 0, 1))
}

function at(name: string, n: number, count: number, base: number, size: number): number {
  if (!(Number.isInteger(n) && n >= 0 && n < count))
    throw new BugError(`there is no register ${name}${n}`)
  return base + n * size
}

const PMEVCNTR0_EL0 = systemRegister(3, 3, 14, 8, 0)
const PMEVTYPER0_EL0 = systemRegister(3, 3, 14, 12, 0)

/** The registers of `struct kvm_regs` that are not numbered. */
export const CORE_REGISTERS = {
  /** SP_EL0. */
  SP: () => coreRegister(kvm_regs.offsets.regs + user_pt_regs.offsets.sp),
  PC: () => coreRegister(kvm_regs.offsets.regs + user_pt_regs.offsets.pc),
  PSTATE: () => coreRegister(kvm_regs.offsets.regs + user_pt_regs.offsets.pstate),
  SP_EL1: () => coreRegister(kvm_regs.offsets.sp_el1),
  ELR_EL1: () => coreRegister(kvm_regs.offsets.elr_el1),
  SPSR_EL1: () => coreRegister(kvm_regs.offsets.spsr),
} as const

/** System registers by their architectural names (Arm DDI 0487), as op0, op1, CRn, CRm, op2. */
export const SYSTEM_REGISTERS = {
  MIDR_EL1: systemRegister(3, 0, 0, 0, 0),
  MPIDR_EL1: systemRegister(3, 0, 0, 0, 5),
  ID_AA64PFR0_EL1: systemRegister(3, 0, 0, 4, 0),
  ID_AA64DFR0_EL1: systemRegister(3, 0, 0, 5, 0),
  ID_AA64ISAR0_EL1: systemRegister(3, 0, 0, 6, 0),
  ID_AA64MMFR0_EL1: systemRegister(3, 0, 0, 7, 0),
  SCTLR_EL1: systemRegister(3, 0, 1, 0, 0),
  TTBR0_EL1: systemRegister(3, 0, 2, 0, 0),
  TTBR1_EL1: systemRegister(3, 0, 2, 0, 1),
  TCR_EL1: systemRegister(3, 0, 2, 0, 2),
  ESR_EL1: systemRegister(3, 0, 5, 2, 0),
  FAR_EL1: systemRegister(3, 0, 6, 0, 0),
  PMINTENSET_EL1: systemRegister(3, 0, 9, 14, 1),
  PMINTENCLR_EL1: systemRegister(3, 0, 9, 14, 2),
  /** In KVM_GET_REG_LIST from v7.3. */
  PMMIR_EL1: systemRegister(3, 0, 9, 14, 6),
  MAIR_EL1: systemRegister(3, 0, 10, 2, 0),
  VBAR_EL1: systemRegister(3, 0, 12, 0, 0),
  /** Bits 15 to 11 are the number of event counters the guest has. */
  PMCR_EL0: systemRegister(3, 3, 9, 12, 0),
  PMCNTENSET_EL0: systemRegister(3, 3, 9, 12, 1),
  PMCNTENCLR_EL0: systemRegister(3, 3, 9, 12, 2),
  PMOVSCLR_EL0: systemRegister(3, 3, 9, 12, 3),
  PMSWINC_EL0: systemRegister(3, 3, 9, 12, 4),
  PMSELR_EL0: systemRegister(3, 3, 9, 12, 5),
  PMCCNTR_EL0: systemRegister(3, 3, 9, 13, 0),
  PMUSERENR_EL0: systemRegister(3, 3, 9, 14, 0),
  PMOVSSET_EL0: systemRegister(3, 3, 9, 14, 3),
  PMCCFILTR_EL0: systemRegister(3, 3, 14, 15, 7),
} as const satisfies Record<string, bigint>

/** KVM's own, by their kernel names. CVAL and CNT are not where their encodings would put them. */
export const KVM_REGISTERS = {
  KVM_REG_ARM_PTIMER_CTL: systemRegister(3, 3, 14, 2, 1),
  KVM_REG_ARM_PTIMER_CVAL: systemRegister(3, 3, 14, 2, 2),
  KVM_REG_ARM_PTIMER_CNT: systemRegister(3, 3, 14, 0, 1),
  KVM_REG_ARM_TIMER_CTL: systemRegister(3, 3, 14, 3, 1),
  KVM_REG_ARM_TIMER_CVAL: systemRegister(3, 3, 14, 0, 2),
  KVM_REG_ARM_TIMER_CNT: systemRegister(3, 3, 14, 3, 2),
  KVM_REG_ARM_PSCI_VERSION: firmwareRegister(0),
  KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1: firmwareRegister(1),
  KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2: firmwareRegister(2),
  KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3: firmwareRegister(3),
} as const satisfies Record<`KVM_REG_ARM_${string}`, bigint>

/** The name of an id from KVM_GET_REG_LIST, or its hexadecimal number. */
export function registerName(id: bigint): string {
  return nameOf(id) ?? `0x${id.toString(16).padStart(16, '0')}`
}

/** By looking, since a table of all of them takes longer to make than the few that a start asks for. */
function nameOf(id: bigint): string | undefined {
  if (id === KVM_REG_ARM64_SVE_VLS) return 'KVM_REG_ARM64_SVE_VLS'
  for (const registers of [SYSTEM_REGISTERS, KVM_REGISTERS])
    for (const [name, its] of Object.entries(registers)) if (its === id) return name
  for (const [name, its] of Object.entries(CORE_REGISTERS)) if (its() === id) return name
  for (const { count, of, name } of NUMBERED)
    for (let n = 0; n < count; n++) if (of(n) === id) return name(n)
  return undefined
}

const NUMBERED: readonly {
  readonly count: number
  readonly of: (n: number) => bigint
  readonly name: (n: number) => string
}[] = [
  { count: 31, of: xRegister, name: n => `X${n}` },
  { count: 32, of: vRegister, name: n => `V${n}` },
  { count: 31, of: eventCounter, name: n => `PMEVCNTR${n}_EL0` },
  { count: 31, of: eventType, name: n => `PMEVTYPER${n}_EL0` },
]
