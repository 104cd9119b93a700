import { describe, expect, it } from 'vitest'
import { parseCount, parseSeconds, parseSize, parseU64 } from '../../../src/cli/parse.ts'
import { spellOutBareFlags } from '../../../src/cli/bare-flags.ts'

describe('parseSize', () => {
  it.each([
    ['512', 512 * 2 ** 20],
    ['512M', 512 * 2 ** 20],
    ['4G', 4 * 2 ** 30],
    ['4GiB', 4 * 2 ** 30],
    ['1.5g', 1.5 * 2 ** 30],
    ['1T', 2 ** 40],
    ['65536k', 64 * 2 ** 20],
    ['0', 0],
  ])('%s is %i bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes))

  it.each(['', 'much', '-1', '1X', '1e9', '0x10', ' 1'])('"%s" is no size', text =>
    expect(() => parseSize(text)).toThrow('It is not a size such as 512M or 4G.'),
  )
})

describe('what is wrong with a number', () => {
  it.each([
    [parseSize, '1.9G', 'not a whole number of bytes'],
    [parseSize, '1.3k', 'not a whole number of bytes'],
    [parseSize, '99999999999999999T', 'more than any machine has'],
    [parseCount, '99999999999999999999', 'too large'],
    [parseSeconds, '1000000000', 'more than 2000000 seconds'],
  ])('%o of %s', (parse, text, why) => expect(() => parse(text)).toThrow(why))
})

describe('parseCount', () => {
  it('takes whole numbers from 1 up', () => expect(parseCount('512')).toBe(512))

  it.each(['0', '-1', '1.5', 'two', '', '1e3'])('refuses "%s"', text =>
    expect(() => parseCount(text)).toThrow('It is not a whole number from 1 up.'),
  )
})

describe('parseU64', () => {
  it.each([
    ['0', 0n],
    ['0X1f', 31n],
    ['18446744073709551615', 2n ** 64n - 1n],
  ])('%s', (text, number) => expect(parseU64(text)).toBe(number))

  it.each(['', '-1', '1.5', '0x', '18446744073709551616', '0x10000000000000000'])(
    'refuses %j',
    text => expect(() => parseU64(text)).toThrow('It is not a whole number of 64 bits'),
  )
})

describe('parseSeconds', () => {
  it('takes fractions', () => expect(parseSeconds('0.5')).toBe(0.5))

  it.each(['0', '-1', 'soon', '', 'Infinity', '1e3'])('refuses "%s"', text =>
    expect(() => parseSeconds(text)).toThrow('It is not a number of seconds above 0.'),
  )
})

describe('spellOutBareFlags', () => {
  it('keeps the word after a bare --pmu from being taken for its mode', () =>
    expect(spellOutBareFlags(['run', '--pmu', 'guest.flat'])).toEqual([
      'run',
      '--pmu=auto',
      'guest.flat',
    ]))

  it('sends the trace of a bare --trace to stderr', () =>
    expect(spellOutBareFlags(['run', '--trace', 'guest.flat'])).toEqual([
      'run',
      '--trace=-',
      'guest.flat',
    ]))

  it('leaves it as it was typed behind a command that has none', () => {
    const words = ['dtb', '--trace', 'guest.flat']
    expect(spellOutBareFlags(words)).toEqual(words)
    expect(spellOutBareFlags(['dtb', '--pmu'])).toEqual(['dtb', '--pmu=auto'])
  })

  it('leaves a mode, and what is meant for somebody else, alone', () => {
    const words = ['run', '--pmu=off', '--', '--pmu']
    expect(spellOutBareFlags(words)).toEqual(words)
  })
})
