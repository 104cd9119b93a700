import { Option, type Command } from 'commander'
import { COLOR_MODES, type ColorMode } from './color.ts'
import { DEFAULT_SETTINGS, LOG_FORMATS, type LogFormat, type Settings } from './settings.ts'

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
