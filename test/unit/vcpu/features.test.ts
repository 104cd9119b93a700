import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CapabilityName } from '../../../src/ioctl/index.ts'
import {
  checkCpuRequest,
  chooseFeatures,
  limitLengths,
  WHOLE_CPU,
} from '../../../src/vcpu/features.ts'

const SVE = 'KVM_CAP_ARM_SVE'
const PTRAUTH = ['KVM_CAP_ARM_PTRAUTH_ADDRESS', 'KVM_CAP_ARM_PTRAUTH_GENERIC'] as const
const host =
  (...capabilities: CapabilityName[]) =>
  (asked: CapabilityName) =>
    capabilities.includes(asked)

describe('chooseFeatures', () => {
  it.each<[string, CapabilityName[], string[]]>([
    ['nothing of a host that has nothing', [], []],
    ['SVE', [SVE], ['KVM_ARM_VCPU_SVE']],
    [
      'both kinds of pointer authentication',
      [...PTRAUTH],
      ['KVM_ARM_VCPU_PTRAUTH_ADDRESS', 'KVM_ARM_VCPU_PTRAUTH_GENERIC'],
    ],
    ['neither of them where there is only one', [PTRAUTH[0]], []],
  ])('takes %s', (_, capabilities, chosen) => {
    expect(chooseFeatures(WHOLE_CPU, host(...capabilities))).toEqual(chosen)
  })

  it('leaves out what is not wanted', () => {
    const request = { ...WHOLE_CPU, sve: false, pointerAuth: false }

    expect(chooseFeatures(request, host(SVE, ...PTRAUTH))).toEqual([])
  })

  it('does not do without vectors that were asked for', () => {
    expect(() => chooseFeatures({ ...WHOLE_CPU, sveMaxVl: 256 }, host())).toThrow(
      expect.objectContaining({
        code: 'TSVMM_HOST_CAPABILITY',
        message: '--sve-max-vl 256: KVM here has no SVE',
      }),
    )
  })
})

describe('checkCpuRequest', () => {
  it.each([128, 384, 2048])('takes vectors of %i bits', sveMaxVl => {
    expect(() => {
      checkCpuRequest({ ...WHOLE_CPU, sveMaxVl })
    }).not.toThrow()
  })

  it.each([1, 100, 129, 2176, 2 ** 40])('refuses vectors of %i bits', sveMaxVl => {
    expect(() => {
      checkCpuRequest({ ...WHOLE_CPU, sveMaxVl })
    }).toThrow(`SVE has no vectors of ${sveMaxVl} bits`)
  })

  it('refuses the longest of no vectors', () => {
    expect(() => {
      checkCpuRequest({ ...WHOLE_CPU, sve: false, sveMaxVl: 128 })
    }).toThrow('--sve-max-vl 128 and --disable-sve contradict each other')
  })
})

describe('limitLengths', () => {
  const register = (...bits: number[]) => {
    const lengths = Buffer.alloc(64)
    for (const n of bits.map(bits => bits / 128 - 1)) lengths[n >> 3]! |= 1 << (n & 7)
    return lengths
  }

  it('leaves out what is longer', () => {
    expect(limitLengths(register(128, 256, 512, 2048), 512)).toEqual(register(128, 256, 512))
  })

  it('says what there is', () => {
    expect(() => limitLengths(register(128, 256, 512), 384)).toThrow(
      expect.objectContaining({
        message: '--sve-max-vl 384: KVM here has no such vectors',
        why: 'there are vectors of 128, 256, 512 bits',
        try: ['--sve-max-vl 512    # the longest'],
      }),
    )
  })

  it('gives a subset that ends with what was asked for', () => {
    const lengths = fc.uniqueArray(fc.integer({ min: 1, max: 512 }), { minLength: 1 })
    fc.assert(
      fc.property(lengths, fc.nat(), (quads, pick) => {
        const all = quads.map(n => 128 * n)
        const most = all[pick % all.length]!

        expect(limitLengths(register(...all), most)).toEqual(
          register(...all.filter(bits => bits <= most)),
        )
      }),
    )
  })
})
