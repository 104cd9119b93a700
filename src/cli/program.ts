import { Command, CommanderError } from 'commander'
import { addCompletionCommand } from './completion.ts'
import type { CliContext } from './context.ts'
import { addDoctorCommand } from './doctor.ts'
import { addDtbCommand } from './dtb.ts'
import { addExplainCommand } from './explain.ts'
import { addGlobalOptions } from './global-options.ts'
import { addOverview, configureHelp } from './help-format.ts'
import { addHelpCommand } from './help.ts'
import { addLabCommand } from './lab.ts'
import { packageJson } from './package-json.ts'
import { paintLabels } from './print-error.ts'
import { addProbeCommand } from './probe.ts'
import { addRunCommand } from './run.ts'
import { renderVersion } from './version.ts'

/** All of the command line. Commands do their work in the context given. */
export function buildProgram(context: CliContext): Command {
  const program = new Command('tsvmm')
    .description(packageJson.description)
    .option('-V, --version', 'print the version and what is known of the build')
    .on('option:version', () => {
      context.stdout.write(renderVersion(packageJson.version))
      throw new CommanderError(0, 'commander.version', packageJson.version)
    })
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: text => context.stdout.write(text),
      writeErr: text => context.stderr.write(paintLabels(text, context.paint)),
    })
  configureHelp(program, context)
  addGlobalOptions(program, context.settings)
  addOverview(program)
  program.commandsGroup('Look at a host:')
  addDoctorCommand(program, context)
  addProbeCommand(program, context)
  program.commandsGroup('Run guests:')
  addRunCommand(program, context)
  addDtbCommand(program, context)
  addLabCommand(program, context)
  program.commandsGroup('Learn:')
  addExplainCommand(program, context)
  addHelpCommand(program, context)
  addCompletionCommand(program, context)
  program.hook('preAction', () => context.startLog())
  program.exitOverride().showHelpAfterError('try:  tsvmm --help')
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`try:  tsvmm ${command.name()} --help`)
  return program
}
