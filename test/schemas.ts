import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'

const folder = new URL('../schema/', import.meta.url)

/** Every schema of the package: `common.schema.json`. */
export const SCHEMA_FILES = readdirSync(folder)

function read(file: string): object {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as object
}

/** What a schema has at a path. */
export function schemaAt(file: string, path: readonly string[]): unknown {
  return path.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], read(file))
}

const COMMON = 'common.schema.json'

/** @throws {Error} it is no schema of draft 2020-12, or refers to what is not there */
function compile(file: string) {
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false })
  // Those that others refer to.
  for (const part of [COMMON, 'run.schema.json']) if (file !== part) ajv.addSchema(read(part), part)
  return ajv.compile(read(file))
}

const compiled = new Map<string, ReturnType<typeof compile>>()

/** What a schema has against an object, a line each: nothing, if it has the fields it should have. */
export function complaints(file: string, object: unknown): string[] {
  const validate = compiled.get(file) ?? compile(file)
  compiled.set(file, validate)
  if (validate(object)) return []
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${instancePath || '/'} ${message ?? ''} ${JSON.stringify(params)}`,
  )
}
