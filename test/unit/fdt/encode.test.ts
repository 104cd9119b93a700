import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BugError } from '../../../src/errors/index.ts'
import { decodeFdt, encodeFdt, node, readCells, tree } from '../../../src/fdt/index.ts'
import { anyTree } from './arbitrary.ts'

test('every tree survives encoding and decoding', () => {
  fc.assert(
    fc.property(anyTree, tree => {
      expect(decodeFdt(encodeFdt(tree))).toEqual(tree)
    }),
  )
})

test('blocks are aligned and the total size is exact', () => {
  fc.assert(
    fc.property(anyTree, tree => {
      const bytes = Buffer.from(encodeFdt(tree))

      expect(bytes.readUInt32BE(4)).toBe(bytes.length)
      expect(bytes.readUInt32BE(8) % 4).toBe(0)
      expect(bytes.readUInt32BE(16) % 8).toBe(0)
      expect([bytes.readUInt32BE(20), bytes.readUInt32BE(24)]).toEqual([17, 16])
    }),
  )
})

test('a property name used many times is stored once', () => {
  const cpus = Array.from({ length: 100 }, (_, i) => node(`cpu@${i}`, { reg: i }))

  const bytes = Buffer.from(encodeFdt(tree(node('', {}, cpus))))

  expect(bytes.readUInt32BE(32)).toBe('reg\0'.length)
})

test('a property without a value is left out', () => {
  expect([...node('n', { a: undefined, b: true }).props.keys()]).toEqual(['b'])
})

test('cells come back as they went in', () => {
  const value = node('n', { p: [0, 1, 0xffff_ffff] }).props.get('p')

  expect(readCells(value ?? new Uint8Array())).toEqual([0, 1, 0xffff_ffff])
})

test.each([-1, 2 ** 32, 0.5, NaN, -1n, 2n ** 64n])('%s fits no cell', value => {
  expect(() => node('n', { p: value })).toThrow(BugError)
})

test.each(['nul\0', 'Ā'])('%j cannot be the name of a node or a property', name => {
  expect(() => encodeFdt(tree(node(name)))).toThrow(BugError)
  expect(() => encodeFdt(tree(node('', { [name]: true })))).toThrow(BugError)
})

test('an empty reservation at address zero is refused, because it would end the list', () => {
  const broken = { ...tree(node('')), reservations: [{ address: 0n, size: 0n }] }

  expect(() => encodeFdt(broken)).toThrow(BugError)
})
