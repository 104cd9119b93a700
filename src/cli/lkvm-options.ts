import { Option, type Command } from 'commander'
import { UsageError } from '../errors/index.ts'
import type { Settings } from './settings.ts'
import { LKVM_FLAGS, type LkvmFlag, type RefusedFlag } from './lkvm-flags.ts'
import { LEVELS } from './log.ts'
import { LOG_LEVELS, type LogLevel } from './log-levels.ts'

/** What commander makes of the flags of lkvm that are none of ours. */
export interface LkvmOptions {
  readonly loglevel?: LogLevel
  readonly name?: string
  readonly nodefaults?: boolean
}

/**
 * Lets a command understand what lkvm's users and scripts give it beside its own options; help does
 * not show these. What there is not is refused with what to do instead.
 */
export function addLkvmOptions(command: Command, settings: Settings): void {
  // Said when all of the line has been read: how much is said may stand behind it.
  let refused: UsageError | undefined
  const words = command.parent?.args ?? []
  const names = words.filter(word => word.startsWith('-')).map(word => word.replace(/=.*/s, ''))
  for (const flag of LKVM_FLAGS) {
    if (flag.here === 'same' || !mayStandIn(names, flag)) continue
    const option = new Option(flag.flags).hideHelp()
    command.addOption(option).on(`option:${option.name()}`, (value: string) => {
      if (flag.here === 'refused') refused ??= refuse(option, flag)
      TAKE[option.name()]?.(value, settings)
    })
  }
  command.hook('preAction', () => {
    if (refused) throw refused
  })
}

/**
 * Whether there is need for an option: to make all of them at each start takes longer than to look.
 * One too many does nothing. A short one may stand behind others: `-vn none`.
 */
function mayStandIn(names: readonly string[], { flags }: LkvmFlag): boolean {
  const [dash, short = ''] = flags
  return names.some(name =>
    name.startsWith('--') ? flags.includes(name) : short !== dash && name.includes(short),
  )
}

/** Flags whose value means something; by name. */
const TAKE: Readonly<Record<string, (value: string, settings: Settings) => void>> = {
  network: oneOf('--network', ['mode=none', 'none'], 'guests have no network'),
  console: oneOf('--console', ['serial'], "the guest's console is a 16550A"),
  debug: beVerbose,
  loglevel: (level, settings) => {
    oneOf('--loglevel', LOG_LEVELS, 'lkvm has no such level')(level)
    settings.terse = level === 'error' || level === 'warning'
    if (level === 'debug') beVerbose(level, settings)
  },
}

function beVerbose(_: string, settings: Settings): void {
  settings.verbosity = Math.max(settings.verbosity, LEVELS.debug)
}

function oneOf(flag: string, values: readonly string[], why: string): (value: string) => void {
  return value => {
    if (values.includes(value)) return
    throw new UsageError(`${flag} ${value} cannot be had`, {
      why,
      try: values.map(other => `${flag} ${other}`),
    })
  }
}

function refuse(
  { long = '' }: Option,
  { note, instead = 'leave it out' }: RefusedFlag,
): UsageError {
  return new UsageError(`there is no ${long}: ${note}`, { try: [instead] })
}
