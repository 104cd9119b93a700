import type { Command, Option } from 'commander'
import { configurable, kindOf } from './config-options.ts'
import { define } from './define-later.ts'
import { describeOption } from './help-format.ts'
import { parseU64 } from './parse.ts'

/** The JSON Schema of a `--config-file`, made of the options of `tsvmm run`. */
export function configSchema(program: Command): object {
  const run = program.commands.find(command => command.name() === 'run')
  if (run !== undefined) define(run)
  const fields = run === undefined ? [] : [...configurable(run)]
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'tsvmm run --config-file FILE',
    description: 'Options of tsvmm run by their long names. docs/command-line.md has it in words.',
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      ...Object.fromEntries(fields.map(([key, option]) => [key, fieldSchema(option)])),
    },
    additionalProperties: false,
  }
}

function fieldSchema(option: Option): object {
  const description = describeOption(option)
  const number = option.parseArg === parseU64 ? 'integer' : 'number'
  const value = { type: ['string', number], maximum: Number.MAX_SAFE_INTEGER }
  switch (kindOf(option)) {
    case 'flag':
      return { description, type: 'boolean' }
    case 'bare':
      return { description, ...value, type: ['boolean', ...value.type] }
    case 'list':
      return { description, anyOf: [value, { type: 'array', items: value }] }
    case 'value':
      return { description, ...(option.argChoices ? { enum: option.argChoices } : value) }
  }
}
