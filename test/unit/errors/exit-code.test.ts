import { constants } from 'node:os'
import { describe, expect, test } from 'vitest'
import { EXIT_CODES, type ExitName } from '../../../src/errors/index.ts'

const statuses = Object.values(EXIT_CODES).map(({ status }) => status)

test('no two endings share a status', () => {
  expect(new Set(statuses).size).toBe(statuses.length)
})

test('all statuses fit the byte a parent process sees', () => {
  expect(statuses.filter(status => !(status >= 0 && status <= 255))).toEqual([])
})

test('what a failing tsvmm ends with is 120 or more, out of the way of a guest', () => {
  const notOurFailure: ExitName[] = ['ok', 'failed', 'usage', 'skipped']
  const ours = Object.entries(EXIT_CODES).filter(
    ([name]) => !notOurFailure.includes(name as ExitName),
  )

  expect(ours.filter(([, { status }]) => status < 120)).toEqual([])
})

test.each([
  [125, 'timeout(1) and git bisect: the tool itself failed'],
  [126, 'shells: found, but not executable'],
  [127, 'shells: not found'],
])('%i is left alone (%s)', status => {
  expect(statuses).not.toContain(status)
})

test('what begins at 128 is a signal, up to the last of them, and systemd owns 200 and above', () => {
  const bySignal = [129, 130, 141, 143]
  const taken = statuses.filter(status => (status >= 128 && status <= 192) || status >= 200)
  expect(taken.sort()).toEqual(bySignal)
})

describe('an end by a signal is 128 and its number', () => {
  test.each([
    ['hungUp', 'SIGHUP'],
    ['interrupted', 'SIGINT'],
    ['closedPipe', 'SIGPIPE'],
    ['terminated', 'SIGTERM'],
  ] as const)('%s', (name, signal) => {
    expect(EXIT_CODES[name].status).toBe(128 + constants.signals[signal])
  })
})

test.each(Object.entries(EXIT_CODES))('%s says what it means', (_, { meaning }) => {
  expect(meaning).toMatch(/^\S.*[^.\s]$/)
})
