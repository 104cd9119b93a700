import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PanicWatch } from '../../../src/vm/panic-watch.ts'

const PANIC = 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)'

const watch = (...chunks: readonly string[]): string | undefined => {
  const panics = new PanicWatch()
  for (const chunk of chunks) panics.see(Buffer.from(chunk))
  return panics.message
}

test('the line is found however it is cut up', () => {
  const printed = `[    1.0] ${PANIC}\r\n[    1.1] CPU: 0\r\n---[ end Kernel panic - not syncing: x ]---`
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: printed.length })), cuts => {
      const at = [0, ...cuts.sort((a, b) => a - b), printed.length]
      const chunks = at.slice(1).map((end, index) => printed.slice(at[index], end))
      expect(watch(...chunks)).toBe(PANIC)
    }),
  )
})

test.each([
  ['nothing', [], undefined],
  ['no panic', ['Kernel panic - no', ' more\n'], undefined],
  [
    'one that was cut off',
    ['\nKernel panic - not syncing: Att'],
    'Kernel panic - not syncing: Att',
  ],
  ['one without a reason', ['Kernel panic - not syncing\n'], 'Kernel panic - not syncing'],
])('%s', (_, chunks, message) => {
  expect(watch(...chunks)).toBe(message)
})

test('whatever a guest prints, little of it is kept', () => {
  const panics = new PanicWatch()
  for (let times = 0; times < 100; times++) panics.see(Buffer.alloc(1000, 'Kernel panic - not'))
  panics.see(Buffer.from(`Kernel panic - not syncing: ${'x'.repeat(5000)}`))
  expect(panics.message).toHaveLength(200)
})
