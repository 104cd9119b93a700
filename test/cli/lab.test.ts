import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))

let root: string
beforeAll(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
})
afterAll(() => fs.rmSync(root, { recursive: true }))

/** Runs `tsvmm lab` with an empty cache; nothing here may come as far as filling it. */
function lab(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'lab', ...args], {
    env: { PATH: process.env['PATH'], XDG_CACHE_HOME: join(root, 'cache'), ...env },
  })
  return { status, stdout: stdout.toString(), stderr: stderr.toString() }
}

describe('bad input is one sentence with the value and a remedy, and touches nothing', () => {
  test.each<[string[], RegExp]>([
    [['--topology', 'biglitle'], /--topology biglitle: no such topology.*biglittle/s],
    [['--topology', 'a53:0-1,a72:3'], /CPU 2 is in no cluster/],
    [['--topology', 'tri', '--gic', '2'], /--gic 2 and --topology tri exclude each other/],
    [['--host-kernel', 'woody'], /--host-kernel woody: no such kernel.*6\.12/s],
    [['--host-kernel', './nothing'], /--host-kernel \.\/nothing: there is no such file/],
    [['--host-kernel', '/'], /--host-kernel \/: that is a directory/],
    [['--host-kernel', bin], /tsvmm\.js: not an arm64 Image/],
    [['--smp', '0'], /'--smp <n>' argument '0' is invalid/],
    [['--smp', '1000'], /1 to 64 CPUs, not 1000/],
    [['--smp', '9', '--gic', '2'], /--gic 2 serves at most 8 CPUs, not 9/],
    [['--gic', '4'], /argument '4' is invalid/],
    [['--mem', '0'], /--mem 0M is too little for the emulated host/],
    [['--mem', '1000T'], /--mem 1048576000M is more than the \d+ MiB of this machine/],
    [['--mem', 'much'], /argument 'much' is invalid/],
    [['--cpu', 'i486'], /argument 'i486' is invalid/],
    [['--timeout', '0'], /argument '0' is invalid/],
    [['--shell'], /--shell and a command \(--version\) exclude each other/],
  ])('%j', (options, message) => {
    const { status, stdout, stderr } = lab([...options, '--', '--version'])

    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^error: /)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stdout).toBe('')
    expect(status).toBe(2)
    expect(fs.existsSync(join(root, 'cache'))).toBe(false)
  })

  test('nothing to run', () => {
    expect(lab([])).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'error: tsvmm lab has nothing to run\n' +
        'try:  tsvmm lab -- run guest.flat, or tsvmm lab --shell\n',
    })
  })
})

test('without QEMU, and without a way to install it, the command to type is shown', () => {
  const image = join(root, 'Image')
  fs.writeFileSync(image, Buffer.from(`${'\0'.repeat(0x38)}ARM\x64`))

  const { status, stderr } = lab(['--host-kernel', image, '--', '--version'], { PATH: '/nowhere' })

  expect(stderr).toMatch(/^error: qemu-system-aarch64 is not installed\n/)
  expect(stderr).toMatch(/^try: .*apt-get install -y --no-install-recommends qemu-system-arm$/m)
  expect(status).toBe(120)
})

test('a cache without room is an error that names it and says how much it needs', context => {
  const small = join(root, 'small')
  fs.mkdirSync(small)
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small])
  if (mount.status !== 0) context.skip('mounting a small file system needs root')
  try {
    const { status, stderr } = lab(['--', '--version'], { XDG_CACHE_HOME: small })

    expect(stderr).toContain(`error: the cache directory ${small}/tsvmm needs 400 MiB free\n`)
    expect(stderr).toMatch(/^try: {2}free some space, or set XDG_CACHE_HOME/m)
    expect(status).toBe(120)
    expect(fs.readdirSync(join(small, 'tsvmm/tmp'))).toEqual([])
  } finally {
    spawnSync('umount', [small])
  }
})
