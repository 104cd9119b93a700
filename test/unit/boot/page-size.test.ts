import { describe, expect, test } from 'vitest'
import { checkPageSize } from '../../../src/boot/page-size.ts'

/* ID_AA64MMFR0_EL1 as the cores have it. */
const CORTEX_A57 = 0x1124n
const NEOVERSE_N1 = 0x10_1125n
/** 52-bit addresses with 4 and 16 KiB pages, and no 64 KiB. */
const LPA2 = 0x1f20_1126n
/** Like Apple's: no 64 KiB. */
const NO_64K = 0x0f10_0003n
const NO_4K = 0xf010_0005n

describe('a kernel is refused if it needs pages that the CPUs do not have', () => {
  test.each([
    ['Cortex-A57', CORTEX_A57, [4096, 65536]],
    ['Neoverse N1', NEOVERSE_N1, [4096, 16384, 65536]],
    ['one with LPA2', LPA2, [4096, 16384]],
    ['one without 64 KiB', NO_64K, [4096, 16384]],
    ['one without 4 KiB', NO_4K, [16384, 65536]],
  ])('%s', (_, mmfr0, sizes) => {
    const taken = ([4096, 16384, 65536] as const).filter(size => {
      try {
        checkPageSize('Image', size, mmfr0)
        return true
      } catch {
        return false
      }
    })
    expect(taken).toEqual(sizes)
  })

  test('in a sentence that says what they have', () => {
    expect(() => {
      checkPageSize('Image', 16384, CORTEX_A57)
    }).toThrow(
      expect.objectContaining({
        code: 'TSVMM_IMAGE_FORMAT',
        message: 'Image is a kernel for pages of 16 KiB, which guests do not have on this host',
        why: 'the CPUs here have pages of 4 KiB and 64 KiB',
        try: ['build it with CONFIG_ARM64_4K_PAGES', 'build it with CONFIG_ARM64_64K_PAGES'],
      }),
    )
  })
})
