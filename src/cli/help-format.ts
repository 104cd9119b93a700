import type { Command, HelpConfiguration, Option } from 'commander'
import { styleText } from 'node:util'
import type { CliContext } from './context.ts'
import { takesOptions } from './define-later.ts'
import { addExamples } from './examples.ts'
import { HELP_TOPICS } from './help.ts'
import { stdoutForm } from './standard-output.ts'
import { widthOf } from './wrap.ts'

/** What all help has in common; set before there are commands, which inherit it. */
export function configureHelp(program: Command, context: CliContext): void {
  program
    .configureHelp(FORMAT)
    .helpOption('-h, --help', 'print help')
    .configureOutput({
      getOutHasColors: () => context.paint.isOn.stdout,
      getErrHasColors: () => context.paint.isOn.stderr,
      getOutHelpWidth: () => widthOf(stdoutForm()),
      getErrHelpWidth: () => widthOf(context.stderr),
    })
}

const FORMAT: HelpConfiguration = {
  styleTitle: title => styleText('bold', title, { validateStream: false }),
  showGlobalOptions: true,
  optionDescription: describeOption,
  subcommandTerm: describeCommand,
}

/** `run [options] [image]`, also of a command that has its options yet to get. */
function describeCommand(command: Command): string {
  const term = `${command.name()} ${command.usage()}`
  return takesOptions(command) ? term : term.replace(' [options]', '')
}

/** What an option does, what it takes, and what it is without: `… (one of pin, none, fail)`. */
export function describeOption(option: Option): string {
  const { description, argChoices, defaultValueDescription } = option
  const defaultValue = option.defaultValue as string | number | undefined
  const isShown = option.required && defaultValue !== undefined && defaultValue !== ''
  const notes = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(isShown ? [`default ${defaultValueDescription ?? defaultValue}`] : []),
  ]
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`
}

/** The end of `tsvmm --help`: where to begin, and where to read on. */
export function addOverview(program: Command): void {
  addExamples(program, [
    ['tsvmm doctor', 'can guests run here'],
    ['tsvmm probe', 'what this host is'],
    ['tsvmm run --pmu --vcpu-affinity 4-7 guest.flat', 'on one kind of core'],
    ['tsvmm lab -- run --pmu guest.flat', 'no arm64 host at hand'],
    ['tsvmm explain SET_PMU EBUSY', 'the kernel said no'],
  ])
  // The first words are what kvm-unit-tests' runner knows an lkvm by (docs/kvm-unit-tests.md).
  program.addHelpText(
    'after',
    '\nThe most commonly used commands are doctor, probe, run and explain.',
  )
  program.addHelpText('after', () => `\nMore:\n${renderTopics().join('\n')}`)
}

function renderTopics(): string[] {
  const topics = Object.entries(HELP_TOPICS)
  const column = Math.max(...topics.map(([name]) => name.length))
  return topics.map(([name, what]) => `  tsvmm help ${name.padEnd(column)}  ${what}`)
}
