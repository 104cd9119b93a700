import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cacheDirectory } from '../../src/lab/cache.ts'
import { Lab, type ExecOptions } from '../../src/lab/index.ts'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))

let work: string
beforeAll(() => {
  work = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-')))
})
afterAll(() => fs.rmSync(work, { recursive: true }))

describe('a biglittle host', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await Lab.boot({ topology: 'biglittle' })
  })
  afterAll(() => lab.close())

  const exec = (argv: string[], options: ExecOptions = {}) =>
    lab.exec(argv, { cwd: work, ...options })
  const sh = async (script: string, options: ExecOptions = {}) => {
    const result = await exec(['sh', '-c', script], options)
    return { ...result, stdout: result.stdout.toString(), stderr: result.stderr.toString() }
  }

  test('is an arm64 machine with KVM and a PMU per cluster', async () => {
    const { stdout } = await sh(
      'uname -m; test -c /dev/kvm && echo kvm; nproc; cd /sys/bus/event_source/devices; ' +
        'for pmu in armv8*; do echo $pmu $(cat $pmu/cpus); done',
    )
    expect(stdout).toBe('aarch64\nkvm\n4\narmv8_cortex_a53 0-1\narmv8_cortex_a72 2-3\n')
  })

  test('runs tsvmm, this version of it', async () => {
    const here = spawnSync(process.execPath, [bin, '--version'])
    const { status, stdout, stderr } = await lab.run(['--version'])
    // The version and the commit: the rest is about the machine.
    const version = (text: Buffer) => text.toString().split('\n').slice(0, 2)
    expect([status, version(stdout), stderr.toString()]).toEqual([0, version(here.stdout), ''])
  })

  test('keeps stdin, stdout and stderr apart and does not change a byte', async () => {
    const data = randomBytes(1 << 20)
    const result = await exec(['sh', '-c', 'cat; echo done >&2'], { stdin: data })
    expect(result.stdout.equals(data)).toBe(true)
    expect(result.stderr.toString()).toBe('done\n')
  })

  test('passes on how a command ended', async () => {
    expect(await sh('exit 3')).toMatchObject({ status: 3, signal: null })
    expect(await sh('kill -TERM $$')).toMatchObject({ status: 143, signal: 'SIGTERM' })
    expect(await exec(['no-such-program'])).toMatchObject({ status: 127 })
    expect(await exec(['/etc'])).toMatchObject({ status: 126 })
  })

  test('gives a command its directory, its environment and nothing of the last one', async () => {
    const { stdout } = await sh('pwd; echo $GREETING; sleep 1000 & echo $!', {
      env: { GREETING: 'hello' },
    })
    const [cwd, greeting, child] = stdout.split('\n')
    expect([cwd, greeting]).toEqual([work, 'hello'])
    expect((await sh(`test -e /proc/${child ?? ''}`)).status).toBe(1)
  })

  test('ends a command that does not end by itself, and goes on', async () => {
    await expect(sh('trap "" TERM; cat', { timeoutMs: 500, stdin: endless() })).rejects.toThrow(
      'the command did not end within 0.5 s',
    )
    expect((await sh('echo still here')).stdout).toBe('still here\n')
  })

  test('takes no more from a command than the reader of its output', async () => {
    const slow = new PassThrough({ highWaterMark: 1 })
    const running = exec(['sh', '-c', 'yes & sleep 1; kill $!; echo end >&2'], { stdout: slow })
    await sleep(2500)
    const held = slow.writableLength + slow.readableLength
    slow.resume()

    expect((await running).stderr.toString()).toBe('end\n')
    expect(held).toBeLessThan(1 << 20)
  })

  test('sees the files its arguments name, and brings back what it wrote', async () => {
    const input = join(work, 'input')
    fs.writeFileSync(input, randomBytes(300_000), { mode: 0o640 })
    fs.mkdirSync(join(work, 'elsewhere'))

    const { written } = await exec(
      [
        'sh',
        '-c',
        'cp $0 copy; mkdir -p a/b; echo b > a/b/file; echo x > $1; ln -s / link',
        input,
      ].concat(join(work, 'elsewhere/out')),
      { cwd: work },
    )

    expect(written.map(path => path.replace(work, '.')).sort()).toEqual(
      ['./a/b/file', './copy', './elsewhere/out'].sort(),
    )
    expect(fs.readFileSync(join(work, 'copy')).equals(fs.readFileSync(input))).toBe(true)
    expect(fs.readFileSync(join(work, 'elsewhere/out'), 'utf8')).toBe('x\n')
    expect(fs.existsSync(join(work, 'link'))).toBe(false)
    expect(fs.readdirSync(work).sort()).toEqual(['a', 'copy', 'elsewhere', 'input'])
  })

  test('has a shell that reads commands from a pipe', async () => {
    const stdout = new PassThrough()
    const stdin = Readable.from([Buffer.from('echo $((6 * 7))\nexit 5\n')])
    const status = await lab.shell({ stdin, stdout, stderr: new PassThrough(), env: {} })
    expect([status, String(stdout.read())]).toEqual([5, '42\n'])
  })

  test('has a shell with job control on a terminal', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true })
    const stdout = Object.assign(new PassThrough(), { isTTY: true, rows: 33, columns: 101 })
    let seen = ''
    stdout.on('data', (bytes: Buffer) => (seen += bytes.toString()))
    const type = async (keys: string, until: RegExp) => {
      stdin.write(keys)
      await expect.poll(() => seen, { timeout: 10_000 }).toMatch(until)
    }

    const running = lab.shell({ stdin, stdout, stderr: new PassThrough(), env: {} })
    await type('stty size; tty\n', /33 101\r\n\/dev\/hvc0/)
    await type('sleep 1000\n', /sleep 1000\r\n/)
    await type('\x03', /\^C/)
    await type('exit $((4 + 5))\n', /exit \$/)

    expect(await running).toBe(9)
  })
})

test('a host kernel that panics is an error with its last words', async () => {
  const failure = Lab.boot({ kernelArguments: ['rdinit=/none'] })
  await expect(failure).rejects.toMatchObject({
    code: 'TSVMM_LAB_HOST_PANIC',
    message: expect.stringMatching(
      /^the emulated host died: Kernel panic - not syncing: /,
    ) as string,
    why: expect.stringMatching(/^its console ends with\n {6}.*Kernel panic/s) as string,
  })
})

test('a kernel of one’s own that lacks what the lab needs says what it lacks', async () => {
  // Debian's has virtio-mmio as a module, and as a file of one's own it comes without modules.
  const image = join(cacheDirectory(process.env), 'kernels/trixie/Image')
  await expect(Lab.boot({ hostKernel: image })).rejects.toMatchObject({
    code: 'TSVMM_LAB_HOST_SILENT',
    message: expect.stringMatching(/this kernel needs CONFIG_VIRTIO_MMIO=y/) as string,
  })
})

describe('nothing is left running', () => {
  /** Starts `tsvmm lab` as a user would. */
  function start(...args: string[]): ChildProcess {
    return spawn(process.execPath, [bin, 'lab', ...args], { stdio: 'pipe' })
  }

  function children(pid: number): number[] {
    return fs
      .readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .filter(name => parentOf(name) === pid)
      .map(Number)
  }

  function parentOf(pid: string): number {
    try {
      return Number(/\) \S (\d+)/.exec(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
    } catch {
      return -1
    }
  }

  async function qemuOf(child: ChildProcess): Promise<number> {
    const find = () => children(child.pid ?? 0)
    await expect.poll(find, { timeout: 20_000 }).toHaveLength(1)
    return find()[0] ?? 0
  }

  const isRunning = (pid: number) => fs.existsSync(`/proc/${pid}/fd/0`)

  test('after kill -9', async () => {
    const outer = start('--', '--version')
    const qemu = await qemuOf(outer)
    outer.kill('SIGKILL')
    await expect.poll(() => isRunning(qemu), { timeout: 20_000 }).toBe(false)
  })

  test('after Ctrl-C, which ends it at once with 130', async () => {
    const outer = start('--shell')
    const qemu = await qemuOf(outer)
    outer.kill('SIGINT')
    expect((await once(outer, 'exit'))[0]).toBe(130)
    expect(isRunning(qemu)).toBe(false)
  })

  test('after --timeout, which ends it with 124', async () => {
    const outer = start('--timeout', '1.5', '--', '--version')
    const qemu = await qemuOf(outer)
    let stderr = ''
    outer.stderr?.on('data', (text: Buffer) => (stderr += text.toString()))
    expect((await once(outer, 'close'))[0]).toBe(124)
    expect(stderr).toBe('error: the emulated host was ended: --timeout 1.5 is over\n')
    expect(isRunning(qemu)).toBe(false)
  })
})

function endless(): Readable {
  return new Readable({ read: () => undefined })
}
