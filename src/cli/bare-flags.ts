/** What a flag means that takes a value only behind an equals sign. */
export const BARE: Readonly<Record<string, string>> = { '--pmu': 'auto', '--trace': '-' }

/** Which commands have such flags. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  '--pmu': ['run', 'dtb'],
  '--trace': ['run'],
}

/** How an option is given its value: `--json FILE`, `--trace=FILE`. */
export function withFile(option: string, file = 'FILE'): string {
  return `${option}${Object.hasOwn(BARE, option) ? '=' : ' '}${file}`
}

/**
 * `--pmu` takes its value only as `--pmu=MODE`: after lkvm's bare flag the next word is the image.
 * Commander has no such option, so bare flags are spelled out before parsing, behind a command that
 * has them: of another it is to say that it has none as it was typed.
 */
export function spellOutBareFlags(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  return argv.map((word, index) =>
    Object.hasOwn(BARE, word) &&
    (end < 0 || index < end) &&
    COMMANDS[word]?.some(name => argv.slice(0, index).includes(name))
      ? `${word}=${BARE[word]}`
      : word,
  )
}
