import { constants } from 'node:os'
import { describe, expect, test } from 'vitest'
import { errnoName, errnoText } from '../../../src/errors/index.ts'

describe('errnos are named', () => {
  test.each([
    [1, 'EPERM'],
    [2, 'ENOENT'],
    [4, 'EINTR'],
    [6, 'ENXIO'],
    [7, 'E2BIG'],
    [8, 'ENOEXEC'],
    [11, 'EAGAIN'],
    [12, 'ENOMEM'],
    [14, 'EFAULT'],
    [16, 'EBUSY'],
    [17, 'EEXIST'],
    [19, 'ENODEV'],
    [22, 'EINVAL'],
    [25, 'ENOTTY'],
    [28, 'ENOSPC'],
    [34, 'ERANGE'],
    [38, 'ENOSYS'],
    [61, 'ENODATA'],
    [75, 'EOVERFLOW'],
    [95, 'ENOTSUP'],
  ])('%i is %s, with words', (errno, name) => {
    expect(errnoName(errno)).toBe(name)
    expect(errnoText(errno)).toMatch(/^[a-z].*[a-z)]$/)
    expect(errnoText(errno)).not.toBe('unknown error')
  })

  test.each(Object.entries(constants.errno))(
    '%s keeps the number this system gives it',
    (name, n) => {
      // Two names of one number on Linux; libuv knows the other one.
      const aliases: Record<string, string> = { EOPNOTSUPP: 'ENOTSUP', EWOULDBLOCK: 'EAGAIN' }

      expect([aliases[name] ?? name, `errno ${n}`]).toContain(errnoName(n))
    },
  )
})

test.each([524, 6000])('%i, which has no name, stays readable', errno => {
  expect(errnoName(errno)).toBe(`errno ${errno}`)
  expect(errnoText(errno)).toBe('unknown error')
})
