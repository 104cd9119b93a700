import { at, reg, type AddressRange } from './registers.ts'
import { node, type FdtNode } from './tree.ts'

/** The devices by which a guest ends otherwise than by PSCI; what is left out is not there. */
export interface EndingDescription {
  readonly pvpanic?: AddressRange
  readonly exitDevice?: AddressRange
}

/** @see Documentation/devicetree/bindings/misc/pvpanic-mmio.txt (v6.12) */
export function endingNodes({ pvpanic, exitDevice }: EndingDescription): FdtNode[] {
  return [
    ...(pvpanic ? [node(at('pvpanic', pvpanic), device('qemu,pvpanic-mmio', pvpanic))] : []),
    ...(exitDevice ? [node(at('exit', exitDevice), device('tsvmm,exit', exitDevice))] : []),
  ]
}

function device(compatible: string, registers: AddressRange) {
  return { compatible, reg: reg(registers) }
}
