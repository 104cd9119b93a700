import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UsageError } from '../../../src/errors/index.ts'
import { findArgumentFiles } from '../../../src/lab/argument-files.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  writeFileSync(join(cwd, 'guest'), 'abc', { mode: 0o640 })
  mkdirSync(join(cwd, 'dir/inner'), { recursive: true })
  writeFileSync(join(cwd, 'dir/inner/file'), '')
  symlinkSync('inner/file', join(cwd, 'dir/link'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

function pathsOf(...argv: string[]): string[] {
  return findArgumentFiles(argv, cwd).files.map(({ path }) => path.replace(cwd, '.'))
}

describe('files the arguments name', () => {
  test('are arguments, and what follows an equals sign', () => {
    expect(pathsOf('guest')).toEqual(['.', './guest'])
    expect(pathsOf('--kernel=guest')).toEqual(['.', './guest'])
    expect(pathsOf('path=guest')).toEqual(['.', './guest'])
    expect(pathsOf(join(cwd, 'guest'))).toEqual(['.', './guest'])
  })

  test('carry their size and permissions', () => {
    expect(findArgumentFiles(['guest'], cwd).files).toContainEqual({
      kind: 'file',
      path: join(cwd, 'guest'),
      mode: 0o640,
      size: 3,
    })
  })

  test('are not flags, nor words that name nothing', () => {
    writeFileSync(join(cwd, '-p'), '')
    expect(pathsOf('-p', 'nothing', '', '--mem=4G', 'console=ttyS0')).toEqual(['.'])
    expect(pathsOf('x'.repeat(5000), `a=${'y/'.repeat(3000)}`, 'guest/x')).toEqual(['.'])
  })

  test('bring along all that is below a directory; links stay links', () => {
    expect(pathsOf('dir').sort()).toEqual(
      ['.', './dir', './dir/inner', './dir/inner/file', './dir/link'].sort(),
    )
    expect(findArgumentFiles(['dir'], cwd).files).toContainEqual({
      kind: 'symlink',
      path: join(cwd, 'dir/link'),
      target: 'inner/file',
    })
  })

  test("are never the emulated host's own", () => {
    expect(pathsOf('/proc/cpuinfo', '/dev/null', '/sys', '/')).toEqual(['.'])
  })

  test('may be too much, and then the limit is stated', () => {
    truncateSync(join(cwd, 'guest'), 1024 ** 3 + 1)
    expect(() => findArgumentFiles(['guest'], cwd)).toThrow(UsageError)
    expect(() => findArgumentFiles(['guest'], cwd)).toThrow(/guest holds more than the 1024 MiB/)
  })
})

describe('places changes are brought back from', () => {
  test('are all below the working directory', () => {
    expect(findArgumentFiles([], cwd).roots).toEqual([{ path: cwd, deep: true }])
  })

  test('are what an argument names and the files beside it', () => {
    expect(
      findArgumentFiles([`${cwd}-new/out.json`, `--json=${tmpdir()}/o.json`], cwd).roots,
    ).toEqual([
      { path: cwd, deep: true },
      { path: join(tmpdir(), 'o.json'), deep: true },
      { path: tmpdir(), deep: false },
    ])
  })

  test('are not all of the machine when the working directory is its root', () => {
    expect(findArgumentFiles(['/proc/version', 'guest'], '/').roots).toEqual([
      { path: '/', deep: false },
    ])
  })
})
