import { CORE_REGISTERS, SYSTEM_REGISTERS, xRegister, type VcpuFd } from '../ioctl/index.ts'

/** Its registers other than the general-purpose ones, as far as they tell where a vCPU is, and why. */
const SPECIAL = {
  PC: CORE_REGISTERS.PC(),
  PSTATE: CORE_REGISTERS.PSTATE(),
  SP_EL0: CORE_REGISTERS.SP(),
  SP_EL1: CORE_REGISTERS.SP_EL1(),
  ESR_EL1: SYSTEM_REGISTERS.ESR_EL1,
  ELR_EL1: CORE_REGISTERS.ELR_EL1(),
  FAR_EL1: SYSTEM_REGISTERS.FAR_EL1,
  SPSR_EL1: CORE_REGISTERS.SPSR_EL1(),
  VBAR_EL1: SYSTEM_REGISTERS.VBAR_EL1,
  SCTLR_EL1: SYSTEM_REGISTERS.SCTLR_EL1,
  TCR_EL1: SYSTEM_REGISTERS.TCR_EL1,
  TTBR0_EL1: SYSTEM_REGISTERS.TTBR0_EL1,
  TTBR1_EL1: SYSTEM_REGISTERS.TTBR1_EL1,
} as const

type SpecialName = keyof typeof SPECIAL

/** Where a vCPU is, the last exception it took to EL1, and how it sees memory. */
export type VcpuState = Readonly<Record<SpecialName, bigint>> & {
  /** X0 to X30. */
  readonly X: readonly bigint[]
}

export const SPECIAL_REGISTERS = Object.keys(SPECIAL) as readonly SpecialName[]

/** Reads where a vCPU is. Its thread must have ended: KVM answers nobody else while it runs. */
export function readVcpuState(vcpu: VcpuFd): VcpuState {
  const special = Object.entries(SPECIAL).map(([name, id]) => [name, vcpu.getOneReg(id)] as const)
  return {
    X: Array.from({ length: 31 }, (_, n) => vcpu.getOneReg(xRegister(n))),
    ...(Object.fromEntries(special) as Record<SpecialName, bigint>),
  }
}

/** What KVM resets ESR_EL1, and others that reset to nothing, to. arch/arm64/kvm/sys_regs.c, reset_unknown() (v6.12). */
const NEVER_WRITTEN = 0x1de7ec7edbadc0den

/** Whether the vCPU has taken an exception to EL1 that ESR_EL1 tells of; an interrupt is none. */
export function hasTakenException({ ESR_EL1 }: Pick<VcpuState, 'ESR_EL1'>): boolean {
  return ESR_EL1 !== NEVER_WRITTEN
}
