import { describe, expect, it } from 'vitest'
import { isSaid, LOG_LEVELS } from '../../../src/cli/log-levels.ts'

describe('isSaid', () => {
  it.each([
    ['error', ['error']],
    ['warning', ['error', 'warning']],
    ['info', ['error', 'warning', 'info']],
    ['debug', ['error', 'warning', 'info', 'debug']],
    [undefined, ['error', 'warning', 'info']],
  ] as const)('--loglevel %s lets through %j', (most, said) => {
    expect(LOG_LEVELS.filter(level => isSaid(level, most))).toEqual(said)
  })
})
