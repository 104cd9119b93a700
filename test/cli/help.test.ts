import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { HELP_TOPICS } from '../../src/cli/help.ts'
import { EXIT_CODES } from '../../src/errors/index.ts'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))
// eslint-disable-next-line no-control-regex -- colour is made of control characters
const ESCAPES = /\u001b\[\d+m/g
const TOPICS = Object.keys(HELP_TOPICS)

function tsvmm(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args])
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

const help = (...args: string[]) => {
  const { status, stdout, stderr } = tsvmm('help', ...args)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

/** The names of the commands, from the list of all of them. */
const commands = () =>
  help('topics')
    .split('Commands:\n')[1]!
    .split('\n\n')[0]!
    .split('\n')
    .flatMap(line => /^ {2}(\S+)/.exec(line)?.[1] ?? [])

describe('tsvmm --help', () => {
  it('has the commands in groups, examples, and where to read on', () => {
    const { stdout } = tsvmm('--help')
    expect(tsvmm('help').stdout).toBe(stdout)
    for (const heading of ['Options', 'Look at a host', 'Run guests', 'Learn', 'Examples', 'More'])
      expect(stdout).toMatch(new RegExp(`^${heading}:$`, 'm'))
    for (const name of commands()) expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'))
    for (const topic of TOPICS) expect(stdout).toMatch(new RegExp(`^ {2}tsvmm help ${topic} `, 'm'))
  })

  it('of a command is the same by either way, with its global options and examples', () => {
    const names = commands()
    expect(names).toEqual(expect.arrayContaining(['probe', 'run', 'lab', 'explain', 'help']))
    for (const name of names) {
      const { stdout } = tsvmm(name, '--help')
      expect(help(name)).toBe(stdout)
      expect(stdout).toMatch(/^Global Options:$/m)
      if (name !== 'help') expect(stdout).toMatch(/^Examples:\n {2}\S/m)
    }
  })

  it('is at most 80 columns wide', () => {
    for (const name of ['', ...commands(), ...TOPICS])
      for (const line of help(...(name === '' ? [] : [name])).split('\n'))
        expect(line.length, `${name}: ${line}`).toBeLessThanOrEqual(80)
  })

  it('is the same on a terminal of any width from 80 on, but for its colour', () => {
    const script = `stty cols 200; '${process.execPath}' '${bin}' help`
    for (const name of ['', 'run', 'environment']) {
      const { stdout } = spawnSync('script', ['-qc', `${script} ${name}`, '/dev/null'], {
        env: { PATH: process.env['PATH'], TERM: 'xterm' },
      })
      expect(String(stdout)).toMatch(ESCAPES)
      const plain = String(stdout).replaceAll('\r', '').replace(ESCAPES, '')
      expect(plain).toBe(help(...(name === '' ? [] : [name])))
    }
  })
})

describe('tsvmm help TOPIC', () => {
  it('exit-codes has every exit status', () => {
    const text = help('exit-codes')
    for (const { status, meaning } of Object.values(EXIT_CODES))
      expect(text).toContain(`${String(status).padStart(5)}  ${meaning}\n`)
  })

  it('json has every command that writes it', () => {
    const text = help('json')
    for (const name of commands())
      expect(text.includes(`  tsvmm ${name} --json`), name).toBe(help(name).includes('--json'))
  })

  it.each<[string, RegExp]>([
    [
      'exit-code',
      /^error: .*no such command or topic; did you mean exit-codes\?\ntry: {2}tsvmm help exit-codes\n$/,
    ],
    ['rum', /did you mean run\?\ntry: {2}tsvmm help run\n$/],
    ['weather', /no such command or topic\ntry: {2}tsvmm help topics\n$/],
    ['', /no such command or topic\ntry: {2}tsvmm help topics\n$/],
    ['constructor', /no such command or topic\ntry/],
  ])('%j does not exist', (word, message) => {
    const { status, stdout, stderr } = tsvmm('help', word)
    expect(stderr).toMatch(message)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })
})

describe('output that nobody takes', () => {
  const PRINTERS = [['help', 'exit-codes'], ['--help'], ['--version'], ['help', 'run']]

  it.each(PRINTERS)('%s %s ends quietly with 141 if the reader has gone', async (...args) => {
    const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    // Long before there is a first line.
    child.stdout.destroy()
    let stderr = ''
    child.stderr.on('data', (text: Buffer) => (stderr += String(text)))
    expect(await once(child, 'close')).toEqual([141, null])
    expect(stderr).toBe('')
  })

  it.each(PRINTERS)('%s %s on a full device is an error', (...args) => {
    const full = fs.openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(process.execPath, [bin, ...args], {
      stdio: ['ignore', full, 'pipe'],
    })
    fs.closeSync(full)
    expect(String(stderr)).toMatch(/^error: standard output cannot be written\nwhy: {2}ENOSPC/)
    expect(status).toBe(120)
  })
})

describe('docs/json.md is true', () => {
  it('a refused run has these fields and no others', () => {
    const folder = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
    const file = join(folder, 'run.json')
    const { status } = tsvmm('run', '--json', file, '/nowhere.flat')
    const result = JSON.parse(fs.readFileSync(file, 'utf8')) as object
    fs.rmSync(folder, { recursive: true })
    expect(Object.keys(result)).toEqual(['schemaVersion', 'command', 'exitStatus', 'error'])
    expect(result).toMatchObject({ schemaVersion: 1, command: 'run', exitStatus: status })
  })
})
