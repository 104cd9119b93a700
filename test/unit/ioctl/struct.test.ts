import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  array,
  bytes,
  i32,
  i64,
  padding,
  u16,
  u32,
  u64,
  u8,
  type FieldType,
} from '../../../src/ioctl/field-types.ts'
import * as ioctl from '../../../src/ioctl/index.ts'
import { struct, Struct, type Fields } from '../../../src/ioctl/struct.ts'
import { NativeMemory } from '../../../src/native/memory.ts'

const every = struct('every', {
  a: u8,
  b: u16,
  pad: padding(3),
  c: u32,
  d: i32,
  e: u64,
  f: i64,
  g: bytes(5),
  h: array(u32, 3),
  i: struct('inner', { j: u8, k: array(u64, 2) }),
})

/** Values of a field, by what its type says it holds. */
function valuesOf(type: FieldType<unknown>): fc.Arbitrary<unknown> {
  if (type instanceof Struct) return valuesOfStruct(type as Struct<Fields>)
  const [, element, count] = /^(.+)\[(\d+)\]$/.exec(type.name) ?? []
  const length = Number(count)
  const exactly = { minLength: length, maxLength: length }
  switch (element ?? type.name) {
    case '__u8':
      return element
        ? fc.uint8Array(exactly).map(value => Buffer.from(value))
        : fc.integer({ min: 0, max: 0xff })
    case '__u16':
      return fc.integer({ min: 0, max: 0xffff })
    case '__u32': {
      const value = fc.integer({ min: 0, max: 0xffff_ffff })
      return element ? fc.array(value, exactly) : value
    }
    case 'int':
      return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    case '__u64': {
      const value = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
      return element ? fc.array(value, exactly) : value
    }
    case '__s64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    default:
      throw new Error(`no values for ${type.name}`)
  }
}

function valuesOfStruct(type: Struct<Fields>): fc.Arbitrary<Record<string, unknown>> {
  const zeroes = NativeMemory.onHeap(type.size)
  const named = Object.entries(type.fields).filter(([name]) => name in type.decode(zeroes, 0))
  return fc.record(Object.fromEntries(named.map(([name, field]) => [name, valuesOf(field)])))
}

const structs = Object.values<unknown>(ioctl).filter(
  (exported): exported is Struct<Fields> => exported instanceof Struct,
)
const arms = Object.values<Struct<Fields>>(ioctl.KVM_RUN_UNION)

describe('every struct', () => {
  test.each([every as unknown as Struct<Fields>, ...structs, ...arms])(
    '$name: what was encoded is decoded, and nothing beside it is touched',
    type => {
      const before = 16
      const memory = NativeMemory.onHeap(before + type.size + 16)
      fc.assert(
        fc.property(valuesOfStruct(type), value => {
          memory.fill(0xa5)
          type.encode(memory, before, value)
          expect(type.decode(memory, before)).toEqual(value)
          expect(memory.readBytes(0, before)).toEqual(Buffer.alloc(before, 0xa5))
          expect(memory.readBytes(before + type.size, 16)).toEqual(Buffer.alloc(16, 0xa5))
        }),
        { numRuns: 25 },
      )
    },
  )

  test.each([every as unknown as Struct<Fields>, ...structs, ...arms])(
    '$name: what is left out is 0, whatever was there',
    type => {
      const memory = NativeMemory.onHeap(type.size)
      memory.fill(0xa5)
      type.encode(memory, 0, {})
      expect(memory.readBytes(0, type.size)).toEqual(Buffer.alloc(type.size))
    },
  )
})

describe('padding', () => {
  test('is no field of a value, and 0 between fields that are set', () => {
    const type = struct('padded', { a: u8, reserved: padding(3), b: u32, c: u8 })
    const memory = NativeMemory.onHeap(type.size)
    memory.fill(0xa5)
    type.encode(memory, 0, { a: 1, b: 2, c: 3 })
    expect([...memory.readBytes(0, type.size)]).toEqual([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
    expect(Object.keys(type.decode(memory, 0))).toEqual(['a', 'b', 'c'])
  })
})

describe('a value that does not fit', () => {
  const memory = NativeMemory.onHeap(every.size)

  test.each([
    ['every.a: 256 does not fit __u8', { a: 256 }],
    ['every.a: -1 does not fit __u8', { a: -1 }],
    ['every.a: 1.5 does not fit __u8', { a: 1.5 }],
    ['every.a: NaN does not fit __u8', { a: NaN }],
    ['every.b: 65536 does not fit __u16', { b: 0x1_0000 }],
    ['every.c: 4294967296 does not fit __u32', { c: 2 ** 32 }],
    ['every.d: 2147483648 does not fit int', { d: 2 ** 31 }],
    ['every.e: 18446744073709551616 does not fit __u64', { e: 2n ** 64n }],
    ['every.e: -1 does not fit __u64', { e: -1n }],
    ['every.f: 9223372036854775808 does not fit __s64', { f: 2n ** 63n }],
    ['every.g: 6 bytes does not fit __u8[5]', { g: Buffer.alloc(6) }],
    ['every.h: 4 elements does not fit __u32[3]', { h: [1, 2, 3, 4] }],
    ['every.h[1]: -1 does not fit __u32', { h: [0, -1] }],
    ['every.i.k[0]: -1 does not fit __u64', { i: { k: [-1n] } }],
  ])('%s', (message, value) => {
    expect(() => every.encode(memory, 0, value)).toThrow(message)
  })
})
