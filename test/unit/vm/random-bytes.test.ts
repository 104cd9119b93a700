import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { randomBytes } from '../../../src/vm/random-bytes.ts'

afterEach(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

describe('randomBytes()', () => {
  it('are as many as asked for, and others each time', () => {
    expect(randomBytes(8)).toHaveLength(8)
    expect(randomBytes(64)).toHaveLength(64)
    expect(randomBytes(64).equals(randomBytes(64))).toBe(false)
  })

  it('are there without the device', () => {
    vi.spyOn(fs, 'openSync').mockImplementation(() => {
      throw new Error('ENOENT')
    })
    syncBuiltinESMExports()
    expect(randomBytes(64).equals(randomBytes(64))).toBe(false)
    expect(randomBytes(8)).toHaveLength(8)
  })
})
