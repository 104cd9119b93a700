import { expect, test } from 'vitest'
import { ConsoleLog } from '../../../src/lab/console-log.ts'

test('lines come out whole, however they came in', () => {
  const lines: string[] = []
  const log = new ConsoleLog(line => lines.push(line))
  for (const piece of ['one\r\nt', 'wo\r', '\nthree']) log.add(Buffer.from(piece))

  expect(lines).toEqual(['one', 'two'])
  expect(log.find('thr')).toBe('three')
})

test('the end is told up to the line that matters', () => {
  const log = new ConsoleLog(() => undefined)
  log.add(Buffer.from('start\n\n[    1.5] \nKernel panic\nbacktrace\n'))

  expect(log.describeEnd('Kernel panic')).toBe(
    'its console ends with\n      start\n      Kernel panic',
  )
  expect(log.describeEnd()).toMatch(/backtrace$/)
})

test('a console that never stops does not fill the memory', () => {
  const log = new ConsoleLog(() => undefined)
  log.add(Buffer.from('first\n'))
  for (let n = 0; n < 300; n++) log.add(Buffer.from(`${n}\n${'x'.repeat(10_000)}`))

  expect(log.find('first')).toBeUndefined()
  expect(log.describeEnd().split('\n').length).toBeLessThan(20)
})

test('silence is called by its name', () => {
  expect(new ConsoleLog(() => undefined).describeEnd()).toBe('its console is empty')
})
