import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { LKVM_FLAGS } from '../../src/cli/lkvm-flags.ts'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))

function tsvmm(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args])
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

/** `tsvmm run` of an image that is not there: what is said first is what is wrong with the flags. */
const run = (...args: string[]) => tsvmm('run', ...args, '_NO_FILE_4Uhere_')

/** Flags of lkvm's `run` on arm64: facts, from its builtin-run.c and kvm-config-arch.h of 2025. */
const FLAGS_OF_LKVM = [
  ...['name', 'cpus', 'mem', 'disk', 'rng', 'balloon', 'vsock', '9p', 'console', 'dev', 'tty'],
  ...['sandbox', 'hugetlbfs', 'virtio-transport', 'loglevel', 'nodefaults'],
  ...['kernel', 'initrd', 'params', 'firmware', 'flash', 'firmware-address'],
  ...['network', 'no-dhcp', 'vfio-pci', 'force-pci'],
  ...['debug', 'debug-single-step', 'debug-ioport', 'debug-mmio', 'debug-iodelay'],
  ...['aarch32', 'pmu', 'disable-mte', 'vcpu-affinity', 'irqchip', 'override-bad-firmware-cntfrq'],
  ...['nested', 'e2h0', 'counter-offset', 'no-pvtime', 'sve-max-vl', 'kaslr-seed', 'dump-dtb'],
]

/** `--disk` of `-d, --disk <image>`. */
const longOf = (flags: string) => /--[\w-]+/.exec(flags)![0]

/** The flag with something behind it that it could take. */
const typed = (flags: string) => {
  const value = /<(\w+)>/.exec(flags)?.[1]
  return value === undefined ? [longOf(flags)] : [`${longOf(flags)}=${value}`]
}

const flagsThatAre = (here: string) => LKVM_FLAGS.filter(flag => flag.here === here)

describe('the flags of lkvm', () => {
  it('are all in the table, each once', () => {
    const known = LKVM_FLAGS.map(({ flags }) => longOf(flags))
    expect(known.sort()).toEqual(FLAGS_OF_LKVM.map(name => `--${name}`).sort())
  })

  it('that are said to be options of ours are in the help of run, and no others', () => {
    const { stdout } = tsvmm('run', '--help')
    for (const { flags, here } of LKVM_FLAGS) {
      const name = flags.replace(/ <.*/, '')
      const shown = stdout.split('\n').some(line => line.trim().startsWith(name))
      expect(shown, flags).toBe(here === 'same')
    }
  })

  it.each(flagsThatAre('refused'))('$flags is refused, and why and what instead is said', flag => {
    const { status, stdout, stderr } = run(...typed(flag.flags))
    expect(stderr).toBe(
      `error: there is no ${longOf(flag.flags)}: ${flag.note!}\n` +
        `try:  ${('instead' in flag && flag.instead) || 'leave it out'}\n`,
    )
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })

  it.each<[string[], RegExp]>([
    [['-d', 'disk.img'], /^error: there is no --disk: guests have no disks\ntry: {2}--initrd /],
    [['-n', 'mode=user'], /^error: --network mode=user cannot be had\nwhy: .*no network\ntry: /],
    [['-vn', 'tap'], /^error: --network tap cannot be had\n/],
    [['--network=tap'], /^error: --network tap cannot be had\n/],
    [
      ['--console', 'virtio'],
      /^error: --console virtio cannot be had\n.*\ntry: {2}--console serial/,
    ],
    [['--loglevel=loud'], /^error: --loglevel loud cannot be had\n.*\ntry: {2}--loglevel error\n/],
  ])('%j is refused', (args, message) => {
    const { status, stdout, stderr } = run(...args)
    expect(stderr).toMatch(message)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })
})

describe('--loglevel', () => {
  const said = (level: string) => run('--nested', `--loglevel=${level}`).stderr

  it.each(['error', 'warning'])('%s leaves out what to try', level => {
    expect(said(level)).toMatch(/^error: there is no --nested: .*\n$/)
  })

  it.each(['info', 'debug'])('%s leaves all of it', level => {
    expect(said(level)).toMatch(/^error: there is no --nested: .*\ntry: /)
  })
})

describe('the runner of kvm-unit-tests', () => {
  it('finds the words by which it knows an lkvm', () => {
    expect(tsvmm('--help').stdout).toMatch(/^The most commonly used /m)
  })

  it.each([
    '--nodefaults --network mode=none --loglevel=warning',
    '--nodefaults --network=none --loglevel warning',
    '--name=foo --console serial --no-dhcp --disable-mte',
    '-n mode=none -c 2 -m 256 -p quiet',
  ])('can give %s', flags => {
    const { stderr } = run(...flags.split(' '), '--cpus=2', '--params', 'setup smp=2 mem=256')
    expect(stderr).toMatch(/^error: (Fatal: Unable to open kernel|tsvmm runs guests on arm64)/)
  })
})
