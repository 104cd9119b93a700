import { printable } from '../look/printable.ts'

/** Colours the name of a level. */
export type PaintLevel = (level: string) => string

/** pino's numbers. */
const LEVEL_NAMES: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info' }

interface LogRecord {
  readonly level: number
  readonly time: number
  readonly msg: string
  readonly [field: string]: unknown
}

/** A line of pino for people: `10:31:04.123 info  probed topic="pmus"`, the time in UTC. */
export function renderLogLine(json: string, paint: PaintLevel): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as LogRecord
  const name = LEVEL_NAMES[level] ?? String(level)
  const clock = new Date(time).toISOString().slice(11, 23)
  const words = Object.entries(fields)
    .filter(([field]) => field !== 'pid')
    .map(([field, value]) => ` ${field}=${JSON.stringify(value)}`)
  const blanks = ' '.repeat(6 - name.length)
  return `${clock} ${paint(name)}${blanks}${printable(msg + words.join(''))}\n`
}
