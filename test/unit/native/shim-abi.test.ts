import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as abi from '../../../src/native/shim-abi.ts'

const header = readFileSync(
  new URL('../../../native-shims/tsvmm.h', import.meta.url),
  'utf8',
).replaceAll(/\/\*[^]*?\*\//g, '')

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

  it('how a fast register is answered', () => {
    expect(enumerators('TSVMM_FAST')).toEqual(abi.FAST_KIND)
    expect(enumerators('TSVMM_PAGES')).toEqual(abi.PAGES)
  })

  it('how many there are', () => {
    expect([abi.FAST.count, abi.POST.count, abi.QUEUE.count]).toEqual(
      ['FAST_REGISTERS', 'POSTS', 'QUEUED'].map(macro),
    )
  })

  it.each([
    ['tsvmm_shared', abi.SHARED],
    ['tsvmm_fast', abi.FAST],
    ['tsvmm_post', abi.POST],
    ['tsvmm_queue', abi.QUEUE],
    ['tsvmm_slot', abi.SLOT],
  ])('the layout of struct %s', (name, expected) => {
    expect(expected).toEqual(expect.objectContaining(layoutOfStruct(name)))
  })
})

const WIDTHS: Record<string, number> = { uint8_t: 1, uint32_t: 4, int32_t: 4, uint64_t: 8 }

function macro(name: string): number {
  return Number(new RegExp(`#define TSVMM_${name} (\\d+)`).exec(header)?.[1])
}

/** Offsets of the fields worth a name, and the size, by C's rules for naturally aligned fields. */
function layoutOfStruct(name: string): Record<string, number> {
  const body = new RegExp(`struct ${name} \\{([^}]*)\\}`).exec(header)?.[1] ?? ''
  const layout: Record<string, number> = {}
  let offset = 0
  for (const [, type = '', field = '', count = '1'] of body.matchAll(FIELD)) {
    // Every struct in another has a field of 64 bits, or its place is a multiple of 8 anyway.
    const width = WIDTHS[type] ?? 8
    const size = WIDTHS[type] ?? layoutOfStruct(type)['size'] ?? NaN
    offset = Math.ceil(offset / width) * width
    if (!/^(pad\d*|reserved)$/.test(field)) layout[field] = offset
    const times = count.startsWith('TSVMM_') ? macro(count.slice('TSVMM_'.length)) : Number(count)
    offset += size * times
  }
  return { ...layout, size: offset }
}

/** `uint8_t pad[60];`, `struct tsvmm_fast fast[TSVMM_FAST_REGISTERS];` */
const FIELD = /(?:struct )?(\w+) (\w+)(?:\[(\w+)\])?;/g
