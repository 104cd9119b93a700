import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/doctor/checks.ts'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function doctor(...args: string[]) {
  const argv = [bin, 'doctor', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: folder })
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

interface Diagnosis {
  readonly exitStatus: number
  readonly canRunGuests: boolean
  readonly checks: readonly { id: string; verdict: string }[]
}

describe('tsvmm doctor, wherever it runs', () => {
  it('has a line for each check, in order, then a sentence and what to type', () => {
    const { status, stdout, stderr } = doctor()
    const ids = [...stdout.matchAll(/^(?:PASS|WARN|FAIL|SKIP) {2}(\S+) +\S/gm)].map(([, id]) => id)
    expect(ids).toEqual(CHECKS.map(({ id }) => id))
    expect(stdout).toMatch(/\n\n[A-Z].*\.\nnext: \S.*\n$/)
    expect(stderr).toBe('')
    expect([0, 1, 77]).toContain(status)
  })

  it('says the same as JSON, on stdout or into a file beside the text', () => {
    const { status, stdout } = doctor('--json')
    const diagnosis = JSON.parse(stdout) as Diagnosis
    expect(diagnosis).toMatchObject({ schemaVersion: 1, command: 'doctor', exitStatus: status })
    expect(diagnosis.canRunGuests).toBe(status === 0)
    expect(diagnosis.checks.map(({ id }) => id)).toEqual(CHECKS.map(({ id }) => id))
    expect(JSON.parse(doctor('--json', '-', '-q').stdout)).toMatchObject({ exitStatus: status })
    const file = join(folder, 'doctor.json')
    expect(doctor('--json', file).stdout).toMatch(/^(PASS|FAIL) {2}host\.arch/)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ exitStatus: status })
  })

  it('--quiet leaves out what is PASS, and the sentence', () => {
    const { stdout } = doctor('--quiet')
    expect(stdout).not.toMatch(/^PASS|^next:/m)
  })

  it('colours the verdicts, nothing else', () => {
    const escape = String.fromCharCode(27)
    const plain = doctor().stdout.replace(/\d+ MiB available/, '')
    const colored = doctor('--color=always').stdout.replace(/\d+ MiB available/, '')
    expect(colored).toContain(`${escape}[`)
    const words = new RegExp(`^${escape}\\[\\d+m(PASS|WARN|FAIL|SKIP)${escape}\\[39m`, 'gm')
    expect(colored.replace(words, '$1')).toBe(plain)
  })

  it('refuses a file it cannot write to, and leaves nothing behind', () => {
    const { status, stdout, stderr } = doctor('--json', join(folder, 'no', 'where.json'))
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^error: --json .*: the file cannot be written\nwhy: {2}/)
    expect(doctor('--json', '').status).toBe(2)
    expect(readdirSync(folder).filter(name => name.endsWith('.tmp'))).toEqual([])
  })

  it('refuses what it does not know', () => {
    expect(doctor('--fix')).toMatchObject({ status: 2, stdout: '' })
    expect(doctor('--fix').stderr).toMatch(/try: {2}tsvmm doctor --help/)
  })
})

describe.skipIf(process.arch === 'arm64')('on another architecture', () => {
  it('ends with 77 and says what works instead', () => {
    const { status, stdout } = doctor()
    expect(status).toBe(77)
    expect(stdout).toMatch(
      /^FAIL {2}host\.arch +this machine is \w+, not arm64\n {6}try: {2}tsvmm lab -- doctor /,
    )
    expect(stdout).toMatch(/^SKIP {2}kvm\.device +needs host\.arch$/m)
    expect(stdout).toMatch(/^PASS {2}tsvmm\.native /m)
    expect(stdout).toMatch(
      /\nThere is nothing here to run guests on: .*\nnext: tsvmm lab -- doctor\n$/,
    )
  })
})
