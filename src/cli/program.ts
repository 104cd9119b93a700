import { Command, CommanderError } from 'commander'
import { EXIT_CODES } from '../errors/index.ts'
import { spellOutBareFlags } from './bare-flags.ts'
import { addCompletionCommand } from './completion.ts'
import type { CliContext } from './context.ts'
import { define } from './define-later.ts'
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

/** What commander calls the end that `--version` is. */
const VERSION = 'commander.version'

/** Does what the command line says. */
export async function runCommandLine(argv: readonly string[], context: CliContext): Promise<void> {
  try {
    await buildProgram(context).parseAsync(spellOutBareFlags(argv), { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    if (thrown.code === VERSION) {
      const { renderVersion } = await import('./version.ts')
      context.answer(renderVersion(packageJson.version))
    }
    // In all other cases commander has printed its own words.
    context.setExitStatus(thrown.exitCode === 0 ? EXIT_CODES.ok.status : EXIT_CODES.usage.status)
  }
}

/** All of the command line. Commands do their work in the context given. */
export function buildProgram(context: CliContext): Command {
  const program = new Command('tsvmm')
    .description(packageJson.description)
    .option('-V, --version', 'print the version and what is known of the build')
    .on('option:version', () => {
      throw new CommanderError(0, VERSION, packageJson.version)
    })
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: text => context.answer(text),
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
  program.hook('preSubcommand', (_, command) => define(command))
  program.hook('preAction', () => context.startLog())
  program.exitOverride().showHelpAfterError('try:  tsvmm --help')
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`try:  tsvmm ${command.name()} --help`)
  return program
}
