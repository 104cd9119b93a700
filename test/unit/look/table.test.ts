import { expect, it } from 'vitest'
import { printable } from '../../../src/look/printable.ts'
import { renderList, renderTable } from '../../../src/look/table.ts'

it('aligns words to the left and numbers to the right, two blanks apart, none at the end', () => {
  expect(
    renderTable(
      ['NAME', 'TYPE', 'CPUS'],
      [
        ['a53', 8, '0-3'],
        ['cortex_a72', 11, '4'],
      ],
    ),
  ).toEqual(['NAME        TYPE  CPUS', 'a53            8  0-3', 'cortex_a72    11  4'])
})

it('writes - for what is not there, and leaves a column out of which nothing is there', () => {
  const rows = [
    ['a', undefined, 1],
    ['b', undefined, undefined],
  ]
  expect(renderTable(['X', 'Y', 'Z'], rows)).toEqual(['X  Z', 'a  1', 'b  -'])
  expect(renderTable(['X', 'Y'], [])).toEqual(['X  Y'])
})

it('leaves room by what a terminal shows: nothing for colours, two columns for wide letters', () => {
  const paint = (style: string, text: string) => `<${style}>${text}</>`
  const rows = [
    [{ text: 'no', style: 'red' }, 1],
    ['漢字', 2],
    ['e\u0301', 3],
  ] as const
  expect(renderTable(['N', 'M'], rows, paint)).toEqual([
    '<bold>N</>     <bold>M</>',
    '<red>no</>    1',
    '漢字  2',
    'e\u0301     3',
  ])
})

it('leaves a cell empty about which nothing is to be said, also in a column of numbers', () => {
  expect(
    renderTable(
      ['N', 'M'],
      [
        ['a', ''],
        ['b', 10],
        ['c', undefined],
      ],
    ),
  ).toEqual(['N   M', 'a', 'b  10', 'c   -'])
})

it('counts characters, not code units', () => {
  expect(
    renderTable(
      ['N', 'M'],
      [
        ['𝔞', 'x'],
        ['bb', 'y'],
      ],
    )[1],
  ).toBe('𝔞   x')
})

it('never wraps a long cell', () => {
  const long = 'x'.repeat(500)
  expect(renderTable(['N'], [[long]])).toEqual(['N', long])
})

it('lists only what has a value', () => {
  expect(
    renderList([
      ['one', 1],
      ['nothing', undefined],
      ['three', 'x'],
    ]),
  ).toEqual(['one    1', 'three  x'])
})

it('does not let a terminal act on what is in a file', () => {
  expect(printable('\u001b[2J\u202ea\nb')).toBe('\\u{1b}[2J\\u{202e}a\\u{a}b')
  expect(renderTable(['N', 'M'], [['\u0007', 'x']])).toEqual(['N      M', '\\u{7}  x'])
})
