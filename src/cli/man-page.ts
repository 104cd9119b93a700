import { EXIT_CODES } from '../errors/index.ts'
import type { ArgumentRow, CommandLine, CommandRow, OptionRow } from './command-line.ts'
import { ENVIRONMENT } from './environment.ts'
import type { Example } from './examples.ts'
import { wrap } from './wrap.ts'

/** Of the source; with the two characters that may stand in front. */
const LINE_WIDTH = 78

type Term = readonly [term: string, text: string]

const FILES: readonly Term[] = [
  ['/dev/kvm', 'what runs guests; who may read and write it may do so'],
  ['/sys/devices/system/cpu', 'the CPUs of this host'],
  ['/sys/bus/event_source/devices', 'its PMUs'],
  ['~/.cache/tsvmm', 'what the lab has fetched or built; may be removed at any time'],
]

const SEE_ALSO = ['perf-list', 'qemu-system-aarch64', 'taskset'].map(name => `${name}(1)`)

/** The manual in macros of man(7), which man-db and mandoc both read. */
export function renderManPage(line: CommandLine, version: string): string {
  const { name, description, options, commands, examples } = line
  // Those of tsvmm itself come again with their commands.
  const allExamples = new Map(
    [...commands.flatMap(command => command.examples), ...examples].map(example => [
      example[0],
      example,
    ]),
  )
  const exitStatuses = Object.values(EXIT_CODES).map(
    ({ status, meaning }) => [String(status), meaning] as const,
  )
  const lines = [
    // Without a date: the same sources are to give the same page.
    macro('TH', name.toUpperCase(), '1', '', `${name} ${version}`, 'User Commands'),
    ...section('NAME', paragraph(`${name} - ${description}`)),
    ...section('SYNOPSIS', `\\fB${roff(name)}\\fR ${roff('[options] <command> [arguments...]')}`),
    ...section(
      'DESCRIPTION',
      paragraph(
        `${name} runs guests on arm64 KVM and gets them a PMU: it finds out which host PMU a guest can ` +
          'have, gives it to the guest in the one order the kernel accepts, runs the guest, and when the ' +
          'kernel says no it says why, and what to do. The answer is on standard output, all else on ' +
          'standard error.',
      ),
    ),
    ...section(
      'OPTIONS',
      'They may stand before the command and after it.',
      ...optionList(options),
    ),
    ...section('COMMANDS', ...commands.flatMap(command => commandPart(name, command))),
    ...section('EXIT STATUS', ...definitions(exitStatuses)),
    ...section('ENVIRONMENT', ...definitions(ENVIRONMENT)),
    ...section('FILES', ...definitions(FILES)),
    ...section('EXAMPLES', [...allExamples.values()].map(exampleLines).join('\n.PP\n')),
    ...section(
      'SEE ALSO',
      paragraph(`${SEE_ALSO.join(', ')}; \`${name} help topics\`; docs/ of the package`),
    ),
  ]
  return `${lines.join('\n')}\n`
}

function section(title: string, ...lines: readonly string[]): string[] {
  return [macro('SH', title), ...lines]
}

function commandPart(name: string, command: CommandRow): string[] {
  return [
    macro('SS', `${name} ${command.name} ${command.usage}`),
    paragraph(command.description),
    ...definitions(
      command.arguments.filter(hasWords).map(argument => [argument.name, argument.description]),
    ),
    ...optionList(command.options),
  ]
}

function hasWords({ description }: ArgumentRow): boolean {
  return description !== ''
}

function optionList(options: readonly OptionRow[]): string[] {
  return definitions(
    options.map(({ names, placeholder, description }) => {
      const joint = placeholder.startsWith('[=') || placeholder === '' ? '' : ' '
      return [`${names.join(', ')}${joint}${placeholder}`, description]
    }),
  )
}

function definitions(rows: readonly Term[]): string[] {
  return rows.flatMap(([term, text]) => ['.TP', `\\fB${roff(term)}\\fR`, paragraph(text)])
}

function exampleLines([line, comment]: Example): string {
  const what = comment === undefined ? [] : [paragraph(`${comment}:`)]
  return [...what, '.nf', `\\fB    ${roff(line)}\\fR`, '.fi'].join('\n')
}

/** Text to be filled, in the short lines that roff wants; sentences begin with a line. */
function paragraph(text: string): string {
  return text
    .split(/(?<=[.?]) /)
    .flatMap(sentence => wrap(roff(sentence), LINE_WIDTH))
    .map(guard)
    .join('\n')
}

function macro(name: string, ...args: readonly string[]): string {
  return [`.${name}`, ...args.map(arg => `"${roff(arg)}"`)].join(' ')
}

/** What roff would take for something else, or print as another character. */
const SPECIAL: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '"': '\\(dq',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '-': '\\-',
}

/** Text of one line that roff prints as it is. */
export function roff(text: string): string {
  const escaped = text.replace(/[\\"'`^~-]|[^ -~]/gu, character => {
    const code = character.codePointAt(0) ?? 0
    return SPECIAL[character] ?? `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`
  })
  return guard(escaped)
}

/** A line that begins with a dot is a request. */
function guard(line: string): string {
  return line.startsWith('.') ? `\\&${line}` : line
}
