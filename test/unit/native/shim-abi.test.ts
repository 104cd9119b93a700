import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as abi from '../../../src/native/shim-abi.ts'

const header = readFileSync(new URL('../../../native-shims/tsvmm.h', import.meta.url), 'utf8')

/** `TSVMM_OP_IOCTL = 1` → [`IOCTL`, 1], for all of a prefix. */
function enumerators(prefix: string): Record<string, number> {
  const rows = header.matchAll(new RegExp(`\\b${prefix}_(\\w+) = (\\d+)`, 'g'))
  return Object.fromEntries([...rows].map(([, name = '', value]) => [name, Number(value)] as const))
}

describe('src/native/shim-abi.ts says what native-shims/tsvmm.h says', () => {
  it('the interface number', () => {
    expect(/#define TSVMM_SHIM_ABI (\d+)/.exec(header)?.[1]).toBe(String(abi.SHIM_ABI))
  })

  it('the frame', () => {
    expect(/#define TSVMM_FRAME_WORDS (\d+)/.exec(header)?.[1]).toBe(String(abi.FRAME_WORDS))
  })

  it('the operations', () => {
    expect(enumerators('TSVMM_OP')).toEqual(abi.OP)
  })

  it('the states', () => {
    expect(enumerators('TSVMM_STATE')).toEqual(abi.STATE)
  })

  it.each([
    ['tsvmm_shared', abi.SHARED],
    ['tsvmm_slot', abi.SLOT],
  ])('the layout of struct %s', (name, expected) => {
    expect(expected).toEqual(expect.objectContaining(layoutOfStruct(name)))
  })
})

const WIDTHS: Record<string, number> = { uint8_t: 1, uint32_t: 4, int32_t: 4, uint64_t: 8 }

/** Offsets of the fields worth a name, and the size, by C's rules for naturally aligned fields. */
function layoutOfStruct(name: string): Record<string, number> {
  const body = new RegExp(`struct ${name} \\{([^}]*)\\}`).exec(header)?.[1] ?? ''
  const layout: Record<string, number> = {}
  let offset = 0
  for (const [, type = '', field = '', count] of body.matchAll(/(\w+_t) (\w+)(?:\[(\d+)\])?;/g)) {
    const width = WIDTHS[type] ?? NaN
    offset = Math.ceil(offset / width) * width
    if (field !== 'pad' && field !== 'reserved') layout[field] = offset
    offset += width * Number(count ?? 1)
  }
  return { ...layout, size: offset }
}
