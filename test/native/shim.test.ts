import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HostError } from '../../src/errors/index.ts'
import { loadShimByFfi } from '../../src/native/ffi.ts'
import { loadShimModule } from '../../src/native/shim-module.ts'
import { checkShimAbi, checkShimFile, shimPath } from '../../src/native/shim-file.ts'

let folder: string
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))))
afterAll(() => rmSync(folder, { recursive: true }))

const other = process.arch === 'arm64' ? 'x64' : 'arm64'

describe.each([
  ['by ffi-napi', loadShimByFfi],
  ['as a module of Node', loadShimModule],
])('the shim library %s', (_, loadShim) => {
  it('loads and speaks our interface', () => {
    expect(() => loadShim()).not.toThrow()
  })

  it('answers an operation it does not have with ENOSYS', () => {
    expect(loadShim().call(9999)).toBe(-38)
  })

  it.each([
    ['that is missing', () => join(folder, 'none.so'), /is missing/],
    ['that is empty', () => write('empty.so', ''), /damaged: it is not an ELF file/],
    ['that is something else', () => write('text.so', 'x'.repeat(99)), /not an ELF file/],
    [
      'that was cut short',
      () => write('cut.so', own().subarray(0, 4096)),
      /damaged: it was cut short/,
    ],
  ])('is refused with a sentence: one %s', (_, path, message) => {
    expect(() => loadShim(path())).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(message) as string,
        code: 'TSVMM_HOST_SHIM',
        try: ['npm run build:native'],
      }) as HostError,
    )
  })

  it('is refused when it is for another machine', () => {
    const copy = join(folder, 'other.so')
    copyFileSync(shimPath(), copy)
    expect(() => checkShimFile(copy, other)).toThrow(/is for .*, but this is /)
  })

  it('is refused on a machine there is none for', () => {
    expect(() => checkShimFile(shimPath(), 's390x')).toThrow(
      'there is no native library for linux on s390x',
    )
  })

  it('is refused when it is out of date', () => {
    expect(() => checkShimAbi('x.so', 1, 2)).toThrow(
      'the native library x.so is out of date: it has interface 1, this tsvmm needs 2',
    )
  })
})

function own(): Buffer {
  return readFileSync(shimPath())
}

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
