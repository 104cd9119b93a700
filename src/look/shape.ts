import { UsageError } from '../errors/index.ts'
import { printable } from './printable.ts'

/**
 * Makes a value of what JSON.parse gave.
 *
 * @param where the field, as it is to be called: `--from x.json: kvm.pmus`
 * @throws {UsageError} naming the field, what it holds and what it should hold
 */
export type Shape<T> = (value: unknown, where: string) => T

/** A shape for every field, so that a new one cannot be forgotten. */
type Fields<T> = { readonly [Key in keyof T]-?: Shape<T[Key]> }

/** An object; fields that are not known are left out, and so are those that come to nothing. */
export function object<T extends object>(fields: Fields<T>): Shape<T> {
  return (value, where) => {
    const fieldsOf = toObject(value, where)
    const entries = Object.entries<Shape<unknown>>(fields).flatMap(([key, shape]) => {
      const decoded = shape(ownField(fieldsOf, key), fieldName(where, key))
      return decoded === undefined ? [] : [[key, decoded] as const]
    })
    return Object.fromEntries(entries) as T
  }
}

/** A field that need not be there. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, where) => (value === undefined ? undefined : shape(value, where))
}

export function list<T>(item: Shape<T>, most: number): Shape<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw wrong(value, where, 'a list')
    if (value.length > most)
      throw new UsageError(`${where} has ${value.length} items, more than ${most}`)
    return value.map((each: unknown, index) => item(each, `${where}[${index}]`))
  }
}

/** An object with any keys. */
export function map<T>(shape: Shape<T>, checkKey: Shape<string>): Shape<ReadonlyMap<string, T>> {
  return (value, where) =>
    new Map(
      Object.entries(toObject(value, where)).map(([key, each]) => {
        const field = `${where}[${show(key)}]`
        return [checkKey(key, field), shape(each, field)] as const
      }),
    )
}

export function text(most: number): Shape<string> {
  return (value, where) => {
    if (typeof value !== 'string') throw wrong(value, where, 'text')
    if (value.length <= most) return value
    throw new UsageError(`${where} has ${value.length} characters, more than ${most}`)
  }
}

/** Text that looks like this. */
export function textLike(pattern: RegExp, what: string): Shape<string> {
  return (value, where) => {
    if (typeof value === 'string' && pattern.test(value)) return value
    throw wrong(value, where, what)
  }
}

export const flag: Shape<boolean> = (value, where) => {
  if (typeof value === 'boolean') return value
  throw wrong(value, where, 'true or false')
}

export function integer(most: number): Shape<number> {
  return (value, where) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most)
      return value
    throw wrong(value, where, `a whole number from 0 to ${most}`)
  }
}

export const amount: Shape<number> = (value, where) => {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw wrong(value, where, 'a number that is not negative')
}

export function oneOf<T extends string>(words: readonly T[]): Shape<T> {
  return (value, where) => {
    const word = words.find(each => each === value)
    if (word !== undefined) return word
    throw wrong(value, where, words.length > 5 ? 'a word of ours' : `one of ${words.join(', ')}`)
  }
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value, where) => (value === null ? null : shape(value, where))
}

/** @throws {UsageError} it is no object */
export function toObject(value: unknown, where: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw wrong(value, where, 'an object')
}

/** What comes from a file may be called `__proto__`, and must not be looked for where that leads. */
export function ownField(of: object, key: string): unknown {
  return Object.hasOwn(of, key) ? (of as Readonly<Record<string, unknown>>)[key] : undefined
}

function fieldName(where: string, key: string): string {
  return where.endsWith(':') ? `${where} ${key}` : `${where}.${key}`
}

function wrong(value: unknown, where: string, wanted: string): UsageError {
  if (value === undefined) return new UsageError(`${where} is missing`)
  return new UsageError(`${where} is ${show(value)}, not ${wanted}`)
}

const SHOWN = 60

/** Never all of it: it may be large, or nested deeper than JSON.stringify goes. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const whole = typeof value === 'string' ? value : String(value)
  const shown = whole.length > SHOWN ? `${whole.slice(0, SHOWN)}…` : whole
  return printable(typeof value === 'string' ? JSON.stringify(shown) : shown)
}
