import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { UsageError } from '../errors/index.ts'
import { printable } from '../look/printable.ts'
import { requireName, wordsOf } from './open-output.ts'

/** No configuration has a hundredth of it. */
const MAX_SIZE = 2 ** 20

/**
 * The fields of a configuration.
 *
 * @throws {UsageError} the file cannot be read, or is no JSON object, or names a field twice
 */
export function readConfigFile(path: string): ReadonlyMap<string, unknown> {
  requireName('--config-file', path)
  const name = `--config-file ${path}`
  const text = readText(name, path)
  const parsed = parse(name, text)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new UsageError(`${name} is no JSON object`, { try: [EXAMPLE] })
  const twice = keysOf(text).find((key, index, keys) => keys.indexOf(key) < index)
  if (twice !== undefined)
    throw new UsageError(`${name}: ${JSON.stringify(twice)} is there twice`, {
      why: 'it is not said which of them counts',
      try: ['leave one of them out'],
    })
  return new Map(Object.entries(parsed))
}

const EXAMPLE = '{ "kernel": "Image", "cpus": 4, "pmu": true }'

function readText(name: string, path: string): string {
  let fd: number | undefined
  try {
    // Without waiting for who writes to a pipe: Ctrl-C would not be heard meanwhile.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(fd)
    if (!stat.isFile())
      throw new UsageError(`${name} is ${stat.isDirectory() ? 'a directory' : 'no regular file'}`)
    if (stat.size > MAX_SIZE)
      throw new UsageError(
        `${name} has ${stat.size} bytes, and a configuration at most ${MAX_SIZE}`,
      )
    return readFileSync(fd, 'utf8').replace(/^\uFEFF/, '')
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new UsageError(`${name} cannot be read`, {
      why: wordsOf(cause),
      try: [`ls -l ${path}`],
      cause,
    })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function parse(name: string, text: string): unknown {
  if (text.trim() === '') throw new UsageError(`${name} is empty`, { try: [EXAMPLE] })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`${name} is no JSON`, { why: printable(wordsOf(cause)), cause })
  }
}

/** The keys of the outermost object of what is JSON, in their order: JSON.parse keeps the last of two. */
function keysOf(text: string): string[] {
  const keys: string[] = []
  let depth = 0
  for (const [token, string, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (string === undefined) depth += token === '{' || token === '[' ? 1 : -1
    else if (colon !== undefined && depth === 1) keys.push(JSON.parse(string) as string)
  }
  return keys
}
