import type { VcpuState } from '../../../src/vcpu/state.ts'

/** The registers of a vCPU after its reset, but for these. */
export function madeState(registers: Partial<VcpuState>): VcpuState {
  return {
    X: new Array<bigint>(31).fill(0n),
    PC: 0x8008_0000n,
    PSTATE: 0x3c5n,
    SP_EL0: 0n,
    SP_EL1: 0n,
    ESR_EL1: 0x1de7_ec7e_dbad_c0den,
    ELR_EL1: 0n,
    FAR_EL1: 0x1de7_ec7e_dbad_c0den,
    SPSR_EL1: 0n,
    VBAR_EL1: 0n,
    SCTLR_EL1: 0xc5_0078n,
    TCR_EL1: 0n,
    TTBR0_EL1: 0n,
    TTBR1_EL1: 0n,
    ...registers,
  }
}
