import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  APPLE_M1,
  GRAVITON3,
  HOTPLUG,
  pmuFiles,
  RK3399,
  UNCORE_ONLY,
} from '../unit/host/machines.ts'

type Files = Readonly<Record<string, string>>

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))

let folder: string
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

/** Without native code: an addon that is loaded is an error. */
function probe(...args: string[]) {
  const argv = ['--no-addons', bin, 'probe', ...args]
  const env = { ...process.env, LC_ALL: 'C' }
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: folder, env })
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

/** A saved tree with this below sys, and with this below proc. */
function tree(sys: Files, proc: Files = {}): string {
  const root = fs.mkdtempSync(join(folder, 'tree-'))
  for (const [top, files] of Object.entries({ sys, proc }))
    for (const [path, content] of Object.entries(files)) {
      const file = join(root, top, path)
      fs.mkdirSync(dirname(file), { recursive: true })
      fs.writeFileSync(file, content)
    }
  return root
}

function withFile(files: Files, path: string, content: string): Files {
  expect(files).toHaveProperty([path])
  return { ...files, [path]: content }
}

describe('tsvmm probe --sysroot shows a machine we do not have', () => {
  const saved = () => tree(RK3399, { 'self/status': 'Cpus_allowed_list:\t0-4\n' })

  it('all of it, in short, as a tree', () => {
    const root = saved()
    const { status, stdout, stderr } = probe('--sysroot', root)
    expect(stdout).toMatch(
      /^TOPOLOGY +CORE .*\nCPUs 0-5\n\|- CPUs 0-3 {2}Cortex-A53 r0p4 \(Arm\) +485 {2}armv8_cortex_a53 +8\n`- CPUs 4-5 {2}Cortex-A72 r0p2 \(Arm\) +1024 {2}armv8_cortex_a72 +7\n\n/,
    )
    expect(stdout).toMatch(/^affinity of this process {2}0-4$/m)
    expect(stdout).toMatch(
      new RegExp(`\\n\\nKVM was not asked: ${root} holds no answers of it\\n$`),
    )
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it.each([
    [{ LC_ALL: '', LC_CTYPE: '', LANG: 'de_DE.utf8' }, '├─ '],
    [{ LC_ALL: 'C', LANG: 'C.UTF-8' }, '|- '],
  ])('in a locale of %j drawn with %j', (locale, stroke) => {
    const env = { ...process.env, ...locale }
    const { stdout } = spawnSync(process.execPath, [bin, 'probe', '--sysroot', saved()], { env })
    expect(String(stdout)).toContain(`\n${stroke}CPUs 0-3`)
  })

  it('with colours only if wanted: they are not in a pipe', () => {
    const root = saved()
    const plain = probe('--sysroot', root).stdout
    const coloured = probe('--sysroot', root, '--color=always').stdout
    expect(plain).not.toContain('\u001b')
    expect(coloured).toContain('\u001b[1mTOPOLOGY\u001b[22m')
    expect(stripVTControlCharacters(coloured)).toBe(plain)
  })

  it('as JSON, MIDRs as hexadecimal strings, with and without a topic behind --json', () => {
    const root = saved()
    const { status, stdout, stderr } = probe('--sysroot', root, '--json', 'pmus')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const result = JSON.parse(stdout) as Record<string, unknown>
    expect(result).toMatchObject({
      schemaVersion: 1,
      command: 'probe',
      exitStatus: 0,
      topic: 'pmus',
      source: root,
      host: {
        cpus: { possible: [0, 1, 2, 3, 4, 5], offline: [], uncovered: [] },
        affinity: [0, 1, 2, 3, 4],
        pmus: [
          { name: 'armv8_cortex_a53', type: 8, cpus: [0, 1, 2, 3], cores: ['Cortex-A53'] },
          { name: 'armv8_cortex_a72', type: 7, events: { cpu_cycles: 17, inst_spec: 27 } },
        ],
      },
    })
    expect(result).not.toHaveProperty('kvm')
    const { cores } = result['host'] as { cores: unknown[] }
    expect(cores[4]).toEqual({
      cpu: 4,
      midr: '0x410fd082',
      core: 'Cortex-A72 r0p2 (Arm)',
      capacity: 1024,
      pmu: 'armv8_cortex_a72',
    })
    expect(JSON.parse(probe('pmus', '--json', '--sysroot', root).stdout)).toEqual(result)
    expect(JSON.parse(probe('pmus', '--sysroot', root, '--json', '-').stdout)).toEqual(result)
  })

  it('as JSON into a file, and the text on stdout', () => {
    const file = join(folder, 'host.json')
    const { status, stdout } = probe('cpus', '--json', file, '--sysroot', saved())
    expect(status).toBe(0)
    expect(stdout).toMatch(/^CPU {2}STATE {3}CORE/m)
    expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toMatchObject({ topic: 'cpus' })
  })

  it.each<[string, Files, RegExp]>([
    ['a server', GRAVITON3, /^armv8_pmuv3_0 {5}9 {2}0-1 {3}Neoverse-V1 .* slots=8 /m],
    ['PMUs without caps', APPLE_M1, /^apple_icestorm_pmu +10 {2}0-1 +Icestorm-M1 +2$/m],
    ['CPUs that are not there', HOTPLUG, /^CPUs without a PMU: 4-7$/m],
  ])('%s', (_, files, row) => {
    const { status, stdout } = probe('pmus', '--sysroot', tree(files))
    expect(stdout).toMatch(row)
    expect(status).toBe(0)
  })

  it('and does not pass on what a terminal would act on', () => {
    const evil = { ...RK3399, ...pmuFiles('evil', { type: '9', cpus: '0', 'caps/x': '\u001b[2J' }) }
    const { stdout } = probe('pmus', '--sysroot', tree(evil))
    expect(stdout).toContain('x=\\u{1b}[2J\n')
  })
})

describe('in a directory that is gone', () => {
  it.each(['--json', '--svg', '--save'])('%s FILE says so', option => {
    const line = 'mkdir "$0/gone" && cd "$0/gone" && rmdir "$0/gone" && exec "$1" "$2" probe "$3" x'
    const argv = ['-c', line, folder, process.execPath, bin, option]
    const { status, stderr } = spawnSync('sh', argv, { encoding: 'utf8' })
    expect(stderr).toMatch(/^error: the current directory is gone\n/)
    expect(status).toBe(2)
  })
})

describe('tsvmm probe --svg draws', () => {
  it('XML, whatever the names in it are', () => {
    const evil = { ...RK3399, ...pmuFiles('&lt;<b a="\'>]]>--&#0;', { type: '9', cpus: '0' }) }
    const { stdout } = probe('--sysroot', tree(evil), '--svg', '-')
    const { status, stderr } = spawnSync('xmllint', ['--noout', '-'], { input: stdout })
    expect(String(stderr)).toBe('')
    expect(status).toBe(0)
  })

  const saved = () => tree(RK3399)
  const TITLE = '<title id="title">6 CPUs, 2 PMUs</title>'

  it('into a file, which is replaced whole, and the text is on stdout', () => {
    const file = join(folder, 'host.svg')
    fs.writeFileSync(file, 'x'.repeat(100_000))
    const { status, stdout, stderr } = probe('--sysroot', saved(), '--svg', file)
    expect(fs.readFileSync(file, 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/)
    expect(fs.readFileSync(file, 'utf8')).toContain(TITLE)
    expect(stdout).toMatch(/^TOPOLOGY /)
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('on stdout, instead of the text, and with JSON in a file', () => {
    const file = join(folder, 'both.json')
    const { status, stdout } = probe('pmus', '--sysroot', saved(), '--svg', '-', '--json', file)
    expect(stdout).toMatch(/^<svg [^]*<\/svg>\n$/)
    expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toMatchObject({ topic: 'pmus' })
    expect(status).toBe(0)
  })

  it('into a file, with JSON on stdout', () => {
    const file = join(folder, 'both.svg')
    const { status, stdout } = probe('--sysroot', saved(), '--svg', file, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ exitStatus: 0 })
    expect(fs.readFileSync(file, 'utf8')).toContain(TITLE)
    expect(status).toBe(0)
  })

  it('or says that the disk is full, also in JSON, without half a picture', () => {
    const { status, stdout, stderr } = probe('--sysroot', saved(), '--svg', '/dev/full')
    expect(stderr).toMatch(
      /^error: --svg \/dev\/full: the file could not be written\nwhy: .*ENOSPC/,
    )
    expect(stdout).toBe('')
    expect(status).toBe(120)
    const json = probe('--sysroot', saved(), '--svg', '/dev/full', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({
      exitStatus: 120,
      error: { code: 'TSVMM_HOST_OUTPUT' },
    })
  })

  it('or leaves the old picture as it was, if there is no machine to draw', () => {
    const file = join(folder, 'old.svg')
    fs.writeFileSync(file, 'old')
    const broken = tree(withFile(RK3399, 'devices/system/cpu/possible', 'x\n'))
    const before = fs.readdirSync(folder)
    expect(probe('--sysroot', broken, '--svg', file)).toMatchObject({ status: 120, stdout: '' })
    expect(fs.readFileSync(file, 'utf8')).toBe('old')
    expect(fs.readdirSync(folder)).toEqual(before)
  })
})

describe('tsvmm probe --for a VMM', () => {
  it('prints a command to paste, which is all that is no comment', () => {
    const { status, stdout, stderr } = probe('--for', 'qemu', '--sysroot', tree(RK3399))
    expect(stdout.match(/^[^#\n].*$/gm)).toEqual([
      'taskset -c 0-3 qemu-system-aarch64 -machine virt,gic-version=host -accel kvm -cpu host,pmu=on -smp 4',
    ])
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('says it to programs, too, on stdout or into a file', () => {
    const root = tree(RK3399)
    const { status, stdout } = probe('--for', 'lkvm', '--json', '--sysroot', root)
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      command: 'probe',
      exitStatus: 0,
      for: 'lkvm',
      source: root,
      possible: true,
      alternatives: [
        {
          pmu: { name: 'armv8_cortex_a53', type: 8, cpus: [0, 1, 2, 3] },
          cores: ['Cortex-A53'],
          cpus: [0, 1, 2, 3],
          vcpus: 4,
          argv: [
            'taskset',
            '-c',
            '0-3',
            'lkvm',
            'run',
            '--pmu',
            '--vcpu-affinity',
            '0-3',
            '--cpus',
            '4',
          ],
          notes: [],
        },
        { pmu: { name: 'armv8_cortex_a72' }, vcpus: 2 },
      ],
      notes: [expect.any(String), expect.stringMatching(/^KVM was not asked: /)],
      refused: [],
    })
    expect(status).toBe(0)
    const file = join(folder, 'advice.json')
    const both = probe('--for', 'lkvm', '--json', file, '--sysroot', root)
    expect(both.stdout).toMatch(/^taskset -c 0-3 lkvm run /m)
    expect(fs.readFileSync(file, 'utf8')).toBe(stdout)
  })

  it('status 1: this VMM cannot, and another can', () => {
    const { status, stdout, stderr } = probe('--for=firecracker', '--sysroot', tree(RK3399))
    expect(stdout).toMatch(
      /^# Firecracker gives no guest a PMU: .*\n# try: tsvmm probe --for tsvmm\n$/,
    )
    expect(stderr).toBe('')
    expect(status).toBe(1)
  })

  it('status 120: nothing on this machine can, also in JSON', () => {
    const root = tree(UNCORE_ONLY)
    const { status, stdout, stderr } = probe('--for', 'qemu', '--sysroot', root)
    expect(stderr).toMatch(/^error: no guest can have a PMU: the host has no core PMU: /)
    expect(stdout).toBe('')
    expect(status).toBe(120)
    const json = probe('--for', 'qemu', '--json', '--sysroot', root)
    expect(JSON.parse(json.stdout)).toMatchObject({
      exitStatus: 120,
      for: 'qemu',
      error: { code: 'TSVMM_PMU_NONE_ON_HOST' },
    })
  })
})

describe('a tree that is damaged', () => {
  const cpu = 'devices/system/cpu'
  const a53 = 'bus/event_source/devices/armv8_cortex_a53'
  const midr = `${cpu}/cpu1/regs/identification/midr_el1`

  it.each<[string, Files, RegExp]>([
    [
      'a list of CPUs that is none',
      withFile(RK3399, `${cpu}/online`, 'all of them\n'),
      /\/cpu\/online holds "all of them", not a list of CPUs; all that are present are taken/,
    ],
    ['a MIDR that is none', withFile(RK3399, midr, 'x\n'), /cpu1.*midr_el1 holds "x", not a MIDR/],
    ['a type that is none', withFile(RK3399, `${a53}/type`, '-1\n'), /a53\/type holds "-1"/],
    ['a PMU without a type', { ...RK3399, ...pmuFiles('odd', { cpus: '0' }) }, /no .*odd\/type/],
    ['a directory for a file', { ...RK3399, [`${cpu}/cpu0/cpu_capacity/x`]: '' }, /cpu_capacity/],
    [
      'CPUs that contradict each other',
      withFile(RK3399, `${cpu}/present`, '0-8\n'),
      /CPUs 6-8 are present, but not possible/,
    ],
  ])('is shown all the same, and what is wrong is said: %s', (_, files, problem) => {
    const sys = Object.fromEntries(
      Object.entries(files).filter(
        ([path]) => !Object.keys(files).some(f => f.startsWith(`${path}/`)),
      ),
    )
    const root = tree(sys)
    const { status, stdout, stderr } = probe('--sysroot', root)
    expect(stdout).toMatch(/^.- CPUs 4-5 +Cortex-A72 r0p2 \(Arm\) +1024 +armv8_cortex_a72 +7$/m)
    expect(stdout.match(/^not right: .*$/gm)).toEqual([expect.stringMatching(problem)])
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const { host } = JSON.parse(probe('--sysroot', root, '--json').stdout) as {
      host: { problems: string[] }
    }
    expect(host.problems).toEqual([expect.stringMatching(problem)])
  })

  it('and may be read in part only, shows that part', () => {
    const root = tree(RK3399)
    fs.chmodSync(folder, 0o755)
    fs.chmodSync(root, 0o755)
    fs.chmodSync(join(root, 'sys', midr), 0)
    const events = join(root, 'sys', a53, 'events')
    fs.chmodSync(events, 0)
    onTestFinished(() => fs.chmodSync(events, 0o755))
    // Nothing is closed to root.
    const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
    const argv = ['--no-addons', bin, 'probe', 'pmus', '--sysroot', root]
    const { status, stdout } = spawnSync(process.execPath, argv, { ...nobody, encoding: 'utf8' })
    expect(stdout).toMatch(/^armv8_cortex_a72 +7 +4-5 +Cortex-A72 +2 /m)
    expect(stdout.match(/^not right: .*$/gm)).toEqual([
      `not right: cannot list ${events}: EACCES: permission denied`,
      `not right: cannot read ${root}/sys/${midr}: EACCES: permission denied`,
    ])
    expect(status).toBe(0)
  })

  it.each<[string, Files, RegExp]>([
    ['a hole', { [`${cpu}/online`]: '0\n' }, /there is no .*\/cpu\/possible; is sysfs mounted\?/],
    [
      'more CPUs than there are',
      withFile(RK3399, `${cpu}/possible`, '0-4294967295\n'),
      /\/cpu\/possible holds "0-4294967295", not a list of CPUs/,
    ],
  ])('in the possible CPUs ends it: %s', (_, files, message) => {
    const root = tree(files)
    const { status, stdout, stderr } = probe('--sysroot', root)
    expect(stderr).toMatch(/^error: /)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stdout).toBe('')
    expect(status).toBe(120)
    const json = probe('--sysroot', root, '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({
      schemaVersion: 1,
      exitStatus: 120,
      topic: 'all',
      error: { code: 'TSVMM_HOST_SYSFS', message: expect.stringMatching(message) as string },
    })
    expect(json.status).toBe(120)
  })

  it('gives advice for what is sound of it, which says what is not', () => {
    const odd = pmuFiles('odd', { type: '9', cpus: '3-4' })
    const { status, stdout } = probe('--for', 'lkvm', '--sysroot', tree({ ...RK3399, ...odd }))
    expect(stdout).toMatch(/^taskset -c 0-2 lkvm run --pmu --vcpu-affinity 0-2 --cpus 3$/m)
    expect(stdout).toMatch(/^# not right: CPU 3 is of the PMUs armv8_cortex_a53 and odd$/m)
    expect(status).toBe(0)
  })
})

describe('bad input is one sentence and a remedy, and nothing is done', () => {
  it.each<[string[], RegExp]>([
    [
      ['pmu'],
      /^error: tsvmm probe pmu: there is no such topic; did you mean pmus\?\ntry: {2}tsvmm probe pmus\n$/,
    ],
    [['weather'], /there is no such topic\ntry: {2}one of pmus, cpus, caps, gic, all\n$/],
    [['pmus', 'cpus'], /too many arguments/],
    [
      ['--json', 'cpu'],
      /--json cpu: is that a file or a topic\?\ntry: {2}tsvmm probe cpus --json\n/,
    ],
    [['--json', '/nowhere/x.json'], /--json \/nowhere\/x\.json: the file cannot be written/],
    [['--json', '/'], /--json \/: the file cannot be written/],
    [['--svg'], /option '--svg <file>' argument missing/],
    [['--svg', ''], /--svg names no file/],
    [['--svg', '.'], /--svg \.: the file cannot be written\nwhy: .*EISDIR.*\ntry: /],
    [['--svg', '/nowhere/x.svg'], /--svg \/nowhere\/x\.svg: the file cannot be written/],
    // Nobody may, not even root.
    [
      ['--svg', '/sys/x.svg'],
      /--svg \/sys\/x\.svg: the file cannot be written\nwhy: {2}E(ACCES|PERM|ROFS)/,
    ],
    [['--svg', '-', '--json'], /--json and --svg - both want stdout\ntry: {2}--json FILE\n/],
    [
      ['caps', '--svg', 'x.svg'],
      /--svg x\.svg: the picture is of CPUs, and caps has none\ntry: {2}tsvmm probe --svg x\.svg\n/,
    ],
    [['--sysroot', '/nowhere'], /--sysroot \/nowhere is no directory/],
    [['--sysroot', bin], /tsvmm\.js is no directory/],
    [['--sysroot', '/dev'], /--sysroot \/dev holds no sysfs: there is no \/dev\/sys\/devices/],
    [['--sysroot', '/sys'], /--sysroot \/sys holds no sysfs.*try: {2}--sysroot \/\n/s],
    [['--sysroot', ''], /--sysroot names no directory/],
    [
      ['caps', '--sysroot', '/'],
      /--sysroot \/: caps is what KVM says, and a saved tree has no KVM/,
    ],
    [['--sysroot'], /option '--sysroot <dir>' argument missing/],
    [
      ['--for', 'qmeu'],
      /^error: --for qmeu: nothing is known of that; did you mean qemu\?\ntry: {2}--for qemu\n$/,
    ],
    [['--for', 'kvmtool'], /did you mean lkvm\?\ntry: {2}--for lkvm\n$/],
    [['--for', 'VMware'], /try: {2}--for one of tsvmm, lkvm, .*, libvirt, nfd\n$/],
    [
      ['gic', '--for', 'qemu'],
      /--for qemu and gic: --for is about all of the machine\ntry: {2}tsvmm probe --for qemu\n/,
    ],
    [['--for', 'qemu', '--sysroot', '/nowhere'], /--sysroot \/nowhere is no directory/],
    [['--for', 'qemu', '--json', '/nowhere/x.json'], /the file cannot be written/],
    [['--for'], /option '--for <what>' argument missing/],
    [['--for', 'qemu', '--svg', 'x.svg'], /--for qemu and --svg: there is nothing to draw/],
  ])('%j', (args, message) => {
    const before = fs.readdirSync(folder)
    const { status, stdout, stderr } = probe(...args)
    expect(stderr).toMatch(message)
    expect(stderr.match(/^error: /gm)).toHaveLength(1)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stdout).toBe('')
    expect(status).toBe(2)
    expect(fs.readdirSync(folder)).toEqual(before)
  })
})

describe('on a machine that cannot run guests', { skip: process.arch === 'arm64' }, () => {
  const reason = 'tsvmm runs guests on arm64 hosts, and this machine is x64'

  it('what sysfs says is shown, and in one line why KVM is not', () => {
    const { status, stdout, stderr } = probe()
    expect(stdout).toMatch(/^CPUs online +\S+$/m)
    expect(stdout).toContain(`\n\nKVM could not be asked: ${reason}; try: tsvmm lab -- `)
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('JSON has the error in place of the answers', () => {
    const { status, stdout } = probe('--json')
    expect(JSON.parse(stdout)).toMatchObject({
      exitStatus: 0,
      host: { cpus: {} },
      kvm: { error: { code: 'TSVMM_HOST_ARCH', message: reason, try: [expect.anything()] } },
    })
    expect(status).toBe(0)
  })

  it.each(['caps', 'gic'])('%s has nothing to say: an error, also in JSON', topic => {
    expect(probe(topic)).toMatchObject({
      status: 120,
      stdout: '',
      stderr: expect.stringContaining(`error: ${reason}\n`) as string,
    })
    const { status, stdout } = probe(topic, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      exitStatus: 120,
      topic,
      kvm: { error: { code: 'TSVMM_HOST_ARCH' } },
      error: { code: 'TSVMM_HOST_ARCH' },
    })
    expect(status).toBe(120)
  })

  it('cpus does not ask KVM at all', () => {
    expect(probe('cpus')).toMatchObject({
      status: 0,
      stdout: expect.not.stringContaining('KVM') as string,
    })
  })
})
