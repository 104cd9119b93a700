import type { Command } from 'commander'
import { EXIT_CODES } from '../errors/index.ts'
import { define } from './define-later.ts'
import { ENVIRONMENT } from './environment.ts'
import { HELP_TOPICS, type HelpTopic } from './help.ts'
import { wrap } from './wrap.ts'

interface Surroundings {
  /** Whose commands and options are told of. */
  readonly program: Command
  /** Of lines, where words allow it. */
  readonly width: number
  readonly title: (text: string) => string
}

/** What `tsvmm help TOPIC` prints. */
export function renderHelpTopic(topic: HelpTopic, surroundings: Surroundings): string {
  return `${RENDER[topic](surroundings).join('\n')}\n`
}

const RENDER: Readonly<Record<HelpTopic, (surroundings: Surroundings) => string[]>> = {
  'exit-codes': exitCodes,
  environment,
  json,
  topics,
}

function exitCodes({ width, title }: Surroundings): string[] {
  const rows = Object.values(EXIT_CODES).map(
    ({ status, meaning }) => [String(status).padStart(3), meaning] as const,
  )
  return [
    title('Exit status:'),
    ...definitions(rows, width),
    '',
    ...wrap(
      'Statuses from 0 to 119 that are not in the list are never of tsvmm itself, and with --exit-code-from-guest a guest may end with any. What leads to one ' +
        'is told by: tsvmm explain STATUS. `tsvmm lab` ends with the status of what it ran.',
      width,
    ),
  ]
}

function environment({ width, title }: Surroundings): string[] {
  return [
    title('Environment:'),
    ...definitions(ENVIRONMENT, width),
    '',
    ...wrap(
      'A variable that is empty counts as not set; an option goes before a variable. Programs that ' +
        'the lab runs (apt-get, npm, QEMU) read their own, such as http_proxy.',
      width,
    ),
  ]
}

function json({ program, width, title }: Surroundings): string[] {
  return [
    title('JSON is written by:'),
    ...definitions(jsonCommands(program), width),
    '',
    title('What holds of all of it:'),
    ...JSON_RULES.flatMap(rule => wrap(rule, width, '  * ', '    ')),
    '',
    ...wrap(
      'Fields are described in docs/json.md, docs/probe.md and docs/doctor.md. The package has a JSON Schema ' +
        'of each object in schema/, named by its command; advice.schema.json is of `probe --for`, ' +
        'machine.schema.json of what `probe --save` writes.',
      width,
    ),
  ]
}

/** Commands with --json, and what it does. */
function jsonCommands(program: Command): (readonly [string, string])[] {
  return program.commands.flatMap(command => {
    define(command)
    return command.options
      .filter(({ long }) => long === '--json')
      .map(({ flags, description }) => [`tsvmm ${command.name()} ${flags}`, description] as const)
  })
}

const JSON_RULES: readonly string[] = [
  'One object, with "schemaVersion" and "command". The version is raised when a field changes its ' +
    'meaning or goes; fields may be added without.',
  'Addresses, registers and other values of 64 bits are hexadecimal strings ("0x80000000"), since ' +
    'numbers of JSON are exact only up to 2^53.',
  'What is not known or does not apply is left out.',
  'An error is {"code", "message", "why", "try", "see"}. Match on "code", never on the text. ' +
    '"exitStatus" is what the process ends with.',
  'What cannot be meant is refused before anything is written: there is no JSON then.',
]

function topics({ program, width, title }: Surroundings): string[] {
  const commands = program.commands.map(command => [command.name(), command.summary()] as const)
  return [
    title('Topics:'),
    ...definitions(Object.entries(HELP_TOPICS), width),
    '',
    title('Commands:'),
    ...definitions(commands, width),
    '',
    ...wrap('tsvmm help NAME has more of each. `tsvmm explain` has what the kernel says.', width),
  ]
}

/** Names in a column of their own, if they are not too long for that. */
function definitions(rows: readonly (readonly [string, string])[], width: number): string[] {
  const column = Math.max(...rows.map(([name]) => name.length)) + 2
  return rows.flatMap(([name, text]) =>
    wrap(text, width, `  ${name.padEnd(column)}`, ' '.repeat(column + 2)),
  )
}
