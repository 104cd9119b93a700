import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ENVIRONMENT } from '../../../src/cli/environment.ts'

const source = new URL('../../../src/', import.meta.url)

it('every variable that the sources read is in the table, and the other way round', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  const text = [
    ...files.filter(name => name.endsWith('.ts') && name !== 'cli/environment.ts'),
    '../bin/load.js',
  ]
    .map(name => readFileSync(new URL(name, source), 'utf8'))
    .join('\n')
  const names = ENVIRONMENT.map(([name]) => name)
  for (const [, name] of text.matchAll(/\benv\[?\.?'?([A-Z][A-Z_]+)'?\]?/g))
    expect(names).toContain(name)
  for (const name of names) expect(text).toContain(`'${name}'`)
})
