import { expect, test } from 'vitest'
import { renderKeys } from '../../../src/cli/run-terminal.ts'

test('the help for the keys says how large the terminal is, in words for the guest', () => {
  expect(renderKeys({ rows: 50, columns: 132 })).toMatch(/: stty rows 50 cols 132$/)
})

test.each([{}, { rows: 0, columns: 0 }])('and nothing where nobody knows: %o', size => {
  expect(renderKeys(size)).not.toContain('stty')
})
