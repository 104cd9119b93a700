import type { Command } from 'commander'
import { UsageError } from '../errors/index.ts'
import { didYouMean } from '../pmu/did-you-mean.ts'
import type { CliContext } from './context.ts'
import { renderHelpTopic } from './help-topics.ts'
import { HELP_TOPICS, type HelpTopic } from './help.ts'
import { widthOf } from './wrap.ts'

/**
 * `tsvmm help`, with its argument parsed.
 *
 * @throws {UsageError} there is no such command and no such topic
 */
export function help(
  word: string | undefined,
  program: Command,
  { stdout, paint }: CliContext,
): void {
  const command = word === undefined ? program : program.commands.find(c => c.name() === word)
  if (command !== undefined) command.outputHelp()
  else if (isTopic(word)) {
    const title = (text: string) => paint.stdout('bold', text)
    stdout.write(renderHelpTopic(word, { program, width: widthOf(stdout), title }))
  } else throw unknown(word ?? '', program)
}

function isTopic(word: string | undefined): word is HelpTopic {
  return word !== undefined && Object.hasOwn(HELP_TOPICS, word)
}

function unknown(word: string, program: Command): UsageError {
  const names = [...program.commands.map(command => command.name()), ...Object.keys(HELP_TOPICS)]
  const meant = didYouMean(word, names)
  const question = meant === undefined ? '' : `; did you mean ${meant}?`
  return new UsageError(`tsvmm help ${word}: there is no such command or topic${question}`, {
    try: [`tsvmm help ${meant ?? 'topics'}`],
  })
}
