/** What a flag means that takes a value only behind an equals sign. */
export const BARE: Readonly<Record<string, string>> = { '--pmu': 'auto', '--trace': '-' }

/**
 * `--pmu` takes its value only as `--pmu=MODE`: after lkvm's bare flag the next word is the image.
 * Commander has no such option, so bare flags are spelled out before parsing.
 */
export function spellOutBareFlags(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  return argv.map((word, index) =>
    Object.hasOwn(BARE, word) && (end < 0 || index < end) ? `${word}=${BARE[word]}` : word,
  )
}
