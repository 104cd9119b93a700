import { printable } from '../look/printable.ts'
import { renderTable } from '../look/table.ts'
import type { Checked, Verdict } from './check.ts'
import type { Diagnosis } from './conclusion.ts'

export interface RenderOptions {
  /** Only what is not PASS. */
  readonly quiet: boolean
  /** Colours a verdict. */
  readonly paint: (verdict: Verdict) => string
}

/** Below the id. */
const INDENT = '      '

/** A line for each check, below it what to do, and at the end what all of it comes to. */
export function renderDiagnosis(diagnosis: Diagnosis, { quiet, paint }: RenderOptions): string {
  const shown = diagnosis.checks.filter(({ verdict }) => !quiet || verdict !== 'PASS')
  const rows = renderTable(
    ['', '', ''],
    shown.map(({ verdict, id, found }) => [verdict, id, found]),
  ).slice(1)
  const lines = shown.flatMap((check, i) => [
    // The first column is the verdict; colour comes last, since its escapes would count as letters.
    `${paint(check.verdict)}${(rows[i] ?? '').slice(check.verdict.length)}`,
    ...advice(check).map(line => `${INDENT}${printable(line)}`),
  ])
  const { conclusion, next } = diagnosis
  const closing = quiet ? [] : ['', `${printable(conclusion)}.`, `next: ${printable(next)}`]
  return [...lines, ...closing].map(line => `${line}\n`).join('')
}

function advice({ why, remedy = [], see = [] }: Checked): string[] {
  return [
    ...(why === undefined ? [] : [`why:  ${why}`]),
    ...remedy.map(step => `try:  ${step}`),
    ...see.map(source => `see:  ${source}`),
  ]
}
