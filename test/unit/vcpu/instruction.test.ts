import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { disassemble } from '../../../src/vcpu/instruction.ts'

/* The words are what binutils assembles these lines to. */
describe('disassemble', () => {
  it.each([
    [0xa9400440, 'ldp x0, x1, [x2]'],
    [0x297f13e3, 'ldp w3, w4, [sp, #-8]'],
    [0xa9be7bfd, 'stp x29, x30, [sp, #-32]!'],
    [0xa8c10440, 'ldp x0, x1, [x2], #16'],
    [0x694098e5, 'ldpsw x5, x6, [x7, #4]'],
    [0xa8010440, 'stnp x0, x1, [x2, #16]'],
    [0xad010440, 'stp q0, q1, [x2, #32]'],
    [0x6d400440, 'ldp d0, d1, [x2]'],
    [0xf9400521, 'ldr x1, [x9, #8]'],
    [0x39400521, 'ldrb w1, [x9, #1]'],
    [0x7900053f, 'strh wzr, [x9, #2]'],
    [0xb9800441, 'ldrsw x1, [x2, #4]'],
    [0x39c00041, 'ldrsb w1, [x2]'],
    [0xb8004441, 'str w1, [x2], #4'],
    [0xf85f8c41, 'ldr x1, [x2, #-8]!'],
    [0xf85f8041, 'ldur x1, [x2, #-8]'],
    [0xb8000841, 'sttr w1, [x2]'],
    [0x3dc00483, 'ldr q3, [x4, #16]'],
    [0x3d000083, 'str b3, [x4]'],
    [0xf8636841, 'ldr x1, [x2, x3]'],
    [0xf8637841, 'ldr x1, [x2, x3, lsl #3]'],
    [0xb863d841, 'ldr w1, [x2, w3, sxtw #2]'],
    [0x38234841, 'strb w1, [x2, w3, uxtw]'],
    [0xc85f7c20, 'ldxr x0, [x1]'],
    [0xc802fc20, 'stlxr w2, x0, [x1]'],
    [0x88dffc20, 'ldar w0, [x1]'],
    [0x089ffc20, 'stlrb w0, [x1]'],
    [0xc8a07c41, 'cas x0, x1, [x2]'],
    [0x48e0fc41, 'casalh w0, w1, [x2]'],
    [0xb8200041, 'ldadd w0, w1, [x2]'],
    [0xf8e08041, 'swpal x0, x1, [x2]'],
    [0xd50b7420, 'dc zva, x0'],
    [0xd50b7e21, 'dc civac, x1'],
    [0xd50b7522, 'ic ivau, x2'],
    [0xd503207f, 'wfi'],
    [0xd503205f, 'wfe'],
    [0xd69f03e0, 'eret'],
    [0xd4000001, 'svc #0x0'],
    [0xd4000022, 'hvc #0x1'],
    [0xd4000003, 'smc #0x0'],
    [0xd4210000, 'brk #0x800'],
    [0x00000000, 'udf #0x0'],
    [0x14000000, 'b .'],
    [0x94000002, 'bl .+0x8'],
    [0x17ffffff, 'b .-0x4'],
  ])('%i is %s', (word, text) => {
    expect(disassemble(word)).toBe(text)
  })

  it.each([0x8b000000, 0xd2800000, 0xd5033fdf, 0xffffffff])('%i is none it knows', word => {
    expect(disassemble(word)).toBeUndefined()
  })

  it('says something or nothing of every word, in one line', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), word => {
        expect(disassemble(word) ?? 'nothing').toMatch(/^[a-z][\w ,.#[\]!+-]*$/)
      }),
    )
  })
})
