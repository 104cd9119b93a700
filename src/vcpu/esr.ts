import { EXCEPTION_CLASSES, FAULT_STATUS, LEVELED_FAULTS, SERROR_TYPES } from './esr-tables.ts'

/** ESR_ELx taken apart. */
export interface Syndrome {
  /** EC. */
  readonly exceptionClass: number
  /** What the class is called; its number if the architecture has given it no meaning. */
  readonly name: string
  /** IL: bytes of the instruction. */
  readonly instructionLength: 2 | 4
  /** ISS, 25 bits. */
  readonly iss: number
  /** What the ISS says, in words; nothing if it says nothing of use. */
  readonly details: readonly string[]
}

/** What the ISS of a class says. */
type Details = (iss: number) => string[]

const bit = (value: number, at: number): boolean => ((value >>> at) & 1) === 1

/** Bits `high` to `low`. */
const bits = (value: number, high: number, low: number): number =>
  (value >>> low) & ((1 << (high - low + 1)) - 1)

/**
 * What an exception syndrome register says. Takes any value.
 *
 * @see Arm DDI 0487, D24.2.40 ESR_EL1
 */
export function decodeSyndrome(esr: bigint): Syndrome {
  const low = Number(esr & 0xffff_ffffn)
  const exceptionClass = bits(low, 31, 26)
  const iss = bits(low, 24, 0)
  return {
    exceptionClass,
    name: EXCEPTION_CLASSES[exceptionClass] ?? 'a reserved exception class',
    instructionLength: bit(low, 25) ? 4 : 2,
    iss,
    details: DETAILS[exceptionClass]?.(iss) ?? [],
  }
}

/** An exception syndrome in a few words: `data abort (EC 0x25): translation fault, level 1; read`. */
export function describeSyndrome(esr: bigint): string {
  const { exceptionClass, name, details } = decodeSyndrome(esr)
  const head = `${name} (EC 0x${exceptionClass.toString(16)})`
  return details.length === 0 ? head : `${head}: ${details.join('; ')}`
}

/** What a fault status code (DFSC, IFSC) says. */
function describeFault(code: number): string {
  const level = code & 3
  if (code === 0x12 || code === 0x13)
    return `synchronous external abort on a table walk, level ${code - 0x14}`
  const leveled = LEVELED_FAULTS[code - level]
  if (leveled !== undefined) return `${leveled}, level ${level}`
  return FAULT_STATUS[code] ?? `reserved fault status 0x${code.toString(16)}`
}

/** The access a data abort was taken on, as far as its ISS says. */
export function describeAccess(iss: number): string {
  if (bit(iss, 8)) return 'cache maintenance'
  const write = bit(iss, 6)
  // ISV: whether SAS, SRT and SF hold something. They do where KVM can emulate an access.
  if (!bit(iss, 24)) return write ? 'write' : 'read'
  const bytes = 1 << bits(iss, 23, 22)
  const register = registerName(bits(iss, 20, 16), bit(iss, 15))
  const size = bytes === 1 ? '1 byte' : `${bytes} bytes`
  return write ? `write of ${size} from ${register}` : `read of ${size} to ${register}`
}

/** The name of a general-purpose register as an operand; 31 is the zero register. */
export function registerName(number: number, is64: boolean): string {
  const letter = is64 ? 'x' : 'w'
  return number === 31 ? `${letter}zr` : `${letter}${number}`
}

const dataAbort: Details = iss => [
  describeFault(bits(iss, 5, 0)),
  describeAccess(iss),
  ...(bit(iss, 7) ? ["on the second stage of the guest's own walk"] : []),
  ...(isFarInvalid(iss) ? ['FAR_EL1 is not valid'] : []),
]

const instructionAbort: Details = iss => [
  describeFault(bits(iss, 5, 0)),
  ...(isFarInvalid(iss) ? ['FAR_EL1 is not valid'] : []),
]

/** FnV, which only external aborts set. */
function isFarInvalid(iss: number): boolean {
  return bits(iss, 5, 0) === 0x10 && bit(iss, 10)
}

/** SVC, HVC, SMC, BRK and their like: the number in the instruction. */
const immediate: Details = iss => [`#0x${bits(iss, 15, 0).toString(16)}`]

/** MSR, MRS and system instructions, which have names only in Arm's tables. */
const systemRegister: Details = iss => {
  const [op0, op2, op1] = [bits(iss, 21, 20), bits(iss, 19, 17), bits(iss, 16, 14)]
  const [crn, rt, crm] = [bits(iss, 13, 10), bits(iss, 9, 5), bits(iss, 4, 1)]
  const name = `s${op0}_${op1}_c${crn}_c${crm}_${op2}`
  const register = registerName(rt, true)
  return [bit(iss, 0) ? `mrs ${register}, ${name}` : `msr ${name}, ${register}`]
}

const waiting: Details = iss => [['WFI', 'WFE', 'WFIT', 'WFET'][bits(iss, 1, 0)] ?? '']

const serror: Details = iss => {
  if (bit(iss, 24)) return [`of this implementation, 0x${bits(iss, 23, 0).toString(16)}`]
  // DFSC 0x11: the only one for which AET is there.
  if (bits(iss, 5, 0) !== 0x11) return []
  return [SERROR_TYPES[bits(iss, 12, 10)] ?? 'of a reserved type']
}

const DETAILS: Readonly<Record<number, Details>> = {
  0x01: waiting,
  0x15: immediate,
  0x16: immediate,
  0x17: immediate,
  0x18: systemRegister,
  0x20: instructionAbort,
  0x21: instructionAbort,
  0x24: dataAbort,
  0x25: dataAbort,
  0x2f: serror,
  0x38: immediate,
  0x3c: immediate,
}
