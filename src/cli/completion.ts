import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { addExamples } from './examples.ts'

/** Shells there is completion for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof SHELLS)[number]

/** `tsvmm completion`: what makes TAB work. */
export function addCompletionCommand(program: Command, context: CliContext): void {
  const command = program
    .command('completion')
    .summary('print what makes TAB complete commands and options')
    .description(
      'Prints a script for a shell, with which it completes commands, options, their values and files.',
    )
    .argument('<shell>', SHELLS.join(', '))
    .action(async (shell: string) => {
      const { completion } = await import('./completion-action.ts')
      completion(shell, program, context)
    })
  addExamples(command, [
    ['source <(tsvmm completion bash)', 'in ~/.bashrc'],
    ['source <(tsvmm completion zsh)', 'in ~/.zshrc, behind compinit'],
    ['tsvmm completion fish | source', 'in ~/.config/fish/config.fish'],
  ])
}
