import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { complaints } from '../schemas.ts'

const clone = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(clone, 'bin/tsvmm.js')
const machine = (name: string) => join(clone, 'machines', `${name}.json`)
const guest = join(clone, 'guests/build/greeting.flat')

let folder: string
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

function tsvmm(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: folder })
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

const dry = (...args: string[]) => tsvmm('run', '--dry-run', ...args)

interface Shown {
  readonly assumed: string[]
  readonly memory: { base: string; size: string; what: string }[]
  readonly pmu: { kind: string }
  readonly gic: string
  readonly deviceTree: string
  readonly calls: { on: string; request: string; attribute?: string; argument?: string }[]
}

function dryJson(...args: string[]): Shown {
  const { status, stdout, stderr } = dry('--json', '-', ...args, guest)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const object: unknown = JSON.parse(stdout)
  expect(complaints('dry-run.schema.json', object)).toEqual([])
  return (object as { dryRun: Shown }).dryRun
}

describe('tsvmm run --dry-run', () => {
  it('says what is assumed, and shows memory, PMU, device tree and calls', () => {
    const { status, stdout, stderr } = dry('--from', machine('rk3588'), '--pmu', '-c', '2', guest)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const titles = stdout.split('\n').filter(line => /^[A-Z].*:$/.test(line))
    expect(titles).toEqual([
      'Assumed:',
      'Memory:',
      'PMU:',
      'Device tree:',
      'System calls up to the first KVM_RUN, with the answers that are assumed:',
    ])
    expect(stdout).toMatch(/^guest PMU: armv8_cortex_a55, since .*\nnote: the vCPUs are kept to/m)
    expect(stdout).toMatch(/^0x80000000 to 0x8fffffff {2}memory@80000000$/m)
    expect(stdout).toMatch(/^\tpmu \{\n\t\tcompatible = "arm,armv8-pmuv3";$/m)
    expect(stdout).toMatch(/^vcpu 1: KVM_GET_ONE_REG \(MPIDR_EL1\) = 0, 0x80000001$/m)
    expect(stdout).toMatch(
      /SET_PMU \(type 8\) = 0\n(.*\n)*vcpu 1: .*KVM_ARM_VCPU_PMU_V3_CTRL\/INIT = 0/,
    )
  })

  it('is JSON with --json -, or both with --json FILE', () => {
    const { pmu, gic, calls, memory } = dryJson('--from', machine('graviton3'))
    expect([pmu.kind, gic]).toEqual(['host-pmu', 'gicv3-its'])
    expect(calls[0]).toEqual({ on: 'tsvmm', request: 'open', argument: '/dev/kvm', result: 3 })
    expect(memory.map(({ what }) => what)).toContain(`image ${guest}`)
    const { stdout } = dry('--json', 'both.json', guest)
    expect(stdout).toMatch(/^Assumed:\n/)
    const object: unknown = JSON.parse(fs.readFileSync(join(folder, 'both.json'), 'utf8'))
    expect(complaints('dry-run.schema.json', object)).toEqual([])
  })

  it.each(['altra', 'apple-m1', 'graviton2', 'graviton4', 'juno-r2', 'rk3399'])('on %s', name => {
    const { assumed } = dryJson('--from', machine(name))
    expect(assumed).toContainEqual(expect.stringMatching(/PREFERRED_TARGET is 5, and MPIDR_EL1/))
    expect(assumed).toContainEqual(expect.stringMatching(/pages of 4, 16 and 64 KiB/))
    expect(assumed).toContain(
      'seeds of the guest that are not given are zero; in a run they are random',
    )
  })

  it('is the same each time', () => {
    expect(dry(guest).stdout).toBe(dry(guest).stdout)
  })

  it('on a machine of which KVM was not asked, says what KVM is thought to answer', () => {
    const sysroot = join(clone, 'test/fixtures/sysfs/biglittle')
    const { assumed, calls } = dryJson('--sysroot', sysroot, '--pmu')
    expect(assumed).toContainEqual(expect.stringContaining('KVM has all '))
    expect(calls.filter(({ attribute }) => attribute?.endsWith('/SET_PMU')).length).toBeGreaterThan(
      2,
    )
  })

  it('has vectors limited where SVE is', () => {
    const { calls } = dryJson('--sve-max-vl', '256')
    expect(calls).toContainEqual(expect.objectContaining({ request: 'KVM_ARM_VCPU_FINALIZE' }))
  })

  it('takes no memory for RAM that nobody touches', () => {
    const { memory } = dryJson('-m', '1T', '--from', machine('graviton3'))
    expect(memory).toContainEqual(expect.objectContaining({ size: '0x10000000000' }))
  })

  it('writes the device tree as well', () => {
    const { status } = dry('--dump-dtb', 'dry.dtb', guest)
    expect(status).toBe(0)
    const shown = tsvmm('dtb', '--decode', 'dry.dtb')
    expect(dry(guest).stdout).toContain(shown.stdout)
  })

  it('ends quietly if nobody reads it', () => {
    const line = `"${process.execPath}" ${bin} run --dry-run -c 512 ${guest} | head -1; echo \${PIPESTATUS[0]}`
    const { stdout, stderr } = spawnSync('bash', ['-c', line], { encoding: 'utf8' })
    expect({ stdout, stderr }).toEqual({ stdout: 'Assumed:\n141\n', stderr: '' })
  })
})

describe('what cannot be, is one sentence before anything is done', () => {
  it.each<[string[], RegExp, number]>([
    [['run', '--dry-run'], /^error: no guest image was given/, 2],
    [['run', '--dry-run', 'none.flat'], /none\.flat: there is no such file/, 2],
    [['run', '--dry-run', '--trace', guest], /^error: --dry-run and --trace contradict/, 2],
    [
      ['run', '--dry-run', '--json', '/no/x', guest],
      /--json \/no\/x: the file cannot be written/,
      2,
    ],
    [
      ['run', '--dry-run', '--dump-dtb', '/no/x', guest],
      /--dump-dtb \/no\/x: the file cannot be written/,
      2,
    ],
    [
      ['run', '--dry-run', '--json', 'same', '--dump-dtb', './same', guest],
      /^error: --json and --dump-dtb both name the file \.\/same/,
      2,
    ],
    [['run', '--dry-run', '--dump-dtb', '-', guest], /^error: --dump-dtb -: /, 2],
    [['run', '--from', 'x', guest], /^error: --from x: guests run on this machine only/, 2],
    [['run', '--sysroot', 'x', guest], /^error: --sysroot x: guests run on this machine only/, 2],
    [['run', '--trace=/no/x', guest], /--trace \/no\/x: the file cannot be written/, 2],
    [['run', '--trace=same', '--json', 'same', guest], /^error: --json and --trace both name/, 2],
    [['run', '--dump-dtb', '-', guest], /^error: --dump-dtb -: stdout is the guest's console/, 2],
    [['run', '--dry-run', '--from', machine('snapdragon-x-elite'), guest], /^error: /, 120],
    [
      ['run', '--dry-run', '--from', machine('rk3588'), '--vcpu-affinity', '99', guest],
      /--vcpu-affinity 99: this process may not run on CPU 99/,
      2,
    ],
    [
      ['run', '--dry-run', '--from', machine('rk3588'), '-c', '513', guest],
      /--cpus 513 is more than KVM on this host gives a VM/,
      2,
    ],
    [
      ['run', '--dry-run', '--from', machine('rk3588'), '--irqchip', 'gicv2', guest],
      /--irqchip gicv2 cannot be had/,
      120,
    ],
  ])('tsvmm %s', (args, message, status) => {
    const ran = tsvmm(...args)
    expect(ran.stderr).toMatch(message)
    expect(ran.stdout).toBe('')
    expect(ran.status).toBe(status)
    expect(fs.existsSync(join(folder, 'same'))).toBe(false)
  })

  it('also as JSON', () => {
    const { status, stdout } = dry('--json', '-', 'none.flat')
    const object: unknown = JSON.parse(stdout)
    expect(object).toMatchObject({ exitStatus: 2, error: { code: 'TSVMM_IMAGE_MISSING' } })
    expect(complaints('dry-run.schema.json', object)).toEqual([])
    expect(status).toBe(2)
  })
})
