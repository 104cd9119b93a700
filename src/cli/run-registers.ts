import { SPECIAL_REGISTERS } from '../vcpu/state.ts'
import type { RunResult } from '../vm/run.ts'
import type { Instruction, Whereabouts } from '../vm/whereabouts.ts'

/** Registers in a line. */
const COLUMNS = 4

/** Of the longest name of a register. */
const NAME_WIDTH = 9

/**
 * The registers of the vCPU that ended the run, or of the first if the run was ended from outside:
 * lines for a person. Nothing if the guest ended by itself, or somebody pressed Ctrl-C.
 */
export function renderRegisters({
  outcome,
  vcpus,
}: Pick<RunResult, 'outcome' | 'vcpus'>): string[] {
  if (!['guest-error', 'kvm-error', 'timeout'].includes(outcome.kind)) return []
  const vcpu = 'vcpu' in outcome ? outcome.vcpu : 0
  const place = vcpus[vcpu]
  return place === undefined ? [] : [`tsvmm: vcpu ${vcpu}:`, ...renderPlace(place)]
}

function renderPlace({ registers, next, exception }: Whereabouts): string[] {
  const { X } = registers
  return [
    ...columns([
      ...X.map((value, n) => [`X${n}`, value] as const),
      ...SPECIAL_REGISTERS.map(name => [name, registers[name]] as const),
    ]),
    `  next instruction: ${renderInstruction(next)}`,
    exception === undefined
      ? '  no exception yet'
      : `  last exception: ${exception.text}, at ${renderInstruction(exception.at)}`,
  ]
}

function columns(registers: readonly (readonly [string, bigint])[]): string[] {
  const cells = registers.map(
    ([name, value]) => `${name.padEnd(NAME_WIDTH)} ${value.toString(16).padStart(16, '0')}`,
  )
  const rows = Math.ceil(cells.length / COLUMNS)
  return Array.from(
    { length: rows },
    (_, row) => `  ${cells.slice(row * COLUMNS, (row + 1) * COLUMNS).join('  ')}`,
  )
}

function renderInstruction({ address, word, text }: Instruction): string {
  const at = `0x${address.toString(16)}`
  if (word === undefined) return `${at}, which is no RAM or is not mapped`
  return `${at}: ${word.toString(16).padStart(8, '0')}${text === undefined ? '' : `  ${text}`}`
}
