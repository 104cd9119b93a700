import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { CHECKS } from '../../../src/doctor/checks.ts'
import { diagnose } from '../../../src/doctor/conclusion.ts'
import { renderJson } from '../../../src/doctor/json.ts'
import { board, facts } from './made-facts.ts'

interface Schema {
  readonly properties: Readonly<Record<string, { readonly enum?: readonly unknown[] }>>
  readonly required: readonly string[]
}

const schema = JSON.parse(
  readFileSync(new URL('../../../schema/doctor.schema.json', import.meta.url), 'utf8'),
) as Schema & { readonly $defs: { readonly check: Schema } }

it('knows the ids of all checks, in their order', () => {
  const ids = CHECKS.map(({ id }) => id)
  expect(schema.$defs.check.properties['id']?.enum).toEqual(ids)
  expect(schema.$defs.check.properties['blockedBy']?.enum).toEqual(ids)
})

it.each([
  ['a server', facts()],
  ['a board', board()],
  ['another architecture', facts({ arch: 'x64', kvm: undefined })],
])('has the fields of %s, and no other', (_, from) => {
  const object = JSON.parse(renderJson(diagnose(from))) as Record<string, unknown>
  expect(Object.keys(object)).toEqual(schema.required)
  expect(Object.keys(schema.properties)).toEqual(schema.required)
  for (const check of object['checks'] as object[]) {
    const fields = Object.keys(check)
    expect(Object.keys(schema.$defs.check.properties)).toEqual(expect.arrayContaining(fields))
    expect(fields).toEqual(expect.arrayContaining([...schema.$defs.check.required]))
  }
})
