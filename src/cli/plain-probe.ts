import type { ProbeOptions } from './probe.ts'

/** What there is to be read of a plain command line. */
export interface PlainProbe {
  readonly word: string | undefined
  readonly options: ProbeOptions
}

/**
 * `probe [TOPIC] [--json] [--sysroot DIR]`, as scripts ask all day, read without loading the parser:
 * that and the options of all commands take as long as the rest of the answer. Undefined for every
 * other line and for all that is not plain; a test holds the answers against commander's.
 */
export function readPlainProbe(argv: readonly string[]): PlainProbe | undefined {
  const [command, ...words] = argv
  if (command !== 'probe') return undefined
  const word = /^[a-z]+$/.test(words[0] ?? '') ? words.shift() : undefined
  let json: true | undefined
  let sysroot: string | undefined
  while (words.length > 0) {
    const option = words.shift()
    if (option === '--json' && json === undefined && isOption(words[0])) json = true
    else if (option === '--sysroot' && sysroot === undefined && !isOption(words[0]))
      sysroot = words.shift()
    else return undefined
  }
  return { word, options: { ...(json && { json }), ...(sysroot !== undefined && { sysroot }) } }
}

/** Or nothing: a word that an option in front of it does not take for its value. */
function isOption(word: string | undefined): boolean {
  return word === undefined || word.startsWith('-')
}
