import { expect, it } from 'vitest'
import type { Checked } from '../../../src/doctor/check.ts'
import { diagnose, type Diagnosis } from '../../../src/doctor/conclusion.ts'
import { renderJson } from '../../../src/doctor/json.ts'
import { renderDiagnosis } from '../../../src/doctor/render.ts'
import { facts } from './made-facts.ts'

const checks: Checked[] = [
  { id: 'host.arch', verdict: 'PASS', found: 'arm64' },
  {
    id: 'kvm.access',
    verdict: 'FAIL',
    found: 'EACCES',
    why: 'it is not yours',
    remedy: ['sudo one', 'sudo two'],
    see: ['a book'],
  },
  { id: 'kvm.vms', verdict: 'SKIP', found: 'needs kvm.access', blockedBy: 'kvm.access' },
]

const diagnosis: Diagnosis = {
  checks,
  exitStatus: 1,
  canRunGuests: false,
  conclusion: 'No guest runs here',
  next: 'sudo one',
}

const plain = { quiet: false, paint: (verdict: string) => verdict }

it('has a line per check, what to do below it, and what it comes to', () => {
  expect(renderDiagnosis(diagnosis, plain)).toBe(`PASS  host.arch   arm64
FAIL  kvm.access  EACCES
      why:  it is not yours
      try:  sudo one
      try:  sudo two
      see:  a book
SKIP  kvm.vms     needs kvm.access

No guest runs here.
next: sudo one
`)
})

it('quiet has only what is not PASS, and nothing where all is well', () => {
  const text = renderDiagnosis(diagnosis, { ...plain, quiet: true })
  expect(text).toMatch(/^FAIL {2}kvm\.access {2}EACCES\n/)
  expect(text).toMatch(/\nSKIP {2}kvm\.vms {5}needs kvm\.access\n$/)
  expect(renderDiagnosis(diagnose(facts()), { ...plain, quiet: true })).toBe('')
})

it('passes on nothing that a terminal would act on', () => {
  const evil = {
    id: 'host.arch',
    verdict: 'WARN',
    found: '\u001b[2J',
    remedy: ['\u001b[3J'],
  } as const
  const text = renderDiagnosis({ ...diagnosis, checks: [evil], next: '\u001b[4J' }, plain)
  expect(text).not.toContain('\u001b')
  expect(text).toContain('\\u{1b}[2J')
})

it('as JSON has all of it, lists also where they are empty', () => {
  const { checks: rows, ...rest } = JSON.parse(renderJson(diagnosis)) as { checks: object[] }
  expect(rest).toEqual({
    schemaVersion: 1,
    command: 'doctor',
    exitStatus: 1,
    canRunGuests: false,
    conclusion: 'No guest runs here',
    next: 'sudo one',
  })
  expect(rows[0]).toEqual({ id: 'host.arch', verdict: 'PASS', found: 'arm64', remedy: [], see: [] })
  expect(rows[1]).toEqual(checks[1])
  expect(rows[2]).toMatchObject({ blockedBy: 'kvm.access' })
})
