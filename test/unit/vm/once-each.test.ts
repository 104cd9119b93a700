import { expect, test } from 'vitest'
import { onceEach } from '../../../src/vm/once-each.ts'

test('a sentence is told once, however often it is said', () => {
  const told: string[] = []
  const tell = onceEach(sentence => told.push(sentence))
  for (const sentence of ['a', 'b', 'a', 'a', 'b']) tell(sentence)
  expect(told).toEqual(['a', 'b'])
})
