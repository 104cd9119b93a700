import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeSyndrome, describeAccess, describeSyndrome } from '../../../src/vcpu/esr.ts'

describe('describeSyndrome', () => {
  it.each([
    // What Linux prints of a null pointer that is read: "ESR = 0x0000000096000004".
    [0x9600_0004n, 'data abort (EC 0x25): translation fault, level 0; read'],
    [0x9600_0045n, 'data abort (EC 0x25): translation fault, level 1; write'],
    [0x9600_0010n, 'data abort (EC 0x25): synchronous external abort (nothing is there); read'],
    [
      0x9600_0410n,
      'data abort (EC 0x25): synchronous external abort (nothing is there); read; FAR_EL1 is not valid',
    ],
    [0x9600_0061n, 'data abort (EC 0x25): alignment fault; write'],
    [0x9600_0147n, 'data abort (EC 0x25): translation fault, level 3; cache maintenance'],
    [
      0x93c3_8007n,
      'data abort from a lower exception level (EC 0x24): translation fault, level 3; read of 8 bytes to x3',
    ],
    [
      0x920f_004fn,
      'data abort from a lower exception level (EC 0x24): permission fault, level 3; write',
    ],
    [0x8600_0010n, 'instruction abort (EC 0x21): synchronous external abort (nothing is there)'],
    [
      0x8200_000fn,
      'instruction abort from a lower exception level (EC 0x20): permission fault, level 3',
    ],
    [
      0x9600_0013n,
      'data abort (EC 0x25): synchronous external abort on a table walk, level -1; read',
    ],
    [0x5600_0000n, 'SVC (EC 0x15): #0x0'],
    [0x5a00_0001n, 'HVC (EC 0x16): #0x1'],
    [0x5e00_0000n, 'SMC (EC 0x17): #0x0'],
    // Linux' BUG().
    [0xf200_0800n, 'BRK (EC 0x3c): #0x800'],
    [0x8a00_0000n, 'misaligned PC (EC 0x22)'],
    [0x9a00_0000n, 'misaligned SP (EC 0x26)'],
    [0x3a00_0000n, 'illegal execution state (EC 0xe)'],
    [0x0200_0000n, 'unknown reason (an undefined instruction, mostly) (EC 0x0)'],
    // mrs x5, pmccntr_el0: op0 3, op1 3, CRn 9, CRm 13, op2 0.
    [
      0x6200_0000n | BigInt((3 << 20) | (3 << 14) | (9 << 10) | (5 << 5) | (13 << 1) | 1),
      'trapped MSR, MRS or system instruction (EC 0x18): mrs x5, s3_3_c9_c13_0',
    ],
    [
      0x6200_0000n | BigInt((3 << 20) | (4 << 17) | (3 << 14) | (9 << 10) | (31 << 5) | (12 << 1)),
      'trapped MSR, MRS or system instruction (EC 0x18): msr s3_3_c9_c12_4, xzr',
    ],
    [0x0600_0001n, 'trapped WFI or WFE (EC 0x1): WFE'],
    [0xbe00_0011n, 'SError interrupt (EC 0x2f): uncontainable'],
    [0xbf00_0001n, 'SError interrupt (EC 0x2f): of this implementation, 0x1'],
    [0xfe00_0000n, 'a reserved exception class (EC 0x3f)'],
  ])('of %o', (esr, text) => {
    expect(describeSyndrome(esr)).toBe(text)
  })

  it('says something of every value, in one line', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), esr => {
        expect(describeSyndrome(esr)).toMatch(/^\S.* \(EC 0x[0-9a-f]{1,2}\)(: \S.*)?$/)
      }),
    )
  })
})

describe('decodeSyndrome', () => {
  it('takes the fields apart that all classes have, and nothing above them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0x3f }),
        fc.boolean(),
        fc.integer({ min: 0, max: 2 ** 25 - 1 }),
        fc.bigInt(0n, 2n ** 32n - 1n),
        (exceptionClass, il, iss, above) => {
          const low = BigInt(exceptionClass * 2 ** 26 + Number(il) * 2 ** 25 + iss)
          expect(decodeSyndrome((above << 32n) | low)).toMatchObject({
            exceptionClass,
            instructionLength: il ? 4 : 2,
            iss,
          })
        },
      ),
    )
  })
})

describe('describeAccess', () => {
  const valid = (size: number, register: number, is64: boolean, write: boolean) =>
    (1 << 24) | (size << 22) | (register << 16) | (Number(is64) << 15) | (Number(write) << 6)

  it.each([
    [valid(0, 0, false, true), 'write of 1 byte from w0'],
    [valid(1, 30, false, false), 'read of 2 bytes to w30'],
    [valid(2, 31, false, true), 'write of 4 bytes from wzr'],
    [valid(3, 7, true, false), 'read of 8 bytes to x7'],
    [0, 'read'],
    [0x40, 'write'],
    [0x140, 'cache maintenance'],
  ])('of ISS %i', (iss, text) => {
    expect(describeAccess(iss)).toBe(text)
  })
})
