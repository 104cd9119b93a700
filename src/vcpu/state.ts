import { CORE_REGISTERS, SYSTEM_REGISTERS, type VcpuFd } from '../ioctl/index.ts'

/** Where a vCPU is: the program counter, and the last exception it took to EL1. */
export interface VcpuState {
  readonly PC: bigint
  readonly PSTATE: bigint
  readonly ESR_EL1: bigint
  readonly ELR_EL1: bigint
  readonly FAR_EL1: bigint
}

/** Reads where a vCPU is. Its thread must have ended: KVM answers nobody else while it runs. */
export function readVcpuState(vcpu: VcpuFd): VcpuState {
  return {
    PC: vcpu.getOneReg(CORE_REGISTERS.PC()),
    PSTATE: vcpu.getOneReg(CORE_REGISTERS.PSTATE()),
    ESR_EL1: vcpu.getOneReg(SYSTEM_REGISTERS.ESR_EL1),
    ELR_EL1: vcpu.getOneReg(CORE_REGISTERS.ELR_EL1()),
    FAR_EL1: vcpu.getOneReg(SYSTEM_REGISTERS.FAR_EL1),
  }
}
