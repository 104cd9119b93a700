import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))

let folder: string
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

function probe(args: readonly string[], input = '') {
  const argv = ['--no-addons', bin, 'probe', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: folder, input })
  return { status, stdout: String(stdout), stderr: String(stderr) }
}

const json = (text: string) => JSON.parse(text) as Record<string, unknown>

/** Two A53 with a PMU, of which KVM was asked only what VMs can be. */
const MACHINE = {
  format: 'tsvmm machine',
  version: 1,
  tsvmm: '0.1.0',
  about: { name: 'a board', assumed: ['all of it'] },
  files: {
    '/sys/devices/system/cpu/possible': '0-1',
    '/sys/devices/system/cpu/present': '0-1',
    '/sys/devices/system/cpu/online': '0-1',
    '/sys/devices/system/cpu/cpu0/regs/identification/midr_el1': '0x00000000410fd034',
    '/sys/bus/event_source/devices/armv8_cortex_a53/type': '8',
    '/sys/bus/event_source/devices/armv8_cortex_a53/cpus': '0-1',
  },
  kvm: { apiVersion: 12, vms: { ipaBits: 40, maxVcpus: 512, recommendedVcpus: 2, gics: [] } },
}

/** A file with the machine, or with something like it. */
function saved(fields: object = {}): string {
  const file = join(fs.mkdtempSync(join(folder, 'saved-')), 'machine.json')
  fs.writeFileSync(file, JSON.stringify({ ...MACHINE, ...fields }))
  return file
}

describe('a machine that was saved', () => {
  it('is shown, with what KVM answered there, and what is assumed', () => {
    const file = saved()
    const { status, stdout, stderr } = probe(['--from', file])
    expect(stdout).toMatch(/Cortex-A53 r0p4/)
    expect(stdout).toMatch(/^machine +a board$/m)
    expect(stdout).toMatch(/^vCPUs of a VM, at most +512, recommended 2$/m)
    expect(stdout).toContain(
      `\n\nKVM's answers are those saved in ${file}\nassumed, not measured: all of it\n`,
    )
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('answers the topics that KVM was asked of, and no others', () => {
    expect(probe(['gic', '--from', saved()]).stdout).toMatch(/^IPA bits of a VM, at most +40$/m)
    expect(probe(['caps', '--from', saved()])).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/: caps is what KVM says, and no answers/) as string,
    })
    expect(probe(['pmus', '--from', saved({ kvm: undefined })]).stdout).toMatch(
      /\n\nKVM was not asked: .*machine\.json holds no answers of it\n/,
    )
  })

  it('comes out of --save as it went in, through a pipe, too', () => {
    const copy = join(folder, 'copy.json')
    expect(probe(['cpus', '--from', saved(), '--save', copy])).toMatchObject({ status: 0 })
    expect(json(fs.readFileSync(copy, 'utf8'))).toEqual(MACHINE)
    expect(fs.statSync(copy).mode).toBe(fs.statSync(saved()).mode)

    const { stdout } = probe(['--from', saved(), '--save', '-'])
    expect(stdout).toBe(fs.readFileSync(copy, 'utf8'))
    const again = probe(['--from', '-', '--json'], stdout)
    const direct = json(probe(['--from', copy, '--json']).stdout)
    expect(json(again.stdout)).toEqual({ ...direct, source: 'stdin' })
    expect(direct).toMatchObject({ about: { name: 'a board' }, source: copy })
  })

  it('is this one, of which nothing personal is saved', () => {
    const { status, stdout } = probe(['--save', '-'])
    expect(status).toBe(0)
    const { files } = json(stdout) as { files: Record<string, string> }
    const allowed = files['/proc/self/status']
    expect(allowed).toMatch(/^Cpus_allowed_list:\t[\d,-]+$/)
    const live = json(probe(['--json']).stdout) as { host: { cpuset?: { cgroup: string } } }
    if (live.host.cpuset) live.host.cpuset.cgroup = '/'
    expect(json(probe(['--from', '-', '--json'], stdout).stdout)).toEqual({
      ...live,
      source: 'stdin',
    })
  })

  it('of a tree', () => {
    const { stdout } = probe(['cpus', '--sysroot', '/', '--save', '-'])
    expect(json(stdout)).toMatchObject({ format: 'tsvmm machine', version: 1 })
    expect(json(stdout)).not.toHaveProperty('kvm')
  })

  it('with nonsense in it is explained by the file', () => {
    const withFile = (name: string) => ({
      files: { ...MACHINE.files, [`/sys/devices/system/cpu/${name}`]: '0-4294967295' },
    })
    const nonsense = (name: string) =>
      new RegExp(`/sys/.*/${name} in .*machine\\.json holds "0-4294967295", not`)
    const { status, stderr } = probe(['--from', saved(withFile('possible'))])
    expect(stderr).toMatch(/^error: /)
    expect(stderr).toMatch(nonsense('possible'))
    expect(status).toBe(120)
    const shown = probe(['--from', saved(withFile('online'))])
    expect(shown.stdout).toMatch(/^not right: /m)
    expect(shown.stdout).toMatch(nonsense('online'))
    expect(shown.status).toBe(0)
  })
})

describe('bad input is one sentence, and nothing is done', () => {
  it.each<[string[], RegExp]>([
    [['--from', '/nowhere'], /--from \/nowhere cannot be read\nwhy: {2}ENOENT/],
    [['--from', '/'], /--from \/ is a directory\ntry: {2}--sysroot \/\n/],
    [['--from', ''], /--from names no file/],
    [['--from', '/dev/null'], /--from \/dev\/null is empty/],
    [['--from', '/dev/zero'], /--from \/dev\/zero has more than 32 MiB/],
    [['--from', bin], /tsvmm\.js is no JSON/],
    [['--from', '-'], /--from - is empty/],
    [['--from', 'x', '--sysroot', 'y'], /--sysroot and --from name a machine each/],
    [['--save', '-', '--json'], /--json and --save - both want stdout/],
    [['--save', ''], /--save names no file/],
    [['--save', '/nowhere/x'], /--save \/nowhere\/x: the file cannot be written/],
    [['--save', '/'], /--save \/: the file cannot be written/],
  ])('%j', (args, message) => {
    const before = fs.readdirSync(folder)
    const { status, stdout, stderr } = probe(args)
    expect(stderr).toMatch(message)
    expect(stderr.match(/^error: /gm)).toHaveLength(1)
    expect(stdout).toBe('')
    expect(status).toBe(2)
    expect(fs.readdirSync(folder)).toEqual(before)
  })

  it.each<[string, (file: string) => void, RegExp]>([
    ['was cut', file => fs.truncateSync(file, 200), /ends in the middle: part of it is missing/],
    ['is 2 GiB of nothing', file => fs.truncateSync(file, 2 ** 31), /has more than 32 MiB/],
    [
      'is of a newer tsvmm',
      file => fs.writeFileSync(file, JSON.stringify({ ...MACHINE, version: 2 })),
      /newer tsvmm \(format 2\), and this one reads format 1\ntry: {2}npm install /,
    ],
    [
      'is what --json writes',
      file => void probe(['--json', file]),
      /why: {2}it is what --json writes/,
    ],
  ])('a file that %s', (_, change, message) => {
    const file = saved()
    change(file)
    const { status, stdout, stderr } = probe(['--from', file])
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })

  it('a pipe that nobody writes to, which Ctrl-C ends', { timeout: 20_000 }, async () => {
    const fifo = join(folder, 'fifo')
    spawnSync('mkfifo', [fifo])
    const argv = ['--no-addons', bin, 'probe', '--from', fifo]
    const child = spawn(process.execPath, argv, { cwd: folder, stdio: 'ignore' })
    const closed = once(child, 'close')
    const fds = `/proc/${child.pid}/fd`
    const filesOpen = () => fs.readdirSync(fds).map(fd => fs.readlinkSync(join(fds, fd)))
    await vi.waitFor(() => expect(filesOpen()).toContain(fifo), { timeout: 10_000 })
    child.kill('SIGINT')
    expect(await closed).toEqual([130, null])
  })

  it('a full disk', () => {
    const { status, stderr } = probe(['--save', '/dev/full'])
    expect(stderr).toMatch(
      /^error: --save \/dev\/full: the file could not be written\nwhy: {2}ENOSPC/,
    )
    expect(status).toBe(120)
  })
})
