import { Option, type Command } from 'commander'
import { COLOR_MODES, type ColorMode } from './color.ts'

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

const LOG_FORMATS = ['pretty', 'json'] as const

export type LogFormat = (typeof LOG_FORMATS)[number]

export const DEFAULT_SETTINGS: Readonly<Settings> = { verbosity: 0, color: 'auto' }

/** Options that every command has, before its name or after it. */
export function addGlobalOptions(program: Command, settings: Settings): void {
  program
    .option(
      '-v, --verbose',
      'say more on stderr: what is done; -vv also how, -vvv also every ioctl',
    )
    .on('option:verbose', () => settings.verbosity++)
    .addOption(
      new Option('--color <when>', 'colour; auto: on a terminal, unless NO_COLOR is set')
        .choices(COLOR_MODES)
        .default(DEFAULT_SETTINGS.color),
    )
    .on('option:color', (when: ColorMode) => (settings.color = when))
    .addOption(
      new Option(
        '--log-format <format>',
        'how that is written; left out: pretty on a terminal, else json',
      ) //
        .choices(LOG_FORMATS),
    )
    .on('option:log-format', (format: LogFormat) => (settings.logFormat = format))
    .option('--log-file <file>', 'append that to a file, instead of stderr; implies -v')
    .on('option:log-file', (file: string) => (settings.logFile = file))
}
