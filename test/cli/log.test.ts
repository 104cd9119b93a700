import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))
const CPUS = ['probe', 'cpus', '--json', '/dev/null']

let folder: string
let file: string
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  file = join(folder, 'log')
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

function tsvmm(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: folder })
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

const records = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as object)

const PRETTY = /^\d\d:\d\d:\d\d\.\d{3} info {2}probed topic="cpus".*\n$/

describe('-v', () => {
  it('is one JSON object per line in a pipe, before the command and after it', () => {
    const { stderr } = tsvmm('-v', ...CPUS)
    expect(records(stderr)).toMatchObject([{ level: 30, topic: 'cpus', msg: 'probed' }])
    expect(records(tsvmm(...CPUS, '-v').stderr)).toHaveLength(1)
    expect(tsvmm(...CPUS).stderr).toBe('')
  })

  it('is text on a terminal, or with --log-format=pretty', () => {
    expect(tsvmm('-v', '--log-format=pretty', ...CPUS).stderr).toMatch(PRETTY)
    const line = `"${process.execPath}" ${bin} -v --color=never ${CPUS.join(' ')}`
    const { stdout } = spawnSync('script', ['-qc', `${line} >/dev/null`, '/dev/null'])
    expect(String(stdout).replace('\r', '')).toMatch(PRETTY)
  })

  it('keeps stdout for the answer', () => {
    expect(tsvmm('probe', 'cpus', '-v').stdout).toBe(tsvmm('probe', 'cpus').stdout)
  })
})

describe('--log-file', () => {
  it('is appended to, and nothing of it is on stderr', () => {
    expect(tsvmm('-v', ...CPUS, '--log-file', file)).toMatchObject({ status: 0, stderr: '' })
    expect(tsvmm('-v', `--log-file=${file}`, ...CPUS)).toMatchObject({ status: 0, stderr: '' })
    expect(records(fs.readFileSync(file, 'utf8'))).toHaveLength(2)
    fs.rmSync(file)
  })

  it('without -v has what -v says, and with --log-format=pretty as text', () => {
    tsvmm(...CPUS, '--log-format=pretty', '--log-file', file)
    expect(fs.readFileSync(file, 'utf8')).toMatch(PRETTY)
  })

  it.each<[string, RegExp]>([
    ['', /^error: --log-file names no file\ntry: {2}--log-file FILE\n$/],
    ['/', /^error: --log-file \/: the file cannot be written\nwhy: {2}EISDIR.*\ntry: {2}.*\n$/],
    ['/nowhere/log', /^error: --log-file \/nowhere\/log: .*\nwhy: {2}ENOENT/],
  ])('%j is refused before anything is done', (name, message) => {
    const { status, stdout, stderr } = tsvmm('probe', 'cpus', '--log-file', name)
    expect(stderr).toMatch(message)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })

  it('on a full disk is given up with a note, and the command goes on', () => {
    const { status, stdout, stderr } = tsvmm('-vv', 'probe', 'cpus', '--log-file', '/dev/full')
    expect(stderr).toMatch(/^tsvmm: note: --log-file \/dev\/full ends here: ENOSPC.*\n$/)
    expect(stdout).toMatch(/^CPUs possible /)
    expect(status).toBe(0)
  })
})

describe('stderr', () => {
  it.each(['/dev/full', '/dev/null'])('that is %s does not keep a command from its work', path => {
    const stderr = fs.openSync(path, 'w')
    const { status, stdout } = spawnSync(process.execPath, [bin, '-vvv', 'probe', 'cpus'], {
      stdio: ['ignore', 'pipe', stderr],
    })
    fs.closeSync(stderr)
    expect(String(stdout)).toMatch(/^CPUs possible /)
    expect(status).toBe(0)
  })
})
