import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeMidr, renderMidr } from '../../../src/host/index.ts'
import { MIDR_NAMES } from '../../../src/host/midr-names.ts'

describe('decodeMidr', () => {
  test('has every field and the names', () => {
    expect(decodeMidr(0x413fd0c1n)).toEqual({
      implementer: 0x41,
      variant: 3,
      architecture: 0xf,
      part: 0xd0c,
      revision: 1,
      implementerName: 'Arm',
      partName: 'Neoverse-N1',
    })
  })

  test('has no names for what nobody knows', () => {
    expect(decodeMidr(0xff0fabc0n)).toMatchObject({
      implementer: 0xff,
      part: 0xabc,
      implementerName: undefined,
      partName: undefined,
    })
  })

  test('undoes putting fields together, whatever is in the reserved half', () => {
    const nibble = fc.nat(0xf)
    fc.assert(
      fc.property(
        fc.nat(0xff),
        nibble,
        nibble,
        fc.nat(0xfff),
        nibble,
        fc.nat(2 ** 31 - 1),
        (implementer, variant, architecture, part, revision, reserved) => {
          const hex = [implementer, variant, architecture, part, revision]
            .map((value, i) => value.toString(16).padStart([2, 1, 1, 3, 1][i]!, '0'))
            .join('')

          expect(decodeMidr((BigInt(reserved) << 32n) | BigInt(`0x${hex}`))).toMatchObject({
            implementer,
            variant,
            architecture,
            part,
            revision,
          })
        },
      ),
    )
  })
})

describe('renderMidr', () => {
  test.each<[bigint, string]>([
    [0x410fd083n, 'Cortex-A72 r0p3 (Arm)'],
    [0x410fd034n, 'Cortex-A53 r0p4 (Arm)'],
    [0x411fd401n, 'Neoverse-V1 r1p1 (Arm)'],
    [0x611f0231n, 'Firestorm-M1 r1p1 (Apple)'],
    [0x503f0002n, 'X-Gene r3p2 (APM)'],
    [0xc00fac30n, 'Ampere-1 r0p0 (Ampere)'],
    [0x000f0510n, 'QEMU-max r0p0 (software)'],
    [0x410fabc0n, 'implementer 0x41, part 0xabc'],
    [0x690f0010n, 'implementer 0x69, part 0x001'],
    [0x01000010n, 'implementer 0x01, part 0x001'],
    [0n, 'implementer 0x00, part 0x000'],
  ])('%s is %s', (midr, text) => {
    expect(renderMidr(midr)).toBe(text)
  })

  test('tells cores apart that are not the same', () => {
    const core = fc
      .record({ implementer: fc.constantFrom(0x41, 0x61, 0xfe), part: fc.nat(0xfff) })
      .map(({ implementer, part }) => (BigInt(implementer) << 24n) | (BigInt(part) << 4n))
    fc.assert(
      fc.property(core, core, (a, b) => {
        expect(renderMidr(a) === renderMidr(b)).toBe(a === b)
      }),
    )
  })
})

test('no name is of a number that MIDR_EL1 has no room for', () => {
  for (const [implementer, { parts }] of Object.entries(MIDR_NAMES)) {
    expect(Number(implementer)).toBeLessThan(0x100)
    for (const part of Object.keys(parts)) expect(Number(part)).toBeLessThan(0x1000)
  }
})
