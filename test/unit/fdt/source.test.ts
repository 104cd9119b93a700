import { expect, it } from 'vitest'
import { node, renderDts, tree } from '../../../src/fdt/index.ts'

/** The lines of a tree whose root has these. */
const lines = (...given: Parameters<typeof node> extends [string, ...infer Rest] ? Rest : never) =>
  renderDts(tree(node('', ...given)))
    .split('\n')
    .slice(3, -2)
    .map(line => line.trim())

it('shows text as text, cells as cells and the rest as bytes', () => {
  const values = {
    text: 'a "b" \\c\t',
    texts: ['a', 'b'],
    empty: '',
    flag: true,
    cells: [1, 0xffff_ffff],
    wide: 0x8000_0000_0000_0001n,
    bytes: Buffer.of(1, 2, 255),
    'not-text': Buffer.from('a\0\0\0'),
    'not-ended': Buffer.from('abcd'),
    latin: Buffer.of(0xe4, 0),
  } as const
  expect(lines(values)).toEqual([
    'text = "a \\"b\\" \\\\c\\t";',
    'texts = "a", "b";',
    'empty = "";',
    'flag;',
    'cells = <0x1 0xffffffff>;',
    'wide = <0x80000000 0x1>;',
    'bytes = [01 02 ff];',
    'not-text = <0x61000000>;',
    'not-ended = <0x61626364>;',
    'latin = [e4 00];',
  ])
})

it('indents nodes, and says what the blob has beside them', () => {
  const root = node('', { a: 1 }, [node('b', {}, [node('c')]), node('d@1')])
  const reservations = [{ address: 0x1000n, size: 0x20n }]
  expect(renderDts({ root, reservations, bootCpu: 3 })).toBe(
    [
      '/dts-v1/;',
      '// dtc --boot-cpu 3',
      '/memreserve/ 0x1000 0x20;',
      '',
      '/ {',
      '\ta = <0x1>;',
      '',
      '\tb {',
      '\t\tc {',
      '\t\t};',
      '\t};',
      '',
      '\td@1 {',
      '\t};',
      '};',
      '',
    ].join('\n'),
  )
})

it('names nodes by their phandle where one is meant, and only then', () => {
  const shown = lines(
    { 'interrupt-parent': 1, clocks: [2, 1, 3], other: 1, 'interrupt-affinity': [1, 9] },
    [
      node('gic', { phandle: 1 }),
      node('clock', { phandle: 2, '#clock-cells': 1 }),
      node('other', { phandle: 3 }),
      node('twice', { phandle: 4, 'msi-parent': 4 }),
      node('thrice', { phandle: 4 }),
    ],
  )
  expect(shown).toEqual(
    expect.arrayContaining([
      'interrupt-parent = <&phandle_1>;',
      'clocks = <&phandle_2 0x1 &phandle_3>;',
      'other = <0x1>;',
      'interrupt-affinity = <&phandle_1 0x9>;',
      'phandle_1: gic {',
      'twice {',
      'msi-parent = <0x4>;',
    ]),
  )
})

it('shows nothing of a hostile name but ASCII', () => {
  expect(lines({ 'a\u001b[31m b': 1 })).toEqual(['"a\\u001b[31m b" = <0x1>;'])
  expect(lines({}, [node('\x9bé {')])).toEqual(['"?? {" {', '};'])
})
