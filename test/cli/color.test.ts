import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))
const ESC = '\u001b'
const BARE = { PATH: process.env['PATH'], TERM: 'xterm' }

function tsvmm(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    env: { ...BARE, ...env },
  })
  return { stdout: String(stdout), stderr: String(stderr) }
}

/** What comes out of a terminal in which a shell runs this with `$tsvmm`; stderr of `script` itself is no part. */
function onTerminal(line: string, env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, error } = spawnSync('script', ['-qc', line, '/dev/null'], {
    env: { ...BARE, ...env, tsvmm: `${process.execPath} ${bin}` },
  })
  expect(error, 'script(1), of bsdutils or util-linux, makes the terminal').toBeUndefined()
  expect(status).toBe(0)
  return String(stdout)
}

const BAD = ['probe', 'weather']

describe('colour', () => {
  it('is not in what goes through a pipe', () => {
    expect(tsvmm(BAD).stderr).toMatch(/^error: /)
    expect(tsvmm(['--help']).stdout).not.toContain(ESC)
  })

  it.each([
    ['--color=always', ...BAD],
    [...BAD, '--color=always'],
    [...BAD, '--color', 'always'],
  ])('is wherever it is asked for: %s %s %s', (...args) => {
    const { stderr } = tsvmm(args, { NO_COLOR: '1' })
    expect(stderr).toMatch(`${ESC}[31merror:${ESC}[39m tsvmm probe weather`)
    expect(stderr).toContain(`\n${ESC}[1mtry:${ESC}[22m  one of`)
  })

  it('is in words of commander as well', () => {
    expect(tsvmm(['--color=always', 'rnu']).stderr).toContain(`${ESC}[31merror:${ESC}[39m unknown`)
    expect(tsvmm(['--color=always', '--help']).stdout).toContain(`${ESC}[1mUsage:${ESC}[22m tsvmm`)
  })

  it('is on a terminal, for the stream that is one', () => {
    const red = `${ESC}[31merror:`
    expect(onTerminal('$tsvmm probe weather')).toContain(red)
    expect(onTerminal('$tsvmm probe weather 2>&1 | cat')).toMatch(/^error: /)
    expect(onTerminal('$tsvmm probe weather >/dev/null')).toContain(red)
    expect(onTerminal('$tsvmm --help 2>/dev/null')).toContain(`${ESC}[1mUsage:`)
  })

  it.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }, { FORCE_COLOR: '0' }])(
    'is not on a terminal with %j',
    env => {
      expect(onTerminal('$tsvmm probe weather', env)).toMatch(/^error: /)
    },
  )

  it.each([{ FORCE_COLOR: '1' }, { CLICOLOR_FORCE: '1' }])('is in a pipe with %j', env => {
    expect(tsvmm(BAD, env).stderr).toContain(`${ESC}[31merror:`)
  })

  it('that does not exist is refused', () => {
    expect(tsvmm(['--color=purple', 'probe']).stderr).toBe(
      "error: option '--color <when>' argument 'purple' is invalid. " +
        'Allowed choices are auto, always, never.\ntry:  tsvmm --help\n',
    )
  })
})
