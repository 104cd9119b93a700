import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CliContext } from '../../../src/cli/context.ts'
import { readPlainProbe, type PlainProbe } from '../../../src/cli/plain-probe.ts'
import { buildProgram } from '../../../src/cli/program.ts'
import { DEFAULT_SETTINGS } from '../../../src/cli/settings.ts'

/** What commander makes of a command line; undefined if it does not come to `tsvmm probe`. */
async function readByCommander(argv: readonly string[]): Promise<PlainProbe | undefined> {
  const context = {
    settings: { ...DEFAULT_SETTINGS },
    answer: () => undefined,
    stderr: { write: () => true },
    paint: { stderr: (_: string, text: string) => text, isOn: {} },
    startLog: () => Promise.resolve(),
  } as unknown as CliContext
  const program = buildProgram(context)
  let read: PlainProbe | undefined
  program.commands
    .find(command => command.name() === 'probe')
    ?.action((word: string | undefined, options: PlainProbe['options']) => {
      read = { word, options }
    })
  await program.parseAsync(argv, { from: 'user' }).catch(() => undefined)
  return read
}

const WORDS = [
  ...['probe', 'pmus', 'all', 'nonsense', 'help', 'UPPER', '/', './saved', '', '-', '--', '-v'],
  ...['--json', '--json=x', '--sysroot', '--sysroot=/', '--from', '--for', '--color', '--help'],
]

describe('readPlainProbe()', () => {
  it.each<[string, PlainProbe]>([
    ['probe', { word: undefined, options: {} }],
    ['probe pmus', { word: 'pmus', options: {} }],
    ['probe pmus --json', { word: 'pmus', options: { json: true } }],
    ['probe --json', { word: undefined, options: { json: true } }],
    ['probe --sysroot / --json', { word: undefined, options: { json: true, sysroot: '/' } }],
    ['probe all --json --sysroot x', { word: 'all', options: { json: true, sysroot: 'x' } }],
  ])('reads %s', (line, read) => {
    expect(readPlainProbe(line.split(' '))).toEqual(read)
  })

  it.each([
    '',
    'doctor',
    '-v probe',
    'probe --json pmus',
    'probe --json --json',
    'probe --sysroot',
    'probe --sysroot -x',
    'probe --help',
    'probe pmus caps',
  ])('leaves "%s" to the parser', line => {
    expect(readPlainProbe(line.split(' '))).toBeUndefined()
  })

  it('reads nothing otherwise than the parser does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...WORDS), { maxLength: 5 }), async words => {
        const argv = ['probe', ...words]
        const plain = readPlainProbe(argv)
        fc.pre(plain !== undefined)
        expect(plain).toEqual(await readByCommander(argv))
      }),
      { numRuns: 300 },
    )
  })
})
