import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))

function tsvmm(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args])
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

describe('tsvmm', () => {
  it.each([['--version'], ['probe', '-V']])('prints its version on stdout: %s %s', (...args) => {
    const { status, stdout, stderr } = tsvmm(...args)
    const lines = stdout.split('\n')
    expect(lines[0]).toBe('tsvmm 0.1.0')
    expect(lines[1]).toMatch(/^commit: {3}([0-9a-f]{12}(-dirty)?|not known, .*)$/)
    expect(lines[2]).toBe(`node:     ${process.version} for ${process.platform}-${process.arch}`)
    expect(lines[3]).toMatch(/^shim: {5}interface \d+, for linux-arm64(, linux-x64)?$/)
    expect(lines[4]).toBe('native:   loaded as a module of Node')
    expect(lines.slice(5)).toEqual([''])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  it.each([
    ['ffi-napi', 'loaded by ffi-napi'],
    ['', 'loaded as a module of Node'],
    ['koffi', 'not loaded: TSVMM_FFI is "koffi", which is no way to load native code'],
  ])('says with --version whether native code loads, with TSVMM_FFI=%s', (value, expected) => {
    const { status, stdout } = spawnSync(process.execPath, [bin, '--version'], {
      env: { ...process.env, TSVMM_FFI: value },
      encoding: 'utf8',
    })
    expect({ status, line: stdout.split('\n')[4] }).toEqual({
      status: 0,
      line: `native:   ${expected}`,
    })
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
          'try:  tsvmm lab -- COMMAND …    # the same on an emulated arm64 host\n',
      })
    },
  )
})

describe('tsvmm run refuses before it touches anything', () => {
  it.each<[string[], RegExp]>([
    [['--mem', '0', 'x'], /--mem 0M is too little for a guest\ntry: {2}--mem 32M/],
    [['--mem', '1T', 'x'], /--mem 1048576M is more than this machine has/],
    [['--mem', 'lots', 'x'], /option '-m, --mem <size>' argument 'lots' is invalid/],
    [['--dry-run', '--hugetlbfs', '', 'x'], /^error: --hugetlbfs names no directory/],
    [['--json', 'x'], /no guest image was given\nwhy: {2}--json took x as its file/],
    [['--mem', '4K', 'x'], /--mem 4k is too little for a guest/],
    [['--cpus', '0', 'x'], /argument '0' is invalid\. It is not a whole number from 1 up/],
    [['--cpus', '1.5', 'x'], /argument '1\.5' is invalid/],
    [
      ['--sve-max-vl', '100', 'x'],
      /^error: --sve-max-vl 100: SVE has no vectors of 100 bits\nwhy: .*\ntry: {2}--sve-max-vl 256\n/,
    ],
    [
      ['--sve-max-vl', '128', '--disable-sve', 'x'],
      /^error: --sve-max-vl 128 and --disable-sve contradict each other\n/,
    ],
    [['--kaslr-seed', '-1', 'x'], /argument '-1' is invalid\. It is not a whole number of 64 bits/],
    [['--timeout', '0', 'x'], /argument '0' is invalid/],
    [
      ['--pmu-filter', 'allow:', 'x'],
      /^error: --pmu-filter allow:: it names no event\ntry: {2}--pmu-filter allow:\w+/,
    ],
    [
      ['--pmu-filter', 'allow:NOPE', 'x'],
      /^error: --pmu-filter allow:NOPE: "NOPE" is no event\ntry: {2}--pmu-filter allow:\w+/,
    ],
    [
      ['--pmu-filter', 'allow:0x11', '--pmu-filter', '0x12', 'x'],
      /^error: --pmu-filter 0x12: it begins with neither allow: nor deny:\ntry: {2}--pmu-filter \w+:0x12/,
    ],
    [['--pmu-counters', 'x', 'x'], /argument 'x' is invalid\. It is not a whole number from 0 up/],
    [['--pmu-counters', '-1', 'x'], /argument '-1' is invalid/],
    [
      ['--pmu-irq', 'ppi:23', 'x'],
      /^error: --pmu-irq ppi:23 is beyond the last PPI, 15\nwhy: .*\ntry: {2}--pmu-irq ppi:7\n/,
    ],
    [
      ['--pmu-irq', 'spi:0', 'x'],
      /^error: --pmu-irq spi:0 needs SPI 0, which the UART has\nwhy: .*\ntry: {2}--pmu-irq spi:1\n/,
    ],
    [
      ['--pmu-irq', 'foo', 'x'],
      /^error: --pmu-irq foo is neither ppi: nor spi: with a number\ntry: {2}--pmu-irq ppi:7\n/,
    ],
    [['--pmu-strict=maybe', 'x'], /'maybe' is invalid\. Allowed choices are auto, on, off/],
    [['--pmu-fallback=x', 'x'], /'x' is invalid\. Allowed choices are pin, none, fail/],
    [['--on-unsupported-cpu=x', 'x'], /'x' is invalid\. Allowed choices are repin, fail/],
    [
      ['--pmu=off', '--pmu-counters', '2', 'x'],
      /^error: --pmu-counters 2 and --pmu=off contradict each other\nwhy: .*\ntry: {2}leave --pmu-counters 2 out\ntry: {2}--pmu=auto --pmu-counters 2\n/,
    ],
    [
      ['--pmu=fixed', '--pmu-filter', 'deny:CHAIN', 'x'],
      /^error: --pmu-filter deny:0x1e and --pmu=fixed contradict each other\n/,
    ],
    [
      ['--pmu=default', '--pmu-strict=on', 'x'],
      /^error: --pmu-strict=on and --pmu=default contradict each other\n/,
    ],
    [['--irqchip', 'gicv4', 'x'], /'gicv4' is invalid\. Allowed choices are auto, gicv3-its, /],
    [['--irqchip', 'gicv2', '-c', '9', 'x'], /^error: --cpus 9 is more than a GICv2 can serve\n/],
    [['--vcpu-affinity', '3-1', 'x'], /--vcpu-affinity 3-1: /],
    [['--vcpu-affinity', '', 'x'], /--vcpu-affinity : it names no CPU/],
    [['--json', '/', 'x'], /--json \/: the file cannot be written/],
    [[], /no guest image was given/],
    [['-k', 'a', 'b'], /two images were given: b and --kernel a/],
    [['a', 'b'], /there is more than one image: a b/],
    [['--pmu', 'fixed', 'a'], /takes its mode after an equals sign\ntry: {2}--pmu=fixed a\n/],
    [['--no-such-flag', 'x'], /unknown option '--no-such-flag'/],
  ])('%j', (args, message) => {
    const { status, stdout, stderr } = tsvmm('run', ...args)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stderr).toMatch(/^try: /m)
    expect(stderr.match(/^error: /gm)).toHaveLength(1)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })
})
