import type { Command } from 'commander'
import { UsageError } from '../errors/index.ts'
import { didYouMean } from '../pmu/did-you-mean.ts'
import { readCommandLine, type CommandLine } from './command-line.ts'
import { renderBash } from './completion-bash.ts'
import { renderFish } from './completion-fish.ts'
import { SHELLS, type Shell } from './completion.ts'
import { renderZsh } from './completion-zsh.ts'
import type { CliContext } from './context.ts'

const RENDER: Readonly<Record<Shell, (line: CommandLine) => string>> = {
  bash: renderBash,
  zsh: renderZsh,
  fish: renderFish,
}

/**
 * `tsvmm completion`, with its argument parsed.
 *
 * @throws {UsageError} there is no completion for such a shell
 */
export function completion(word: string, program: Command, { stdout }: CliContext): void {
  const shell = SHELLS.find(name => name === word)
  if (shell !== undefined) {
    stdout.write(RENDER[shell](readCommandLine(program)))
    return
  }
  const meant = didYouMean(word, SHELLS)
  const question = meant === undefined ? '' : `; did you mean ${meant}?`
  throw new UsageError(`tsvmm completion ${word}: there is none for such a shell${question}`, {
    try: meant === undefined ? [`one of ${SHELLS.join(', ')}`] : [`tsvmm completion ${meant}`],
  })
}
