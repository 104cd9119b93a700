import type { Command, Option } from 'commander'
import { dirname, isAbsolute, join } from 'node:path'
import { UsageError } from '../errors/index.ts'
import { printable } from '../look/printable.ts'
import { didYouMean } from '../pmu/did-you-mean.ts'
import { readConfigFile } from './config-file.ts'
import { BARE } from './bare-flags.ts'

/** What names files that are read: they lie beside the configuration that names them. */
export const READ: readonly string[] = ['kernel', 'initrd', 'hugetlbfs', 'from', 'sysroot']

/** What names files that are written: they go where one is, as without a configuration. */
export const WRITTEN: readonly string[] = ['json', 'trace', 'dump-dtb']

/** Of the options of a command, those that a configuration can have; by their long names. */
export function configurable(command: Command): ReadonlyMap<string, Option> {
  const options = command.options.filter(
    ({ hidden, long }) => !hidden && long !== undefined && !NOT_FOR_FILES.includes(long),
  )
  return new Map(options.map(option => [option.long?.slice(2) ?? '', option]))
}

const NOT_FOR_FILES: readonly (string | undefined)[] = ['--config-file']

/** How many values a field has: one, any number in a list, or none but true and false. */
type FieldKind = 'flag' | 'bare' | 'list' | 'value'

export function kindOf(option: Option): FieldKind {
  if (!option.required && !option.optional) return 'flag'
  if (Object.hasOwn(BARE, option.long ?? '')) return 'bare'
  return option.long === '--pmu-filter' ? 'list' : 'value'
}

/**
 * Gives the options of a command the values that a configuration has for them, unless they are on
 * the command line.
 *
 * @param table the command whose options a configuration may name; what `command` has not of them
 * is left alone
 * @throws {UsageError} there is no such option, or it does not take such a value
 */
export function applyConfigFile(path: string, command: Command, table: Command): void {
  const options = configurable(table)
  const own = configurable(command)
  for (const [key, value] of readConfigFile(path)) {
    if (key === '$schema') continue
    const where = `--config-file ${path}: ${/^[\w$-]+$/.test(key) ? key : show(key)}`
    const option = options.get(key)
    if (option === undefined) throw unknown(where, key, [...options.keys()])
    const given = valueOf(option, inFolder(path, key, value), where)
    if (given !== undefined && own.has(key) && !isOnCommandLine(command, option, key))
      command.setOptionValueWithSource(option.attributeName(), given, 'config')
  }
}

function isOnCommandLine(command: Command, option: Option, key: string): boolean {
  // The image can be named without its option.
  if (key === 'kernel' && command.args.length > 0) return true
  return command.getOptionValueSource(option.attributeName()) === 'cli'
}

function unknown(where: string, key: string, keys: readonly string[]): UsageError {
  const meant = didYouMean(key.replace(/^--/, '').replace(/_/g, '-'), keys)
  return new UsageError(
    `${where} is no option${meant === undefined ? '' : `; did you mean ${meant}?`}`,
    {
      try: meant === undefined ? ['tsvmm run --help    # has them all'] : [`"${meant}"`],
    },
  )
}

/** A file that is read, from the folder of the configuration. */
function inFolder(path: string, key: string, value: unknown): unknown {
  const isName = READ.includes(key) && typeof value === 'string' && value !== '' && value !== '-'
  return isName && !isAbsolute(value) ? join(dirname(path), value) : value
}

/** What commander would make of it; undefined for what is as if it was not there. */
function valueOf(option: Option, value: unknown, where: string): unknown {
  const kind = kindOf(option)
  if (typeof value === 'boolean' && (kind === 'flag' || kind === 'bare')) {
    if (!value) return undefined
    return kind === 'flag' ? !option.negate : BARE[option.long ?? '']
  }
  if (kind === 'list' && Array.isArray(value))
    return value.reduce<unknown>(
      (before, item: unknown, index) => parsed(option, item, before, `${where}[${index}]`),
      undefined,
    )
  if (kind === 'flag') throw wrong(value, where, 'true or false')
  return parsed(option, value, undefined, where)
}

function parsed(option: Option, value: unknown, before: unknown, where: string): unknown {
  if (typeof value !== 'string' && typeof value !== 'number')
    throw wrong(
      value,
      where,
      kindOf(option) === 'list' ? 'text or a list of it' : 'text or a number',
    )
  checkExact(value, where)
  const text = String(value)
  if (option.parseArg === undefined) return text
  try {
    return option.parseArg(text, before)
  } catch (cause) {
    // Not by its class: to import that takes a file more at every start.
    const isOfCommander = cause instanceof Error && 'code' in cause
    if (!isOfCommander || cause.code !== 'commander.invalidArgument') throw cause
    throw new UsageError(`${where} is ${show(value)}. ${cause.message.replace(/\.$/, '')}`)
  }
}

/** What JSON.parse rounded, and what no command line can have, would silently be something else. */
function checkExact(value: string | number, where: string): void {
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw new UsageError(`${where} is a number above 2^53-1, which JSON does not keep exactly`, {
      try: ['write it as text, in quotes: "0x1234"'],
    })
  // A command line may have tabs and ends of lines.
  if (typeof value === 'string' && /[^\P{Cc}\t\n]/u.test(value))
    throw new UsageError(`${where} is ${show(value)}, which has a control character`, {
      try: ['leave it out'],
    })
}

function wrong(value: unknown, where: string, wanted: string): UsageError {
  return new UsageError(`${where} is ${show(value)}, not ${wanted}`)
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return printable(JSON.stringify(value).slice(0, 60))
}
