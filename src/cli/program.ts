import { Command } from 'commander'
import { createRequire } from 'node:module'
import { styleText } from 'node:util'
import { EXIT_CODES } from '../errors/index.ts'
import type { CliContext } from './context.ts'
import { addExplainCommand } from './explain.ts'
import { addGlobalOptions } from './global-options.ts'
import { addLabCommand } from './lab.ts'
import { paintLabels } from './print-error.ts'
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
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .addHelpText('after', exitCodeHelp)
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: text => context.stdout.write(text),
      writeErr: text => context.stderr.write(paintLabels(text, context.paint)),
      getOutHasColors: () => context.paint.isOn.stdout,
      getErrHasColors: () => context.paint.isOn.stderr,
    })
    .configureHelp({ styleTitle: title => styleText('bold', title, { validateStream: false }) })
  addGlobalOptions(program, context.settings)
  addRunCommand(program, context)
  addProbeCommand(program, context)
  addLabCommand(program, context)
  addExplainCommand(program, context)
  program.hook('preAction', () => context.startLog())
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
