import { describe, expect, it } from 'vitest'
import { asTsvmmError, isWorthTelling, renderError } from '../../../src/cli/print-error.ts'
import {
  HostError,
  InterruptedError,
  RecordedError,
  UsageError,
} from '../../../src/errors/index.ts'

describe('renderError', () => {
  it('says the sentence, the causes numbered, why, what to try and where to read on', () => {
    const error = new HostError('NO_KVM', 'there is none', {
      why: 'no EL2',
      try: ['one', 'two'],
      see: ['booting.rst'],
      cause: new UsageError('below', { cause: new UsageError('lowest') }),
    })
    expect(renderError(error)).toBe(
      [
        'error: there is none',
        '  0: below',
        '  1: lowest',
        'why:  no EL2',
        'try:  one',
        'try:  two',
        'see:  booting.rst',
        '',
      ].join('\n'),
    )
  })

  it('says of an error that was saved where it was met', () => {
    const error = new RecordedError('TSVMM_HOST_NO_KVM', 'cannot open /dev/kvm')
    expect(renderError(error)).toBe('error: on the saved machine: cannot open /dev/kvm\n')
  })

  it('does not pass on what a terminal would act on', () => {
    expect(renderError(new UsageError('a\u001b[31mb', { why: 'one\ntwo\u0007' }))).toBe(
      'error: a\\u{1b}[31mb\nwhy:  one\ntwo\\u{7}\n',
    )
  })

  it('says nothing beside the sentence where there is nothing', () => {
    expect(renderError(new UsageError('no'))).toBe('error: no\n')
  })
})

describe('asTsvmmError', () => {
  it('takes everything foreign for a bug of ours, with its words and without a stack', () => {
    const text = renderError(asTsvmmError(new RangeError('too far')))
    expect(text).toContain('RangeError: too far')
    expect(text).toContain('a bug in tsvmm')
    expect(text).not.toMatch(/^ +at /m)
    expect(asTsvmmError('a string').exitStatus).toBe(123)
  })

  it('leaves our own as they are', () => {
    const error = new UsageError('x')
    expect(asTsvmmError(error)).toBe(error)
  })
})

describe('isWorthTelling', () => {
  it('is not what the person did', () => {
    expect(isWorthTelling(new InterruptedError('SIGINT'))).toBe(false)
    expect(isWorthTelling(new UsageError('x'))).toBe(true)
  })
})
