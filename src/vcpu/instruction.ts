import { registerName } from './esr.ts'

/*
 * A disassembler for the instructions that end a guest or hold it up: loads and stores, cache
 * maintenance by address, waiting, calls, and branches to themselves. Arm DDI 0487, C4.1.
 */

/** Bits `high` to `low`. */
type Bits = (high: number, low: number) => number

/** @returns what it is in assembly, or nothing if its bits mean something else */
type Decoder = (bits: Bits, word: number) => string | undefined

/** An instruction in assembly; undefined if it is none of those known here. Takes any 32 bits. */
export function disassemble(word: number): string | undefined {
  const bits: Bits = (high, low) => (word >>> low) & (2 ** (high - low + 1) - 1)
  for (const decode of DECODERS) {
    const text = decode(bits, word)
    if (text !== undefined) return text
  }
  return undefined
}

const signed = (value: number, width: number): number =>
  value >= 2 ** (width - 1) ? value - 2 ** width : value

/** 31 is the stack pointer where it is an address. */
const base = (bits: Bits): string => (bits(9, 5) === 31 ? 'sp' : `x${bits(9, 5)}`)

const offset = (value: number): string => (value === 0 ? '' : `, #${value}`)

/** `[x2, #16]`, `[x2], #16` or `[x2, #16]!`. */
function address(bits: Bits, mode: 'offset' | 'post' | 'pre', value: number): string {
  if (mode === 'post') return `[${base(bits)}], #${value}`
  return mode === 'pre' ? `[${base(bits)}, #${value}]!` : `[${base(bits)}${offset(value)}]`
}

/** Of SIMD registers of 1 byte, 2, 4, 8 and 16. */
const VECTOR_LETTERS = 'bhsdq'

const waiting: Decoder = (_, word) => HINTS[word]

const HINTS: Readonly<Record<number, string>> = {
  0xd503201f: 'nop',
  0xd503203f: 'yield',
  0xd503205f: 'wfe',
  0xd503207f: 'wfi',
  0xd69f03e0: 'eret',
}

const call: Decoder = (bits, word) => {
  if (word >>> 16 === 0) return `udf #0x${bits(15, 0).toString(16)}`
  const name = CALLS[(word & 0xffe0001f) >>> 0]
  return name && `${name} #0x${bits(20, 5).toString(16)}`
}

const CALLS: Readonly<Record<number, string>> = {
  0xd4000001: 'svc',
  0xd4000002: 'hvc',
  0xd4000003: 'smc',
  0xd4200000: 'brk',
  0xd4400000: 'hlt',
}

/** `b .` is how programs hang on purpose; the others are told by where they lead from here. */
const branch: Decoder = bits => {
  if (bits(30, 26) !== 0b00101) return undefined
  const distance = signed(bits(25, 0), 26) * 4
  const to =
    distance === 0 ? '.' : `.${distance > 0 ? '+' : '-'}0x${Math.abs(distance).toString(16)}`
  return `${bits(31, 31) === 1 ? 'bl' : 'b'} ${to}`
}

/** System instructions that access memory, by op1, CRm and op2; CRn is 7. */
const CACHE: Readonly<Record<string, string>> = {
  '0,6,1': 'dc ivac',
  '3,4,1': 'dc zva',
  '3,4,3': 'dc gva',
  '3,4,4': 'dc gzva',
  '3,5,1': 'ic ivau',
  '3,10,1': 'dc cvac',
  '3,11,1': 'dc cvau',
  '3,12,1': 'dc cvap',
  '3,14,1': 'dc civac',
}

const cache: Decoder = bits => {
  if (bits(31, 19) !== 0b1101010100001 || bits(15, 12) !== 7) return undefined
  const name = CACHE[[bits(18, 16), bits(11, 8), bits(7, 5)].join(',')]
  return name && `${name}, ${registerName(bits(4, 0), true)}`
}

/** How the address is made, of pairs and of single registers; the first of each is without a hint or unscaled. */
const MODES = ['offset', 'post', 'offset', 'pre'] as const

const pair: Decoder = bits => {
  if (bits(29, 27) !== 0b101 || bits(25, 25) !== 0) return undefined
  const [opc, vector, mode] = [bits(31, 30), bits(26, 26) === 1, bits(24, 23)]
  const isLoad = bits(22, 22) === 1
  // Of the four, the second general one is LDPSW, and the last is none.
  const isSigned = !vector && opc === 1
  if (opc === 3 || (isSigned && (!isLoad || mode === 0))) return undefined
  const scale = vector ? 2 + opc : isSigned || opc === 0 ? 2 : 3
  const name = `${isLoad ? 'ld' : 'st'}${mode === 0 ? 'n' : ''}p${isSigned ? 'sw' : ''}`
  const register = (number: number) =>
    vector ? `${VECTOR_LETTERS[scale] ?? ''}${number}` : registerName(number, isSigned || opc === 2)
  const value = signed(bits(21, 15), 7) * 2 ** scale
  const where = address(bits, MODES[mode] ?? 'offset', value)
  return `${name} ${register(bits(4, 0))}, ${register(bits(14, 10))}, ${where}`
}

const single: Decoder = bits => {
  if (bits(29, 27) !== 0b111 || bits(25, 25) !== 0) return undefined
  const isScaled = bits(24, 24) === 1
  if (!isScaled && bits(21, 21) === 1 && bits(11, 10) !== 2) return atomic(bits)
  const form = !isScaled && bits(21, 21) === 0 ? bits(11, 10) : undefined
  const target = singleTarget(bits, form)
  if (target === undefined) return undefined
  if (isScaled)
    return `${target.text}, ${address(bits, 'offset', bits(21, 10) * 2 ** target.scale)}`
  if (form === undefined) {
    const index = indexRegister(bits, target.scale)
    return index && `${target.text}, [${base(bits)}, ${index}]`
  }
  return `${target.text}, ${address(bits, MODES[form] ?? 'offset', signed(bits(20, 12), 9))}`
}

/** Mnemonic and register of a load or store of one register; `scale` is log2 of its bytes. */
function singleTarget(bits: Bits, form: number | undefined) {
  const [size, opc, rt] = [bits(31, 30), bits(23, 22), bits(4, 0)]
  const infix = form === 0 ? 'u' : form === 2 ? 't' : ''
  if (bits(26, 26) === 1) {
    const scale = opc >= 2 ? 4 : size
    if ((opc >= 2 && size !== 0) || form === 2) return undefined
    return {
      scale,
      text: `${(opc & 1) === 1 ? 'ld' : 'st'}${infix}r ${VECTOR_LETTERS[scale] ?? ''}${rt}`,
    }
  }
  // Prefetches, and what is none.
  if (opc >= 2 && size + opc >= 5) return undefined
  const suffix = ['b', 'h', opc >= 2 ? 'w' : '', ''][size] ?? ''
  const name = `${opc === 0 ? 'st' : 'ld'}${infix}r${opc >= 2 ? 's' : ''}${suffix}`
  return { scale: size, text: `${name} ${registerName(rt, opc === 2 || size === 3)}` }
}

function indexRegister(bits: Bits, scale: number): string | undefined {
  const option = bits(15, 13)
  const extension = EXTENSIONS[option]
  if (extension === undefined) return undefined
  const index = registerName(bits(20, 16), (option & 1) === 1)
  if (bits(12, 12) === 1) return `${index}, ${extension} #${scale}`
  return extension === 'lsl' ? index : `${index}, ${extension}`
}

/** How an index register of 32 or 64 bits becomes an offset. */
const EXTENSIONS: Readonly<Record<number, string>> = { 2: 'uxtw', 3: 'lsl', 6: 'sxtw', 7: 'sxtx' }

const ATOMICS = [
  'ldadd',
  'ldclr',
  'ldeor',
  'ldset',
  'ldsmax',
  'ldsmin',
  'ldumax',
  'ldumin',
] as const

function atomic(bits: Bits): string | undefined {
  if (bits(26, 26) === 1 || bits(11, 10) !== 0) return undefined
  const name = bits(15, 15) === 0 ? ATOMICS[bits(14, 12)] : bits(14, 12) === 0 ? 'swp' : undefined
  if (name === undefined) return undefined
  const is64 = bits(31, 30) === 3
  const size = ['b', 'h', '', ''][bits(31, 30)] ?? ''
  const ordering = `${bits(23, 23) === 1 ? 'a' : ''}${bits(22, 22) === 1 ? 'l' : ''}`
  const [source, target] = [registerName(bits(20, 16), is64), registerName(bits(4, 0), is64)]
  return `${name}${ordering}${size} ${source}, ${target}, [${base(bits)}]`
}

/** Exclusive and ordered accesses of one register, and compare-and-swap. */
const exclusive: Decoder = bits => {
  if (bits(29, 24) !== 0b001000) return undefined
  const [isOrdered, isLoad, o1, o0] = [23, 22, 21, 15].map(at => bits(at, at) === 1)
  const is64 = bits(31, 30) === 3
  const size = ['b', 'h', '', ''][bits(31, 30)] ?? ''
  const target = registerName(bits(4, 0), is64)
  const other = registerName(bits(20, 16), is64)
  if (o1) {
    if (!isOrdered || bits(14, 10) !== 31) return undefined
    return `cas${isLoad ? 'a' : ''}${o0 ? 'l' : ''}${size} ${other}, ${target}, [${base(bits)}]`
  }
  if (isOrdered)
    return o0 ? `${isLoad ? 'lda' : 'stl'}r${size} ${target}, [${base(bits)}]` : undefined
  if (isLoad) return `ld${o0 ? 'a' : ''}xr${size} ${target}, [${base(bits)}]`
  const status = registerName(bits(20, 16), false)
  return `st${o0 ? 'l' : ''}xr${size} ${status}, ${target}, [${base(bits)}]`
}

const literal: Decoder = bits => {
  if (bits(29, 27) !== 0b011 || bits(25, 24) !== 0) return undefined
  const distance = signed(bits(23, 5), 19) * 4
  const opc = bits(31, 30)
  const register =
    bits(26, 26) === 1
      ? `${VECTOR_LETTERS[opc + 2] ?? ''}${bits(4, 0)}`
      : registerName(bits(4, 0), opc !== 0)
  if (opc === 3) return undefined
  const name = opc === 2 && bits(26, 26) === 0 ? 'ldrsw' : 'ldr'
  return `${name} ${register}, .${distance < 0 ? '-' : '+'}0x${Math.abs(distance).toString(16)}`
}

/** The opcodes of those that load and store whole registers. */
const STRUCTURES: readonly number[] = [0, 2, 4, 6, 7, 8, 10]

/** LD1 to LD4 and ST1 to ST4, by their kind only. */
const structures: Decoder = bits => {
  if (bits(31, 31) !== 0 || bits(29, 25) !== 0b00110) return undefined
  const isWhole = bits(24, 24) === 0
  if (isWhole && (bits(21, 21) === 1 || !STRUCTURES.includes(bits(15, 12)))) return undefined
  const name = bits(22, 22) === 1 ? 'a load' : 'a store'
  return `${name} of vector structures, [${base(bits)}]`
}

const DECODERS: readonly Decoder[] = [
  waiting,
  call,
  branch,
  cache,
  pair,
  single,
  exclusive,
  literal,
  structures,
]
