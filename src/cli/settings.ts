import type { ColorMode } from './color.ts'

/** What the global options say, filled in while the command line is read. */
export interface Settings {
  /** How often -v was given. */
  verbosity: number
  color: ColorMode
  /** Left out: as the place of the log is a terminal or not. */
  logFormat?: LogFormat
  /** Left out: stderr. */
  logFile?: string
  /** Errors come without advice: --loglevel of lkvm says so. */
  terse?: boolean
}

export const LOG_FORMATS = ['pretty', 'json'] as const

export type LogFormat = (typeof LOG_FORMATS)[number]

export const DEFAULT_SETTINGS: Readonly<Settings> = { verbosity: 0, color: 'auto' }
