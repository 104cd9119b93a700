import fc from 'fast-check'
import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { layoutOf, type TypeLayout } from '../../../src/ioctl/layout.ts'

/** What we use of ref-struct-di: a struct type with the offsets it computed. */
type DefineStruct = (fields: Record<string, object>) => TypeLayout & {
  readonly fields: Readonly<Record<string, { readonly offset: number }>>
}

/** It takes ref-napi as an argument, of which layout alone needs next to nothing. */
const defineStruct = (
  createRequire(import.meta.url)('ref-struct-di') as (ref: object) => DefineStruct
)({
  coerceType: (type: object) => type,
  alignof: { pointer: 8 },
  sizeof: { pointer: 8 },
})

const field = fc
  .record({ alignment: fc.constantFrom(1, 2, 4, 8, 16), elements: fc.integer({ min: 1, max: 9 }) })
  .map(({ alignment, elements }) => ({ size: alignment * elements, alignment }))

it('lays fields out as ref-struct-di does', () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 12 }), list => {
      const fields = Object.fromEntries(list.map((type, index) => [`f${index}`, type]))
      const theirs = defineStruct(
        Object.fromEntries(
          Object.entries(fields).map(([name, type]) => [name, { ...type, indirection: 1 }]),
        ),
      )
      const { size, alignment, offsets } = layoutOf(fields)
      expect({ size, alignment }).toEqual({ size: theirs.size, alignment: theirs.alignment })
      for (const [name, offset] of Object.entries(offsets))
        expect(offset).toBe(theirs.fields[name]?.offset)
    }),
  )
})
