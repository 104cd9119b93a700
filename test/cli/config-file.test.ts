import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configSchema } from '../../src/cli/config-schema.ts'
import { configurable, READ, WRITTEN } from '../../src/cli/config-options.ts'
import type { CliContext } from '../../src/cli/context.ts'
import { define } from '../../src/cli/define-later.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { complaints } from '../schemas.ts'

const clone = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(clone, 'bin/tsvmm.js')
const guest = join(clone, 'guests/build/greeting.flat')

let folder: string
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  fs.mkdirSync(join(folder, 'vm'))
  fs.copyFileSync(guest, join(folder, 'vm/guest.flat'))
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

/** Writes a configuration. */
function config(content: object | string): string {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  fs.writeFileSync(join(folder, 'vm/config.json'), text)
  return 'vm/config.json'
}

function tsvmm(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: folder })
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

/** The calls of a run with a configuration that the schema takes. */
function dry(content: object, ...args: string[]): string {
  expect(complaints('run-config.schema.json', content)).toEqual([])
  const from = ['--from', join(clone, 'machines/graviton3.json')]
  const file = config(content)
  const { status, stdout, stderr } = tsvmm(
    'run',
    '--dry-run',
    '--config-file',
    file,
    ...from,
    ...args,
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

const program = buildProgram({
  stdout: process.stdout,
  stderr: process.stderr,
  settings: {},
  paint: { isOn: {} },
} as unknown as CliContext)

describe('--config-file', () => {
  it('has options by their long names, and files beside it', () => {
    const shown = dry({
      $schema: 'x',
      kernel: 'guest.flat',
      cpus: 3,
      mem: '64M',
      params: 'a b',
      pmu: true,
      'pmu-filter': ['deny:0x11', 'deny:0x12'],
      'no-pvtime': true,
      hugepages: false,
    })
    expect(shown).toContain('image vm/guest.flat')
    expect(shown).toContain('KVM_CREATE_VCPU (id 2)')
    expect(shown).toContain('slot 0, 67108864 bytes')
    expect(shown).toContain('bootargs = "a b";')
    expect(shown).toMatch(/base_event 17, nevents 2|base_event 17.*\n.*base_event 18/)
    expect(shown).not.toContain('PVTIME')
  })

  it('is behind the command line, whichever comes first', () => {
    const content = { kernel: 'none', cpus: 3, pmu: 'off', timeout: 5 }
    const shown = dry(content, '-c', '2', '--pmu', join(folder, 'vm/guest.flat'))
    expect(shown).toContain('KVM_CREATE_VCPU (id 1)')
    expect(shown).not.toContain('KVM_CREATE_VCPU (id 2)')
    expect(shown).toContain('guest PMU: armv8_pmuv3_0')
  })

  it('has what is written go where one is', () => {
    dry({ kernel: 'guest.flat', json: 'here.json', 'dump-dtb': 'here.dtb' })
    expect(fs.readdirSync(folder).sort()).toEqual(['here.dtb', 'here.json', 'vm'])
    expect(fs.readdirSync(join(folder, 'vm')).sort()).toEqual(['config.json', 'guest.flat'])
  })

  it('is for tsvmm dtb as well, which has no use for all of it', () => {
    const path = config({ kernel: 'guest.flat', cpus: 2, timeout: 3, json: 'x' })
    const args = ['--from', join(clone, 'machines/graviton3.json')]
    const { status, stdout } = tsvmm('dtb', '--config-file', path, ...args)
    expect(status).toBe(0)
    expect(stdout).toContain('cpu@1 {')
  })

  it.each<[string, object | string, RegExp]>([
    [
      'an unknown key',
      { cpu: 1 },
      /config\.json: cpu is no option; did you mean cpus\?\ntry: {2}"cpus"/,
    ],
    ['a flag as typed', { '--mem': 1 }, /--mem is no option; did you mean mem\?/],
    ['a key of the help', { help: true }, /help is no option/],
    ['itself', { 'config-file': 'x' }, /config-file is no option/],
    ['a key without a name', { '': 1 }, /config\.json: "" is no option/],
    ['a prototype', '{ "__proto__": 1 }', /__proto__ is no option/],
    ['a text for a flag', { hugepages: 'yes' }, /hugepages is "yes", not true or false/],
    ['a flag for a text', { params: true }, /params is true, not text or a number/],
    ['a list for a text', { params: ['a'] }, /params is a list, not text or a number/],
    [
      'a number that was rounded',
      '{"kaslr-seed":9007199254740993}',
      /kaslr-seed is a number above/,
    ],
    [
      'a number without end',
      '{"cpus":1e400}',
      /cpus is a number above 2\^53-1.*\ntry: {2}write it as/,
    ],
    ['a NUL', { params: 'a\0b' }, /params is "a\\u0000b", which has a control character/],
    ['a control character of a list', { 'pmu-filter': ['\x1b'] }, /pmu-filter\[0\] is .* control/],
    ['a NUL in the name of a file', { json: 'a\0b' }, /json is "a\\u0000b", which has/],
    ['null', { mem: null }, /mem is null, not text or a number/],
    ['a value out of range', { cpus: 0 }, /cpus is 0\. It is not a whole number from 1 up/],
    ['a word that is no choice', { irqchip: 'gicv9' }, /irqchip is "gicv9"\. Allowed choices are/],
    [
      'a hole in a list',
      { 'pmu-filter': ['deny:1', {}] },
      /pmu-filter\[1\] is an object, not text/,
    ],
    ['a key twice', '{ "cpus": 1, "mem": { "cpus": 1 }, "cpus": 2 }', /"cpus" is there twice/],
    [
      'a key twice, written differently',
      String.raw`{"cpus":1,"\u0063pus":2}`,
      /"cpus" is there twice/,
    ],
    ['a list', '[]', /is no JSON object/],
    ['no JSON', '{ cpus: 1 }', /config\.json is no JSON\nwhy: /],
    ['the half of one', '{ "cpus": 1', /config\.json is no JSON\nwhy: /],
    ['nothing', ' \n', /config\.json is empty/],
    ['too much', ' '.repeat(2 ** 20 + 1), /has 1048577 bytes, and a configuration at most 1048576/],
  ])('refuses %s', (_, content, message) => {
    const { status, stdout, stderr } = tsvmm(
      'run',
      '--dry-run',
      '--config-file',
      config(content),
      guest,
    )
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^error: --config-file vm\/config\.json/)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  })

  it.each([
    [
      '/nowhere',
      /--config-file \/nowhere cannot be read\nwhy: {2}ENOENT: no such file or directory\ntry: {2}ls/,
    ],
    ['/dev', /--config-file \/dev is a directory/],
    ['/dev/zero', /--config-file \/dev\/zero is no regular file/],
    ['', /--config-file names no file/],
  ])('refuses the file %j', (path, message) => {
    const { status, stderr } = tsvmm('run', '--config-file', path, guest)
    expect(stderr).toMatch(message)
    expect(status).toBe(2)
  })

  it('can be there once', () => {
    const { status, stderr } = tsvmm('run', '--config-file', 'a', '--config-file', 'b', guest)
    expect(stderr).toContain('error: --config-file a and --config-file b: there can be one')
    expect(status).toBe(2)
  })
})

describe('the schema', () => {
  it('is made of the options (else: npm run docs)', () => {
    const shipped: unknown = JSON.parse(
      fs.readFileSync(join(clone, 'schema/run-config.schema.json'), 'utf8'),
    )
    expect(shipped).toEqual(JSON.parse(JSON.stringify(configSchema(program))))
  })

  it.each([
    { cpu: 1 },
    { hugepages: 'yes' },
    { params: true },
    { irqchip: 'gicv9' },
    { mem: null },
    { 'kaslr-seed': 2 ** 53 },
    { 'kaslr-seed': 1.5 },
  ])('takes no %j', content =>
    expect(complaints('run-config.schema.json', content)).not.toEqual([]),
  )

  it('knows of every option with a file whether that is read or written', () => {
    const run = program.commands.find(command => command.name() === 'run')
    if (run) define(run)
    const files = [...configurable(run!)].filter(([, { flags }]) =>
      /[<=](file|image|dir|directory)[>\]]/.test(flags),
    )
    expect(files.map(([key]) => key).sort()).toEqual([...READ, ...WRITTEN].sort())
  })
})
