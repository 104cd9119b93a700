import type { Argument, Command, Option } from 'commander'
import { SHELLS } from './completion.ts'
import { define } from './define-later.ts'
import { examplesOf, type Example } from './examples.ts'
import { allTopics } from './explain-topics.ts'
import { describeOption } from './help-format.ts'
import { HELP_TOPICS } from './help.ts'
import { CLIENTS } from '../look/advice/clients.ts'
import { PROBE_TOPICS } from '../look/facts.ts'

/** The whole command line as plain data, as commander knows it. */
export interface CommandLine {
  readonly name: string
  readonly description: string
  /** Options of every command. */
  readonly options: readonly OptionRow[]
  readonly commands: readonly CommandRow[]
  readonly examples: readonly Example[]
}

export interface CommandRow {
  readonly name: string
  readonly summary: string
  readonly description: string
  /** What follows the name: `[options] -- <tsvmm arguments...>`. */
  readonly usage: string
  /** Without those of every command. */
  readonly options: readonly OptionRow[]
  readonly arguments: readonly ArgumentRow[]
  readonly examples: readonly Example[]
}

export interface OptionRow {
  /** `-k`, `--kernel`. */
  readonly names: readonly string[]
  /** `<image>`, `[=mode]`, or nothing. */
  readonly placeholder: string
  readonly description: string
  /** Behind the option or an equals sign; `attached` is only behind the sign. */
  readonly takes: 'nothing' | 'value' | 'optional' | 'attached'
  readonly values: Values
}

export interface ArgumentRow {
  readonly name: string
  readonly description: string
  readonly values: Values
}

/** What can stand in a place. */
export interface Values {
  readonly words: readonly string[]
  readonly files: 'none' | 'files' | 'directories'
}

/** Reads all commands and options of a program. */
export function readCommandLine(program: Command): CommandLine {
  const help = program.createHelp()
  const commands = help.visibleCommands(program)
  commands.forEach(define)
  const names = commands.map(command => command.name())
  const words = { ...WORDS, 'help topic': [...names, ...Object.keys(HELP_TOPICS)] }
  const options = (command: Command) =>
    help.visibleOptions(command).map(option => readOption(option, command.name(), words))
  const global = options(program)
  const isGlobal = ({ names: [name = ''] }: OptionRow) =>
    global.some(option => option.names.includes(name))
  return {
    name: program.name(),
    description: program.description(),
    options: global,
    examples: examplesOf(program),
    commands: commands.map(command => ({
      name: command.name(),
      summary: command.summary(),
      description: command.description(),
      usage: command.usage(),
      examples: examplesOf(command),
      options: options(command).filter(option => !isGlobal(option)),
      arguments: command.registeredArguments.map(argument =>
        readArgument(argument, command.name(), words),
      ),
    })),
  }
}

type Words = Readonly<Record<string, readonly string[]>>

/** What commander does not know of values: words that are usual where others are right as well. */
const WORDS: Words = {
  'probe topic': PROBE_TOPICS,
  'probe --json': PROBE_TOPICS,
  'probe --for': CLIENTS,
  'run --pmu': ['auto', 'fixed', 'default', 'off'],
  'dtb --pmu': ['auto', 'fixed', 'default', 'off'],
  'lab --topology': ['uniform', 'biglittle', 'tri'],
  'lab --host-kernel': ['6.1', '6.12', '7.2', 'sid', 'fco'],
  'lab --node': ['20', '22', '24'],
  'explain name': [...new Set(allTopics().map(({ name }) => name))],
  'completion shell': SHELLS,
}

function readOption(option: Option, command: string, words: Words): OptionRow {
  const { flags, short, long, argChoices } = option
  const placeholder = /[<[].*[>\]]/.exec(flags)?.[0] ?? ''
  return {
    names: [short, long].filter(name => name !== undefined),
    placeholder,
    description: describeOption(option),
    takes: takes(option, placeholder),
    values: {
      words: argChoices ?? words[`${command} ${long}`] ?? [],
      files: filesFor(placeholder),
    },
  }
}

function takes(option: Option, placeholder: string): OptionRow['takes'] {
  if (option.required) return 'value'
  if (!option.optional) return 'nothing'
  return placeholder.startsWith('[=') ? 'attached' : 'optional'
}

function readArgument(argument: Argument, command: string, words: Words): ArgumentRow {
  const name = argument.name()
  return {
    name,
    description: argument.description,
    values: { words: words[`${command} ${name}`] ?? [], files: filesFor(name) },
  }
}

/** By the word in the place: `<file>`, `[image]`, `<dir>`. A host kernel may be one, or a version. */
function filesFor(placeholder: string): Values['files'] {
  const word = placeholder.replace(/[^a-z]/g, '')
  if (word === 'dir') return 'directories'
  return ['file', 'image', 'kernel'].includes(word) ? 'files' : 'none'
}
