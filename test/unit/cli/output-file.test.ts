import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OutputFile } from '../../../src/cli/output-file.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))))
afterEach(() => rmSync(folder, { recursive: true }))

describe('OutputFile', () => {
  it('puts the content in its place at once, over what was there', () => {
    const path = join(folder, 'out.json')
    writeFileSync(path, 'old')
    using file = new OutputFile('--json', path)
    expect(readFileSync(path, 'utf8')).toBe('old')
    file.commit('new')
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(readdirSync(folder)).toEqual(['out.json'])
  })

  it('leaves nothing behind when it was not committed', () => {
    {
      using file = new OutputFile('--json', join(folder, 'out.json'))
      expect(file).toBeDefined()
    }
    expect(readdirSync(folder)).toEqual([])
  })

  it('writes to what cannot be replaced', () => {
    using file = new OutputFile('--json', '/dev/null')
    expect(() => file.commit('gone')).not.toThrow()
  })

  it.each([
    ['a directory', () => folder],
    ['in a directory that does not exist', () => join(folder, 'none/out.json')],
    ['below a file', () => '/dev/null/out.json'],
  ])('refuses a file that is %s, with the option and the path', (_, path) => {
    expect(() => new OutputFile('--json', path())).toThrow(
      `--json ${path()}: the file cannot be written`,
    )
  })

  it('does not follow a link somebody laid where its temporary file goes', () => {
    const victim = join(folder, 'victim')
    mkdirSync(join(folder, 'd'))
    writeFileSync(victim, 'untouched')
    symlinkSync(victim, join(folder, `out.json.${process.pid}.tmp`))
    expect(() => new OutputFile('--json', join(folder, 'out.json'))).toThrow('cannot be written')
    expect(readFileSync(victim, 'utf8')).toBe('untouched')
  })
})
