import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))

function tsvmm(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args])
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

describe('tsvmm', () => {
  it('prints its version on stdout', () => {
    expect(tsvmm('--version')).toEqual({ status: 0, stdout: '0.1.0\n', stderr: '' })
  })

  it('prints help on stdout, with the commands and every exit status', () => {
    const { status, stdout } = tsvmm('--help')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^ {2}run /m)
    expect(stdout).toMatch(/^ {2}lab /m)
    expect(stdout).toMatch(/^ {2}124 {2}--timeout expired$/m)
  })

  it('prints the help of a command with examples', () => {
    expect(tsvmm('run', '--help').stdout).toContain('Examples:\n  tsvmm run guest.flat')
  })

  it('takes a wrong command for a usage error and suggests the right one', () => {
    const { status, stderr } = tsvmm('rnu')
    expect(status).toBe(2)
    expect(stderr).toMatch(/unknown command 'rnu'/)
    expect(stderr).toMatch(/Did you mean run\?/)
  })

  it(
    'says on a machine that is not arm64 what to do instead',
    { skip: process.arch === 'arm64' },
    () => {
      expect(tsvmm('run', 'x.flat')).toEqual({
        status: 120,
        stdout: '',
        stderr:
          'error: tsvmm runs guests on arm64 hosts, and this machine is x64\n' +
          'try:  tsvmm lab -- run …    # the same on an emulated arm64 host\n',
      })
    },
  )
})

describe('tsvmm run refuses before it touches anything', () => {
  it.each<[string[], RegExp]>([
    [['--mem', '0', 'x'], /--mem 0M is too little for a guest\ntry: {2}--mem 32M/],
    [['--mem', '1T', 'x'], /--mem 1048576M is more than this machine has/],
    [['--mem', 'lots', 'x'], /option '-m, --mem <size>' argument 'lots' is invalid/],
    [['--cpus', '0', 'x'], /argument '0' is invalid\. It is not a whole number from 1 up/],
    [['--cpus', '1.5', 'x'], /argument '1\.5' is invalid/],
    [['--timeout', '0', 'x'], /argument '0' is invalid/],
    [['--pmu=best', 'x'], /argument 'best' is invalid\. Allowed choices are auto, off/],
    [['--vcpu-affinity', '3-1', 'x'], /--vcpu-affinity 3-1: /],
    [['--vcpu-affinity', '', 'x'], /--vcpu-affinity : it names no CPU/],
    [['--json', '/', 'x'], /--json \/: the file cannot be written/],
    [[], /no guest image was given/],
    [['-k', 'a', 'b'], /two images were given: b and --kernel a/],
    [['a', 'b'], /too many arguments/],
    [['--no-such-flag', 'x'], /unknown option '--no-such-flag'/],
  ])('%j', (args, message) => {
    const { status, stdout, stderr } = tsvmm('run', ...args)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })
})
