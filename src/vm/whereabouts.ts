import { describeSyndrome } from '../vcpu/esr.ts'
import { disassemble } from '../vcpu/instruction.ts'
import { hasTakenException, type VcpuState } from '../vcpu/state.ts'
import { translate } from '../vcpu/translate.ts'

/** An instruction of the guest, where its memory is readable. */
export interface Instruction {
  /** As the guest sees it. */
  readonly address: bigint
  /** Missing where the address is not mapped, or is no RAM. */
  readonly word?: number
  /** In assembly; missing if it is none of those tsvmm knows. */
  readonly text?: string
}

/** Where a vCPU was when the run ended. */
export interface Whereabouts {
  readonly registers: VcpuState
  /** The instruction at PC, which is to be executed next. */
  readonly next: Instruction
  /** The last exception the guest took to EL1, interrupts aside, and what caused it. */
  readonly exception?: { readonly text: string; readonly at: Instruction }
}

/** Guest physical memory; nothing where not all of it is RAM. */
export type ReadRam = (address: bigint, length: number) => Buffer | undefined

/** Finds out what a vCPU in this state was doing. */
export function locate(registers: VcpuState, readRam: ReadRam): Whereabouts {
  const instructionAt = (address: bigint): Instruction => {
    const physical = translate(address, registers, at => readRam(at, 8)?.readBigUInt64LE())
    const word = physical === undefined ? undefined : readRam(physical, 4)?.readUInt32LE()
    if (word === undefined) return { address }
    const text = disassemble(word)
    return { address, word, ...(text !== undefined && { text }) }
  }
  return {
    registers,
    next: instructionAt(registers.PC),
    ...(hasTakenException(registers) && {
      exception: {
        text: describeSyndrome(registers.ESR_EL1),
        at: instructionAt(registers.ELR_EL1),
      },
    }),
  }
}
