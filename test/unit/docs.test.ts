import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ENVIRONMENT } from '../../src/cli/environment.ts'
import { LKVM_FLAGS } from '../../src/cli/lkvm-flags.ts'
import { CHECKS } from '../../src/doctor/checks.ts'
import { KERNEL_FEATURES } from '../../src/doctor/kernel-features.ts'
import { ERROR_CODES, EXIT_CODES } from '../../src/errors/index.ts'
import { MEMORY_MAP } from '../../src/vm/memory-map.ts'
// @ts-expect-error -- a script without types
import { DOCUMENTS, fillTables } from '../../scripts/doc-tables.mjs'

type FillTables = (text: string, tables: object) => string

describe('the documentation says what the code says (else: npm run docs)', () => {
  it.each(DOCUMENTS as string[])('%s', name => {
    const text = readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
    expect(text).toContain('<!-- table: ')
    const tables = {
      ERROR_CODES,
      EXIT_CODES,
      ENVIRONMENT,
      CHECKS,
      KERNEL_FEATURES,
      LKVM_FLAGS,
      MEMORY_MAP,
    }
    expect((fillTables as FillTables)(text, tables)).toBe(text)
  })
})
