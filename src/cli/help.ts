import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { define } from './define-later.ts'

/** What `tsvmm help TOPIC` tells beside the commands, and how that is called in a list. */
export const HELP_TOPICS = {
  'exit-codes': 'what the exit status says',
  environment: 'variables that change what tsvmm does',
  json: 'what programs can rely on in JSON',
  topics: 'everything there is help for',
} as const

export type HelpTopic = keyof typeof HELP_TOPICS

/** `tsvmm help`: help for a command, as with --help, or about a topic. */
export function addHelpCommand(program: Command, context: CliContext): void {
  program
    .helpCommand(false)
    .command('help')
    .summary('help for a command or a topic')
    .description('Prints the help of a command, or what there is to say about a topic.')
    .argument('[topic]', `a command, or ${Object.keys(HELP_TOPICS).join(', ')}`)
    .action(async (word: string | undefined) => {
      const command =
        word === undefined ? program : program.commands.find(other => other.name() === word)
      if (command !== undefined) {
        define(command)
        command.outputHelp()
      } else {
        const { helpOnTopic } = await import('./help-action.ts')
        helpOnTopic(word ?? '', program, context)
      }
    })
}
