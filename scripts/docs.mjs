/**
 * Writes the tables of the documentation that say what the code says: what stands between
 * `<!-- table: NAME -->` and `<!-- end -->`; and the schema of --config-file. A test compares them; after a change run `npm run docs`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { configSchema } from '../dist/cli/config-schema.js'
import { buildProgram } from '../dist/cli/program.js'
import { EXIT_CODES } from '../dist/errors/exit-code.js'
import { ERROR_CODES } from '../dist/errors/codes.js'
import { ENVIRONMENT } from '../dist/cli/environment.js'
import { LKVM_FLAGS } from '../dist/cli/lkvm-flags.js'
import { CHECKS } from '../dist/doctor/checks.js'
import { KERNEL_FEATURES } from '../dist/doctor/kernel-features.js'
import { MEMORY_MAP } from '../dist/vm/memory-map.js'
import { DOCUMENTS, fillTables } from './doc-tables.mjs'

const tables = {
  EXIT_CODES,
  ERROR_CODES,
  ENVIRONMENT,
  CHECKS,
  KERNEL_FEATURES,
  LKVM_FLAGS,
  MEMORY_MAP,
}
for (const name of DOCUMENTS) {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url))
  writeFileSync(path, fillTables(readFileSync(path, 'utf8'), tables))
}

const { stdout, stderr } = process
const program = buildProgram({ stdout, stderr, settings: {}, paint: { isOn: {} } })
const schema = fileURLToPath(new URL('../schema/run-config.schema.json', import.meta.url))
const text = JSON.stringify(configSchema(program))
writeFileSync(schema, await format(text, { ...(await resolveConfig(schema)), filepath: schema }))
