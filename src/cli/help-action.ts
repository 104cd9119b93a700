import type { Command } from 'commander'
import { UsageError } from '../errors/index.ts'
import { didYouMean } from '../pmu/did-you-mean.ts'
import type { CliContext } from './context.ts'
import { renderHelpTopic } from './help-topics.ts'
import { HELP_TOPICS, type HelpTopic } from './help.ts'
import { widthOf } from './wrap.ts'

/**
 * `tsvmm help` of what is no command.
 *
 * @throws {UsageError} there is no such topic either
 */
export function helpOnTopic(word: string, program: Command, { stdout, paint }: CliContext): void {
  if (!isTopic(word)) throw unknown(word, program)
  const title = (text: string) => paint.stdout('bold', text)
  stdout.write(renderHelpTopic(word, { program, width: widthOf(stdout), title }))
}

function isTopic(word: string): word is HelpTopic {
  return Object.hasOwn(HELP_TOPICS, word)
}

function unknown(word: string, program: Command): UsageError {
  const names = [...program.commands.map(command => command.name()), ...Object.keys(HELP_TOPICS)]
  const meant = didYouMean(word, names)
  const question = meant === undefined ? '' : `; did you mean ${meant}?`
  return new UsageError(`tsvmm help ${word}: there is no such command or topic${question}`, {
    try: [`tsvmm help ${meant ?? 'topics'}`],
  })
}
