import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeFdt, encodeFdt, findNode, node, readStrings } from '../../../src/fdt/index.ts'

/** Written by dtc from board.dts, which says how. */
const blob = readFileSync(new URL('../../fixtures/fdt/board.dtb', import.meta.url))

const board = {
  reservations: [
    { address: 0x8100_0000n, size: 0x1_0000n },
    { address: 0x8_8000_0000n, size: 0x1000n },
  ],
  bootCpu: 3,
  root: node(
    '',
    {
      '#address-cells': 2,
      '#size-cells': 2,
      compatible: ['vendor,board', 'linux,dummy-virt'],
      model: '',
      'dma-coherent': true,
      'virtual-reg': 0xffff_ffff,
    },
    [
      node('memory@80000000', { device_type: 'memory', reg: [0x8000_0000n, 0x1_0000_0000n] }),
      node('cpus', { '#address-cells': 1, '#size-cells': 0 }, [
        node('cpu@0', { reg: 0, 'enable-method': 'psci' }),
        node('cpu@100', { reg: [0x100] }),
        node('empty'),
      ]),
      node('chosen', {
        bootargs: 'console=ttyS0 äöü',
        'three-bytes': Uint8Array.of(1, 2, 3),
        'linux,initrd-start': 0x8800_0000n,
      }),
    ],
  ),
}

test('encodeFdt writes the bytes dtc writes for the same tree', () => {
  const bytes = encodeFdt(board)

  expect(Buffer.from(bytes).toString('hex')).toBe(blob.toString('hex'))
})

test('decodeFdt reads what dtc wrote', () => {
  const tree = decodeFdt(blob)

  expect(tree).toEqual(board)
})

test('findNode follows a path from the root', () => {
  const { root } = decodeFdt(blob)

  expect(findNode(root, '/')).toBe(root)
  expect(findNode(root, '/cpus/cpu@100')?.props.get('reg')).toEqual(Uint8Array.of(0, 0, 1, 0))
  expect(findNode(root, '/cpus/cpu@2')).toBeUndefined()
  expect(findNode(root, '/nothing/cpu@100')).toBeUndefined()
})

test('readStrings gives back the strings of a property', () => {
  const { root } = decodeFdt(blob)
  const strings = (path: string, name: string) =>
    readStrings(findNode(root, path)?.props.get(name) ?? new Uint8Array())

  expect(strings('/', 'compatible')).toEqual(['vendor,board', 'linux,dummy-virt'])
  expect(strings('/', 'model')).toEqual([''])
  expect(strings('/', 'dma-coherent')).toEqual([])
  expect(strings('/chosen', 'bootargs')).toEqual(['console=ttyS0 äöü'])
})
