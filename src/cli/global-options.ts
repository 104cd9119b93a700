import { Option, type Command } from 'commander'
import { COLOR_MODES, type ColorMode } from './color.ts'

/** What the global options say, filled in while the command line is read. */
export interface Settings {
  /** How often -v was given. */
  verbosity: number
  color: ColorMode
}

export const DEFAULT_SETTINGS: Readonly<Settings> = { verbosity: 0, color: 'auto' }

/** Options that every command has, before its name or after it. */
export function addGlobalOptions(program: Command, settings: Settings): void {
  program
    .option('-v, --verbose', 'say more on stderr: -v what is done, -vv also how')
    .on('option:verbose', () => settings.verbosity++)
    .addOption(
      new Option('--color <when>', 'colour: auto is on a terminal, unless NO_COLOR is set')
        .choices(COLOR_MODES)
        .default(DEFAULT_SETTINGS.color),
    )
    .on('option:color', (when: ColorMode) => (settings.color = when))
}
