import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CAPABILITIES } from '../../src/ioctl/index.ts'
import { PROBE_TOPICS } from '../../src/look/facts.ts'
import { complaints } from '../schemas.ts'
import { emulatedHost, guest, type KvmHost } from './host.ts'

/* `tsvmm probe` and `tsvmm doctor` on a host with two kinds of core. */
let host: KvmHost
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  host = await emulatedHost({ topology: 'biglittle' })
})
afterAll(async () => {
  await host[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

interface ProbedJson {
  readonly kvm: {
    readonly guests: readonly {
      readonly pmu: { readonly name: string; readonly cpus: readonly number[] }
      readonly answer: { readonly ok: boolean }
      readonly pmuVer: number
      readonly pmuVersion: string
      readonly registers: Readonly<Record<'PMCEID0_EL0' | 'PMCEID1_EL0' | 'PMCR_EL0', string>>
      readonly events: readonly { readonly number: number; readonly name: string | null }[]
    }[]
  }
}

const BIN = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))

const probe = (...args: string[]) => host.exec('tsvmm', 'probe', ...args)

describe('for people', () => {
  it('in short: the kinds of core with their PMUs, what KVM gives, what it can do', async () => {
    const { status, stdout, stderr } = await probe()
    expect(stdout).toMatch(
      /^TOPOLOGY .*\n.*CPUs 0-3\n.*CPUs 0-1 .* armv8_cortex_a53 +\d+ {2}accepted +6 {2}yes\n.*CPUs 2-3 .* armv8_cortex_a72 +\d+ {2}accepted +6 {2}yes\n\n/,
    )
    expect(stdout).toMatch(/^CPUs online +0-3$/m)
    expect(stdout).toMatch(/^affinity of this process +0-3$/m)
    expect(stdout).toMatch(/^PMU abilities of KVM +SET_PMU, FILTER \(65536 events\)$/m)
    expect(stdout).toMatch(/^ {2}absent +STRICT, SET_NR_COUNTERS, FIXED_COUNTERS_ONLY$/m)
    expect(stdout).toMatch(/^events that guests see +\d+$/m)
    expect(stdout).toMatch(/^capabilities of KVM +\d+ of \d+$/m)
    expect(stdout).toMatch(/^GICs for guests +GICv3, ITS$/m)
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('the PMUs, with the answers of KVM and what they mean', async () => {
    const { status, stdout } = await probe('pmus')
    expect(stdout).toMatch(/^armv8_cortex_a53 +\d+ {2}0-1 +Neoverse-N1 +\d+ {2}.*slots=0/m)
    expect(stdout).toMatch(/^armv8_cortex_a72 {2}accepted {2}PMUv3 for Armv8\.\d +6 {2}yes$/m)
    expect(stdout).toMatch(
      /^EVENTS of guests with armv8_cortex_a53, armv8_cortex_a72: \d+\n {2}SW_INCR +CPU_CYCLES /m,
    )
    expect(stdout).toMatch(/^SET_NR_COUNTERS +absent +.* → ENXIO, this kernel does not have/m)
    expect(stdout).toMatch(/took [\d.]+ ms\.\n$/)
    expect(status).toBe(0)
  })

  it('the same widths through a pipe as into a file', async () => {
    const line =
      'tsvmm probe pmus | grep -v ms >$0/a; tsvmm probe pmus >$0/c; grep -v ms $0/c | cmp - $0/a'
    expect(await host.exec('sh', '-c', line, folder)).toMatchObject({ status: 0, stdout: '' })
  })

  it('interrupt controllers and limits of VMs', async () => {
    expect((await probe('gic')).stdout).toMatch(
      /^GIC .*\nGICv2 {2}absent +-.*\nGICv3 {2}available +512.*\nITS +available +-.*\nGICv5 {2}absent .*\n\nIPA bits of a VM, at most {2}48\nvCPUs of a VM, at most +512, recommended 4\n$/,
    )
  })
})

describe('as JSON', () => {
  it('all of it, which a second process reads from a pipe', async () => {
    const { status, stdout, stderr } = await host.exec('sh', '-c', 'tsvmm probe --json | cat')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const result = JSON.parse(stdout) as {
      kvm: { capabilities: Record<string, number | null>; pmus: { pmus: object[] } }
    }
    expect(complaints('probe.schema.json', result)).toEqual([])
    expect(result).toMatchObject({
      schemaVersion: 1,
      command: 'probe',
      topic: 'all',
      host: {
        cpus: { possible: [0, 1, 2, 3], online: [0, 1, 2, 3], uncovered: [] },
        affinity: [0, 1, 2, 3],
        pmus: [
          { name: 'armv8_cortex_a53', cpus: [0, 1] },
          { name: 'armv8_cortex_a72', cpus: [2, 3] },
        ],
      },
      kvm: {
        apiVersion: 12,
        pmus: {
          pmuV3: true,
          pmus: [
            { pmu: { cpus: [0, 1] }, setPmu: { ok: true }, counters: 6, isDefault: { ok: true } },
            { pmu: { cpus: [2, 3] }, setPmu: { ok: true }, counters: 6, isDefault: { ok: true } },
          ],
          filterEvents: 65536,
          strict: { ok: false },
          fixedCountersOnly: { is: 'absent' },
        },
        vms: { ipaBits: 48, maxVcpus: 512, recommendedVcpus: 4 },
      },
    })
    const { capabilities } = result.kvm
    expect(Object.keys(capabilities).sort()).toEqual(Object.keys(CAPABILITIES).sort())
    expect(Object.values(capabilities)).not.toContain(null)
    expect(capabilities).toMatchObject({ KVM_CAP_ARM_PMU_V3: 1, KVM_CAP_MSI_DEVID: 0 })
  })

  it('what guests see of each PMU is what any guest sees with it', async () => {
    const probed = JSON.parse((await probe('pmus', '--json')).stdout) as ProbedJson
    expect(complaints('probe.schema.json', probed)).toEqual([])
    const { kvm } = probed
    expect(kvm.guests.map(({ pmu }) => pmu.name)).toEqual(['armv8_cortex_a53', 'armv8_cortex_a72'])
    for (const { pmu, answer, pmuVer, pmuVersion, registers, events } of kvm.guests) {
      const args = ['run', '--pmu', '--vcpu-affinity', pmu.cpus.join(','), guest('counters')]
      const { stdout } = await host.exec('tsvmm', ...args)
      const { PMCEID0_EL0, PMCEID1_EL0 } = registers
      expect(stdout).toContain(`counters: PMUVer ${pmuVer}, PMCR_EL0.N 6\n`)
      expect(stdout).toContain(`PMCEID0_EL0 ${PMCEID0_EL0}, PMCEID1_EL0 ${PMCEID1_EL0}\n`)
      expect(Number(registers.PMCR_EL0) >> 11).toBe(6)
      expect(pmuVersion).toMatch(/^PMUv3 for Armv8\.\d$/)
      expect(answer.ok).toBe(true)
      expect(events).toContainEqual({ number: 0x11, name: 'CPU_CYCLES' })
      expect(events).toContainEqual({ number: 0x1e, name: 'CHAIN' })
    }
  })

  it('into a file, with the text on stdout', async () => {
    const file = join(folder, 'caps.json')
    const { stdout } = await probe('caps', '--json', file)
    expect(stdout).toMatch(/^ +126 {2}KVM_CAP_ARM_PMU_V3 +1$/m)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      topic: 'caps',
      kvm: { capabilities: { KVM_CAP_ARM_VM_IPA_SIZE: 48 } },
    })
  })
})

describe('by its schema', () => {
  /** Without what a saved machine says otherwise: where it is from, and nobody's cgroup. */
  const lasting = (text: string): unknown =>
    JSON.parse(text, (key, value: unknown) =>
      ['source', 'cgroup'].includes(key) ? undefined : value,
    )
  const written = (file: string) => readFileSync(join(folder, `${file}.json`), 'utf8')

  it('the saved machine, which says elsewhere what this one says', async () => {
    const line = `tsvmm probe --json $0/all.json --save $0/machine.json >$0/text &&
      tsvmm doctor --json $0/doctor.json >$0/text`
    expect(await host.exec('sh', '-c', line, folder)).toMatchObject({ status: 0, stderr: '' })
    expect(complaints('doctor.schema.json', JSON.parse(written('doctor')))).toEqual([])
    expect(complaints('machine.schema.json', JSON.parse(written('machine')))).toEqual([])
    const saved = join(folder, 'machine.json')
    const answers = PROBE_TOPICS.map(topic => {
      const args = [BIN, 'probe', topic, '--json', '--from', saved]
      return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout
    })
    for (const answer of answers)
      expect(complaints('probe.schema.json', JSON.parse(answer))).toEqual([])
    expect(lasting(answers[PROBE_TOPICS.indexOf('all')] ?? '')).toEqual(lasting(written('all')))
  })

  it.each([
    ['--pmu', 'greeting'],
    ['--pmu-fallback=none', 'greeting'],
    ['--timeout=1', 'hang'],
  ])('how a guest ended: run %s %s', async (option, image) => {
    const file = join(folder, 'run.json')
    const { status } = await host.exec('tsvmm', 'run', '--json', file, option, guest(image))
    const object = JSON.parse(written('run')) as object
    expect(complaints('run.schema.json', object)).toEqual([])
    expect(object).toMatchObject({ exitStatus: status })
  })
})

describe('advice', () => {
  it('for tsvmm is flags with which a guest counts, on each of the PMUs', async () => {
    const { status, stdout } = await probe('--for', 'tsvmm', '--json')
    expect(status).toBe(0)
    expect(complaints('advice.schema.json', JSON.parse(stdout))).toEqual([])
    const { alternatives } = JSON.parse(stdout) as {
      alternatives: { pmu: { name: string }; argv: string[]; counters: number }[]
    }
    expect(alternatives.map(({ pmu }) => pmu.name)).toEqual([
      'armv8_cortex_a53',
      'armv8_cortex_a72',
    ])
    for (const { pmu, argv, counters } of alternatives) {
      const ran = await host.exec(...argv, guest('greeting'))
      expect(ran.stderr).toContain(`guest PMU: ${pmu.name}, `)
      expect(ran.stdout).toMatch(/^PMUVer: [1-9]/m)
      expect(ran.stdout).toContain(`PMCR_EL0.N: ${counters}\n`)
      expect(ran.stdout).toMatch(/^PMCCNTR_EL0: .* it counts$/m)
      expect(ran.status).toBe(0)
    }
  })

  it('as a text is one command, whatever it is for, and where this process may go', async () => {
    const pinned = await host.exec('taskset', '-c', '3', 'tsvmm', 'probe', '--for', 'qemu')
    expect(pinned.stdout.match(/^[^#\n].*$/gm)).toEqual([
      'taskset -c 3 qemu-system-aarch64 -machine virt,gic-version=host -accel kvm -cpu host,pmu=on -smp 1',
    ])
    expect(pinned.stdout).toMatch(/^# not armv8_cortex_a53 /m)
  })
})

describe('where this process may not go', () => {
  it('a default is not known, and affinity says why', async () => {
    const { stdout } = await host.exec('taskset', '-c', '3', 'tsvmm', 'probe')
    expect(stdout).toMatch(/CPUs 0-1 .* accepted +6 {2}-\n.*CPUs 2-3 .* accepted +6 {2}yes$/m)
    expect(stdout).toMatch(/^affinity of this process +3$/m)
    expect(stdout).toMatch(/^events that guests see +\d+ \(armv8_cortex_a72\)$/m)
  })

  it('the half from sysfs answers without /dev/kvm, and says why it is only half', async () => {
    const line = `mv /dev/kvm /dev/kvm.away
      tsvmm probe --json pmus; echo "= $?"; tsvmm probe; echo "= $?"; tsvmm probe gic; echo "= $?"
      mv /dev/kvm.away /dev/kvm`
    const { stdout, stderr } = await host.exec('sh', '-c', line)
    const [json = '', text, gic] = stdout.split(/= \d+\n/)
    expect(stdout.match(/= \d+$/gm)).toEqual(['= 0', '= 0', '= 120'])
    expect(JSON.parse(json)).toMatchObject({
      exitStatus: 0,
      host: { pmus: [{ cpus: [0, 1] }, { cpus: [2, 3] }] },
      kvm: { error: { code: 'TSVMM_HOST_NO_KVM', message: 'cannot open /dev/kvm' } },
    })
    expect(text).toMatch(/CPUs 2-3 .* armv8_cortex_a72 /)
    expect(text).toMatch(/\n\nKVM could not be asked: cannot open \/dev\/kvm, since .*; try: .*\n$/)
    expect(gic).toBe('')
    expect(stderr).toMatch(/^error: cannot open \/dev\/kvm\n/)
  })

  it('also for a user who may not use /dev/kvm', async () => {
    const unprivileged = `const { spawnSync } = require('node:child_process')
      const { status, stdout } = spawnSync('tsvmm', ['probe', 'pmus'], { uid: 65534, gid: 65534 })
      process.stdout.write(stdout)
      process.exitCode = status`
    await host.exec('chmod', '000', '/dev/kvm')
    const { status, stdout } = await host.exec('node', '-e', unprivileged)
    await host.exec('chmod', '600', '/dev/kvm')
    expect(stdout).toMatch(/^armv8_cortex_a53 /m)
    expect(stdout).toMatch(
      /\n\nKVM could not be asked: cannot open \/dev\/kvm, since it takes read and write permission.*; try: sudo usermod /,
    )
    expect(status).toBe(0)
  })

  it('a saved tree of this host says the same of its CPUs', async () => {
    const { stdout } = await probe('cpus', '--sysroot', '/')
    expect(stdout).toBe((await probe('cpus')).stdout)
  })
})

describe('tsvmm doctor', () => {
  it('can run guests here, and has a command for each PMU', async () => {
    const { status, stdout, stderr } = await host.exec('tsvmm', 'doctor')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).not.toMatch(/^(FAIL|SKIP)/m)
    expect(stdout.match(/^WARN.*/gm)).toEqual([
      expect.stringMatching(/^WARN {2}pmu\.choice +--pmu keeps guests to CPUs 0-1/),
    ])
    expect(stdout).toMatch(/^PASS {2}kvm\.mode +VHE, says the kernel; not nested/m)
    expect(stdout).toMatch(/^PASS {2}kvm\.gic +GICv3, ITS$/m)
    expect(stdout).toMatch(/^PASS {2}kvm\.features +12 of 23; came with later kernels: /m)
    expect(stdout).not.toMatch(/earlier than in Linux|missing:/)
    expect(stdout).toMatch(
      /\n {6}try: {2}tsvmm run --pmu --vcpu-affinity 0-1 IMAGE .*\n {6}try: {2}tsvmm run --pmu --vcpu-affinity 2-3 IMAGE /,
    )
    expect(stdout).toMatch(
      /\n\nThis machine can run guests, with the PMU armv8_cortex_a53 .*\nnext: .*\n$/,
    )
  })

  it('mends what can be mended: /dev/kvm away, or not for this user', async () => {
    const unprivileged = `const { spawnSync } = require('node:child_process')
      const user = { uid: 65534, gid: 65534 }
      process.stdout.write(spawnSync('tsvmm', ['doctor', '--quiet'], user).stdout)`
    const line = `mv /dev/kvm /dev/kvm.away; tsvmm doctor --json; echo "= $?"
      mv /dev/kvm.away /dev/kvm; chmod 660 /dev/kvm; node -e "$0"; chmod 600 /dev/kvm`
    const { stdout } = await host.exec('sh', '-c', line, unprivileged)
    const [json = '', refused] = stdout.split('= 1\n')
    expect(JSON.parse(json)).toMatchObject({
      exitStatus: 1,
      canRunGuests: false,
      next: 'sudo mknod --mode=660 /dev/kvm c 10 232 && sudo chgrp kvm /dev/kvm',
    })
    expect(refused).toMatch(
      /^FAIL {2}kvm\.access +EACCES: not for user \(65534\), groups 65534; it is 0:0 660\n/,
    )
    expect(refused).toMatch(/^SKIP {2}pmu\.accepted +needs kvm\.access$/m)
  })
})
