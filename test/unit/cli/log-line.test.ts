import fc from 'fast-check'
import { expect, it } from 'vitest'
import { renderLogLine } from '../../../src/cli/log-line.ts'

const time = Date.UTC(2026, 0, 2, 3, 4, 5, 6)

it('has the time, the level, the message, and the fields but those of every line', () => {
  const line = { level: 30, time, pid: 1, topic: 'pmus', n: 2, msg: 'probed' }
  expect(renderLogLine(JSON.stringify(line), level => `<${level}>`)).toBe(
    '03:04:05.006 <info>  probed topic="pmus" n=2\n',
  )
})

it('is one line without anything a terminal acts on, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.anything(), (msg, value) => {
      const line = JSON.stringify({ level: 20, time, value, msg })
      const text = renderLogLine(line, level => level)
      expect(text).toMatch(/^03:04:05\.006 debug \P{Cc}*\n$/u)
    }),
  )
})
