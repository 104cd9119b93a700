import { describe, expect, it } from 'vitest'
import type { CliContext } from '../../../src/cli/context.ts'
import { define } from '../../../src/cli/define-later.ts'
import { buildProgram } from '../../../src/cli/program.ts'
import { DEFAULT_SETTINGS } from '../../../src/cli/settings.ts'

const context = {
  settings: { ...DEFAULT_SETTINGS },
  answer: () => undefined,
  startLog: () => Promise.resolve(),
  stderr: { write: () => true },
  paint: { stderr: (_: string, text: string) => text, isOn: {} },
} as unknown as CliContext

/** Commands that have options after such a line. */
async function defined(...line: string[]): Promise<string[]> {
  const program = buildProgram(context)
  await program.parseAsync(line, { from: 'user' }).catch(() => undefined)
  return program.commands.filter(({ options }) => options.length > 0).map(other => other.name())
}

describe('options are made', () => {
  it.each([
    ['--help', []],
    ['run --help', ['run']],
    ['-v run --nonsense', ['run']],
    ['dtb --help', ['run', 'dtb']],
    ['help probe', ['probe']],
    ['nonsense', []],
  ])('for %s of %j', async (line, names) =>
    expect(await defined(...line.split(' '))).toEqual(names),
  )

  it('once', () => {
    const run = buildProgram(context).commands.find(command => command.name() === 'run')!
    define(run)
    const { length } = run.options
    define(run)
    expect(length).toBeGreaterThan(30)
    expect(run.options).toHaveLength(length)
  })

  it.each([
    [[], []],
    [
      ['--disk', 'x', '-vn', 'none', '--nodefaults=1'],
      ['--nodefaults', '--network', '--disk'],
    ],
    [['--mem', '1G', 'guest.flat', '-'], []],
  ])('of those of lkvm for %j: %j', (args, names) => {
    const program = buildProgram(context)
    program.args = args
    const run = program.commands.find(command => command.name() === 'run')!
    define(run)
    expect(run.options.filter(({ hidden }) => hidden).map(({ long }) => long)).toEqual(names)
  })
})
