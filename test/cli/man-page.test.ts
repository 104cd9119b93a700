import fc from 'fast-check'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { roff } from '../../src/cli/man-page.ts'
import { ENVIRONMENT } from '../../src/cli/environment.ts'
import { EXIT_CODES } from '../../src/errors/index.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = `${root}man/tsvmm.1`
const env = {
  PATH: process.env['PATH'],
  LC_ALL: 'C.UTF-8',
  MANWIDTH: '100',
  MAN_KEEP_FORMATTING: '',
}

function run(program: string, args: readonly string[], input = '') {
  const { status, stdout, stderr, error } = spawnSync(program, args, { env, input, cwd: root })
  expect(error).toBeUndefined()
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

/** Plain: without overstriking, hyphenation and adjusted blanks. */
const readers: Readonly<Record<string, (file: string) => string>> = {
  'man-db': file => run('man', ['-E', 'UTF-8', '--nh', '--nj', '-P', 'cat', '-l', file]).stdout,
  mandoc: file => run('mandoc', ['-T', 'utf8', '-O', 'width=100', file]).stdout,
}
// eslint-disable-next-line no-control-regex -- how man pages are overstruck
const plain = (text: string) => text.replace(/.\x08/gu, '')

const help = (...args: string[]) =>
  run(process.execPath, ['bin/tsvmm.js', ...args, '--help']).stdout

describe('man/tsvmm.1', () => {
  it('was made by this build, and is the same if made again', () => {
    expect(existsSync(page), 'npm run build').toBe(true)
    const before = readFileSync(page, 'utf8')
    expect(run(process.execPath, ['scripts/man.mjs'])).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    })
    expect(readFileSync(page, 'utf8')).toBe(before)
  })

  it('gives no checker anything to say, but that it has no date', () => {
    expect(run('man', ['--warnings', '-E', 'UTF-8', '-P', 'cat', '-l', page]).stderr).toBe('')
    const { stdout } = run('mandoc', ['-T', 'lint', page])
    expect(
      stdout.split('\n').filter(line => line !== '' && !line.includes('missing date')),
    ).toEqual([])
  })

  it.each(Object.keys(readers))('has every command, option, status and variable: %s', reader => {
    const text = plain(readers[reader]!(page))
    const commands = text.match(/(?<=^ {3}tsvmm )[\w-]+/gm) ?? []
    const listed = run(process.execPath, ['bin/tsvmm.js', 'help', 'topics']).stdout
    for (const name of commands) expect(listed).toMatch(new RegExp(`^  ${name} `, 'm'))
    expect(commands).toEqual(expect.arrayContaining(['probe', 'run', 'lab', 'completion']))
    for (const name of ['', ...commands]) {
      const part = name === '' ? text : text.split(new RegExp(`^ {3}tsvmm ${name} `, 'm'))[1]!
      const own = help(...(name === '' ? [] : [name])).split('\nGlobal Options:')[0]!
      for (const option of own.match(/(?<=^ {2}(-\w, )?)--[\w-]+/gm) ?? [])
        if (option !== '--help')
          expect(part, name).toMatch(new RegExp(`^ +(-\\w, )?${option}\\b`, 'm'))
    }
    for (const { status } of Object.values(EXIT_CODES))
      expect(text).toMatch(new RegExp(`^ {7}${status} `, 'm'))
    for (const [name] of ENVIRONMENT) expect(text).toMatch(new RegExp(`^ {7}${name}\\b`, 'm'))
    expect(text).toContain('    tsvmm lab -- run --pmu guest.flat')
  })
})

describe('roff', () => {
  const line = fc
    .string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)),
      maxLength: 60,
    })
    .map(text => text.trim())
    .filter(text => text !== '')
  const special = fc.constantFrom(
    '.TH x',
    "'br",
    '\\fBx\\fR',
    '\\',
    '--pmu[=mode]',
    '…',
    '~/^`x`',
    '"a" b',
    '.',
    'größer',
  )

  it('is printed as the text it was made from, by mandoc', () => {
    const lines = fc.array(fc.oneof(line, special), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(lines, texts => {
        const source = ['.TH X 1 2026-01-01', '.SH X', '.nf', ...texts.map(roff)].join('\n')
        const { stdout } = run('mandoc', ['-T', 'utf8', '-O', 'width=200'], `${source}\n`)
        const body = plain(stdout)
          .split('\n')
          .map(text => text.trim())
        const start = body.indexOf('X') + 1
        expect(body.slice(start, start + texts.length)).toEqual(texts)
      }),
    )
  })
})
