import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anyHost, guest, type KvmHost } from './host.ts'

/* `tsvmm run` on a host with one kind of core. */
let host: KvmHost
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  host = await anyHost()
})
afterAll(async () => {
  await host[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** Runs a line of shell there; `$0` is the folder of this test, `$1` a guest: files must be named. */
const sh = (line: string, image: string) => host.exec('sh', '-c', line, folder, guest(image))

describe('a guest with a PMU', () => {
  it('prints its greeting on stdout, counts cycles, and powers off with status 0', async () => {
    const ran = await host.exec('tsvmm', 'run', '--pmu', guest('greeting'))
    expect(ran.stdout).toMatch(/^Hello from a guest of tsvmm, on the vCPU with MPIDR 0x0, /)
    expect(ran.stdout).toMatch(
      /PMUVer: [4-9] \(PMUv3\)\nPMCR_EL0\.N: \d+\nPMCCNTR_EL0: .* it counts\n$/,
    )
    expect(ran.stderr).toMatch(
      /^tsvmm: guest PMU: (\S+), since \1 \(type \d+, CPUs \S+\) covers all CPUs the vCPUs may use \(\S+\)\n$/,
    )
    expect(ran.status).toBe(0)
  })

  it('writes how it ended, the exits by kind and the decision as JSON', async () => {
    const file = join(folder, 'result.json')
    await host.exec('tsvmm', 'run', '--json', file, guest('greeting'))
    const result = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    expect(result).toMatchObject({
      schemaVersion: 1,
      command: 'run',
      exitStatus: 0,
      outcome: { kind: 'powered-off' },
      pmu: { kind: 'host-pmu', pmu: { type: expect.any(Number) as number } },
      exits: { 'system-event': 1, 'mmio-posted-write': expect.any(Number) as number },
      unmappedAccesses: 0,
    })
  })

  it('has several vCPUs, all with a PMU, of which the first boots', async () => {
    const ran = await host.exec(
      'tsvmm',
      'run',
      '--pmu',
      '-c',
      '4',
      '-m',
      '64M',
      '-k',
      guest('greeting'),
    )
    expect(ran.stdout).toContain('it counts')
    expect(ran.status).toBe(0)
  })

  it('is pinned where it is told to be', async () => {
    const ran = await host.exec('tsvmm', 'run', '--pmu', '--vcpu-affinity', '0', guest('greeting'))
    expect(ran.stderr).toContain('covers all CPUs the vCPUs may use (0)')
    expect(ran.status).toBe(0)
  })
})

describe('a guest without a PMU', () => {
  it('is what --pmu=off gives', async () => {
    const ran = await host.exec('tsvmm', 'run', '--pmu=off', guest('greeting'))
    expect(ran.stdout).toContain('PMUVer: 0 (no PMUv3)\n')
    expect(ran.stderr).toBe('tsvmm: guest PMU: none, no PMU was asked for\n')
    expect(ran.status).toBe(0)
  })
})

describe('a guest that ends', () => {
  it('by the exit device, ends tsvmm with its status, and only where it may', async () => {
    const file = join(folder, 'exited.json')
    const args = ['--exit-code-from-guest', '--json', file, guest('exit')]
    expect((await host.exec('tsvmm', 'run', ...args)).status).toBe(42)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      exitStatus: 42,
      outcome: { kind: 'exited', status: 42 },
      perVcpu: [{ exits: { 'mmio-write': 1 }, cpuMs: expect.any(Number) as number }],
    })
    expect((await host.exec('tsvmm', 'run', guest('exit'))).status).toBe(0)
  })

  it('by a panic, ends with 195', async () => {
    const ran = await host.exec('tsvmm', 'run', '--on-reset', 'restart', guest('panic'))
    expect(ran.stderr).toMatch(/error: the guest panicked\nwhy: {2}.*pvpanic/)
    expect(ran.status).toBe(195)
  })

  it('by a reset, ends with 194, or boots again until somebody ends it', async () => {
    const ran = await host.exec('tsvmm', 'run', guest('reset'))
    expect(ran.stdout).toBe('b\n')
    expect(ran.stderr).toMatch(/error: the guest asked for a reset\ntry: {2}--on-reset=restart/)
    expect(ran.status).toBe(194)
    const file = join(folder, 'resets.json')
    const again = await sh(
      `tsvmm run --on-reset=restart --timeout 5 --json ${file} $1; echo $?`,
      'reset',
    )
    const { resets, outcome } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>
    expect(outcome).toEqual({ kind: 'timeout', seconds: 5 })
    expect(resets).toBeGreaterThan(1)
    const boots = again.stdout.match(/b\n/g)?.length
    expect([resets, Number(resets) + 1]).toContain(boots)
    expect(again.stdout).toMatch(/\n124\n$/)
  })
})

describe('a guest that misbehaves', () => {
  it('reads 0 where nothing is, in every width, and goes on behind each access', async () => {
    const ran = await host.exec('tsvmm', 'run', guest('stray'))
    expect(ran.stdout).toBe('YYYYY\n')
    expect(ran.status).toBe(0)
  })

  it('is ended by --timeout with status 124, and what it printed is there', async () => {
    const ran = await host.exec('tsvmm', 'run', '--timeout', '5', guest('hang'))
    expect(ran.stdout).toBe('h\n')
    expect(ran.stderr).toMatch(
      /error: the guest had not ended after 5 s \(--timeout\)\nwhy: {2}vcpu 0 was at PC 0x8008\w+, b \. \(no exception yet\)/,
    )
    expect(ran.status).toBe(124)
  })

  it('is shown where it hangs, and why, if it jumped to where nothing is', async () => {
    const ran = await host.exec('tsvmm', 'run', '--timeout', '5', guest('wild'))
    expect(ran.stdout).toBe('w\n')
    expect(ran.stderr).toMatch(
      /last exception: instruction abort \(EC 0x21\): synchronous external abort .*, at 0x200, which is no RAM/,
    )
    expect(ran.status).toBe(124)
  })

  it('is ended by SIGTERM, SIGINT and SIGHUP with 128 + the signal, in silence', async () => {
    const ran = await sh(
      `for signal in TERM INT HUP; do
         tsvmm run $1 2>$0/err.$signal >$0/out.$signal & pid=$!
         while ! grep -q h $0/out.$signal; do sleep 0.1; done
         kill -$signal $pid; wait $pid; echo $?
         grep -c error $0/err.$signal
       done`,
      'hang',
    )
    expect(ran.stdout).toBe('143\n0\n130\n0\n129\n0\n')
  })

  it('is ended by the reader of its output closing it', async () => {
    const ran = await sh('{ tsvmm run $1; echo $? >&2; } | head -c 1000', 'flood')
    expect(ran.stdout).toBe('x'.repeat(1000))
    expect(ran.stderr).toMatch(/^tsvmm: guest PMU: .*\n141\n$/)
  })

  it('waits for a reader that is slow: no byte is lost, and none is waiting in memory', async () => {
    const ran = await sh(
      `{ tsvmm run --timeout 12 --json $0/flood.json $1 2>/dev/null; echo $? >&2; } |
       { sleep 6; cat >$0/flood; }`,
      'flood',
    )
    expect(ran.stderr).toBe('124\n')
    const result = JSON.parse(readFileSync(join(folder, 'flood.json'), 'utf8')) as {
      exits: { 'mmio-posted-write': number; 'mmio-write'?: number }
    }
    // What was posted is written at the end, too; an exit that nobody answered is none.
    const { 'mmio-posted-write': posted, 'mmio-write': asked = 0 } = result.exits
    expect(readFileSync(join(folder, 'flood')).length).toBe(posted + asked)
    expect(posted).toBeGreaterThan(100 * asked)
  })

  it('gets what is typed or piped, and loses no byte of it', async () => {
    const ran = await sh(
      'head -c 10000 /dev/urandom >$0/given; tsvmm run $1 <$0/given >$0/got; cmp $0/given $0/got',
      'echo',
    )
    expect(ran.stdout).toBe('')
    expect(ran.status).toBe(0)
  })

  it('takes much input with few exits', async () => {
    const given = randomBytes(0x1_0000)
    writeFileSync(join(folder, 'given'), given)
    const ran = await sh('tsvmm run --json $0/sink.json $1 <$0/given', 'sink')
    const sum = given.reduce((before, byte) => (Math.imul(before, 31) + byte) >>> 0, 0)
    expect(ran.stdout).toBe(`0x${sum.toString(16)}\n`)
    const { exits } = JSON.parse(readFileSync(join(folder, 'sink.json'), 'utf8')) as {
      exits: { 'mmio-queue-read': number; 'mmio-read': number }
    }
    // The last byte of each batch of 256; and a little more, since a pipe gives what it has.
    expect(exits['mmio-read']).toBeLessThan(1000)
    expect(exits['mmio-queue-read'] + exits['mmio-read']).toBe(given.length)
  })

  it('is ended by --timeout also when nobody reads, and the late reader changes nothing', async () => {
    const ran = await sh(
      `{ tsvmm run --timeout 5 $1; echo $? >$0/status; } |
       { until [ -e $0/status ]; do sleep 0.2; done; wc -c; }`,
      'flood',
    )
    expect(ran.stderr).toMatch(/error: the guest had not ended after 5 s/)
    expect(readFileSync(join(folder, 'status'), 'utf8')).toBe('124\n')
    expect(Number(ran.stdout)).toBeGreaterThan(0)
  })

  it('is told apart from a kernel that refuses: an access nobody can emulate ends with 122', async () => {
    const ran = await host.exec('tsvmm', 'run', guest('pair'))
    expect(ran.stderr).toMatch(
      /error: vcpu 0 stopped: read of a device, .* at 0xa000000\nwhy: {2}vcpu 0 was at PC 0x80080004, ldp x1, x2, \[x9\]/,
    )
    expect(ran.stdout).toBe('')
    expect(ran.status).toBe(122)
  })
})

describe('a hostile guest', () => {
  it('may touch whatever it likes: nothing is there, or it is its own', async () => {
    const ran = await host.exec('tsvmm', 'run', '-m', '32M', '--timeout', '60', guest('touch'))
    expect(ran.stdout).toMatch(/\nok\n$/)
    expect(ran.status).toBe(0)
  })

  it('may call whatever it likes, on four vCPUs, one of which fills the console', async () => {
    const args = ['-c', '4', '-m', '32M', '--timeout', '60', guest('calls')]
    const ran = await host.exec('tsvmm', 'run', ...args)
    expect(ran.stdout.replaceAll('.', '')).toBe('fsnnaoac\n')
    expect(ran.status).toBe(0)
  })

  it('that switches itself off has not ended, until --timeout says so', async () => {
    const ran = await host.exec('tsvmm', 'run', '--timeout', '3', guest('off'))
    expect(ran.stdout).toBe('o\n')
    expect(ran.status).toBe(124)
  })
})

describe('an image as those of kvm-unit-tests, run as their runner does with lkvm', () => {
  const script = fileURLToPath(new URL('scripts/unit-test.sh', import.meta.url))
  const log = () => join(folder, 'unit.log')
  const unit = (args: string, flags: string[] = [], seconds = '90') =>
    host.exec(
      ...['env', `LOG=${log()}`, `KVM_UNIT_TESTS_ENV=${join(folder, 'env')}`],
      ...['sh', script, guest('unit'), seconds, args, ...flags],
    )

  it('is loaded where they are, with its arguments and its environment', async () => {
    writeFileSync(join(folder, 'env'), 'KERNEL_VERSION=6\nERRATA_x=y\n')
    const ran = await unit('setup smp=2 mem=256', ['--mem', '256', '--pmu'])
    expect(ran).toMatchObject({ stdout: 'PASS\n', stderr: '' })
    expect(readFileSync(log(), 'utf8')).toBe(
      'INFO: entered at 0x80080000\nINFO: arguments: setup smp=2 mem=256\nINFO: environment:\n' +
        'KERNEL_VERSION=6\nERRATA_x=y\nSUMMARY: 1 tests\n\nEXIT: STATUS=1\n',
    )
  })

  it.each<[string, string[], string, RegExp]>([
    ['fail', [], '90', /^FAIL \(3\)\n$/],
    ['not for this machine', [], '90', /^SKIP\n$/],
    ['hang', [], '8', /^FAIL \(timeout; duration=8s\)\n$/],
    ['end without a word', [], '90', /^FAIL \(1\)\n$/],
    [
      'what tsvmm does not have',
      ['--nested'],
      '90',
      /^SKIP \(error: there is no --nested: .*\)\n$/,
    ],
    ['what the host lacks', ['--pmu=fixed'], '90', /^SKIP \(error: .+\)\n$/],
  ])('ends as it should: %s', async (args, flags, seconds, expected) => {
    const ran = await unit(args, flags, seconds)
    expect(ran.stdout).toMatch(expected)
    expect(ran.stderr).toBe('')
  })
})

describe('a trace', () => {
  it('has the calls of a dry run on the same machine, when that was saved, in the same order', async () => {
    const wish = '--pmu -c 3 --pmu-filter deny:0x11 --pmu-irq spi:70 --initrd $1 $1'
    const ran = await sh(
      `tsvmm probe --save $0/machine.json >/dev/null
       tsvmm run --dump-dtb $0/guest.dtb --trace=$0/trace ${wish} >/dev/null
       tsvmm run --dry-run --from $0/machine.json ${wish} >$0/dry`,
      'greeting',
    )
    expect(ran.status).toBe(0)
    const read = (name: string) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')
    // What differs: descriptors, addresses of the process and other results, and times.
    const plain = (line: string) => line.replace(/ = [^=]*$/, '')
    const traced = read('trace').map(plain)
    const dry = read('dry')
    const title = dry.findIndex(line => line.startsWith('System calls up to the first KVM_RUN'))
    expect(traced.slice(0, traced.indexOf('vcpu 0: KVM_RUN'))).toEqual(
      dry.slice(title + 2).map(plain),
    )
    expect(traced.length).toBeGreaterThan(80)
    expect(readFileSync(join(folder, 'guest.dtb')).readUInt32BE()).toBe(0xd00dfeed)
  })
})

describe('a guest at a terminal', () => {
  const ends = (status: number | string) => ({ status, isPutBack: true })

  it.each([
    [
      'hears its keys, whatever the guest and the terminal take',
      { keys: { wasRaw: true, ...ends(130) }, pasted: ends(130), frozen: 130 },
    ],
    [
      'leaves the terminal as it was, whatever ends it',
      {
        poweredOff: ends(0),
        timeout: ends(124),
        terminated: ends(143),
        killed: ends('SIGKILL'),
        crashed: ends('SIGSEGV'),
        closed: 129,
      },
    ],
  ])('%s', async (_, cases) => {
    const script = fileURLToPath(new URL('scripts/terminal.mjs', import.meta.url))
    const words = [dirname(guest('echo')), ...Object.keys(cases)]
    const { stdout } = await host.exec('node', script, ...words)
    expect(JSON.parse(stdout)).toEqual(cases)
  })
})

describe('two runs at once', () => {
  it('do not disturb each other', async () => {
    const run = 'tsvmm run --pmu $1 2>/dev/null'
    const ran = await sh(`${run} >$0/a & ${run} >$0/b; wait; cat $0/a $0/b`, 'greeting')
    expect(ran.stdout.match(/it counts/g)).toHaveLength(2)
  })
})

describe('bad input is one sentence, a remedy and a status', () => {
  const image = guest('greeting')

  it.each<[string, string[], RegExp, number]>([
    [
      'an image that is missing',
      ['nothing.flat'],
      /Unable to open kernel nothing\.flat: there is no such file/,
      2,
    ],
    ['an image that is a directory', ['/dev'], /\/dev is a directory, not a guest image/, 2],
    ['an image that is a device', ['/dev/zero'], /\/dev\/zero is no regular file/, 2],
    ['an image that is empty', ['/dev/null'], /\/dev\/null is no regular file/, 2],
    [
      '--mem beyond this machine',
      ['-m', '1T', image],
      /--mem 1048576M is more than this machine has/,
      2,
    ],
    [
      'more vCPUs than KVM gives',
      ['-c', '100000', image],
      /--cpus 100000 is more than KVM .* gives a VM/,
      2,
    ],
    ['CPUs that are not there', ['--vcpu-affinity', '0,777', image], /may not run on CPU 777/, 2],
  ])('%s', async (_, args, message, status) => {
    const ran = await host.exec('tsvmm', 'run', ...args)
    expect(ran.stderr).toMatch(message)
    expect(ran.stderr).not.toMatch(/^ +at /m)
    expect(ran.stdout).toBe('')
    expect(ran.status).toBe(status)
  })

  it('an image that is empty', async () => {
    const file = join(folder, 'empty.flat')
    writeFileSync(file, '')
    const ran = await host.exec('tsvmm', 'run', file)
    expect(ran.stderr).toBe(`error: ${file} is empty\n`)
    expect(ran.status).toBe(2)
  })

  it('an image too large for the RAM, with the --mem that would do', async () => {
    const file = join(folder, 'large.flat')
    writeFileSync(file, Buffer.alloc(40 * 2 ** 20, 1))
    const refused = await host.exec('tsvmm', 'run', '-m', '32M', file)
    expect(refused.stderr).toMatch(/large\.flat \(40 MiB\) does not fit into 32 MiB of RAM/)
    expect(refused.stderr).toMatch(/^try: {2}--mem (\d+)M$/m)
    expect(refused.status).toBe(2)
  })

  it('an output file that cannot be written, before anything runs', async () => {
    const ran = await host.exec('tsvmm', 'run', '--json', '/nowhere/x.json', image)
    expect(ran.stderr).toMatch(/--json \/nowhere\/x\.json: the file cannot be written/)
    expect(ran.stdout).toBe('')
    expect(ran.status).toBe(2)
  })
})
