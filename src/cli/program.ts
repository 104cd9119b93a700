import { Command } from 'commander'
import { createRequire } from 'node:module'
import { EXIT_CODES } from '../errors/index.ts'
import type { CliContext } from './context.ts'
import { addExplainCommand } from './explain.ts'
import { addLabCommand } from './lab.ts'
import { addProbeCommand } from './probe.ts'
import { addRunCommand } from './run.ts'

const packageJson = createRequire(import.meta.url)('../../package.json') as {
  readonly version: string
  readonly description: string
}

/** All of the command line. Commands do their work in the context given. */
export function buildProgram(context: CliContext): Command {
  const program = new Command('tsvmm')
    .description(packageJson.description)
    .version(packageJson.version, '-V, --version', 'print the version')
    .option('-v, --verbose', 'say more on stderr: -v what is done, -vv also how')
    .on('option:verbose', () => context.sayMore())
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .addHelpText('after', exitCodeHelp)
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: text => context.stdout.write(text),
      writeErr: text => context.stderr.write(text),
    })
  addRunCommand(program, context)
  addProbeCommand(program, context)
  addLabCommand(program, context)
  addExplainCommand(program, context)
  program.exitOverride().showHelpAfterError('try:  tsvmm --help')
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`try:  tsvmm ${command.name()} --help`)
  return program
}

function exitCodeHelp(): string {
  const rows = Object.values(EXIT_CODES).map(
    ({ status, meaning }) => `  ${String(status).padStart(3)}  ${meaning}`,
  )
  return `\nExit status:\n${rows.join('\n')}`
}
