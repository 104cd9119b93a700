/**
 * Runs in the emulated host: one vCPU with the PMU of CPUs 2-3, and somebody who gets its thread
 * elsewhere. Prints as JSON what came of it.
 *
 *   node refused.mjs SCENARIO
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

const load = name => import(`/opt/tsvmm/dist/${name}.js`)
const { GuestImage } = await load('boot/image')
const { readHostPmus } = await load('host/index')
const { native } = await load('native/index')
const { WHOLE_CPU } = await load('vcpu/features')
const { Vm } = await load('vm/builder')
const { ConsoleOutput } = await load('vm/console')
const { openKvm } = await load('vm/open-kvm')
const { outcomeError } = await load('vm/outcome')
const { RunLoop } = await load('vm/run-loop')

/**
 * Reads a number, writes it back plus one, and beside it how often it did: for ever. If the number
 * is 0 it leaves its CPU to nobody.
 *
 * One guest for both, on purpose: with two, a vCPU that was moved has been seen stuck where the guest
 * of an earlier VM had its endless loop (QEMU 7.2, kernel 6.12; the cause is not known).
 */
const GUEST = [
  0xd2a02011, // mov x17, #0x01000000
  0xd2800010, // mov x16, #0
  0xf940022f, // 1: ldr x15, [x17]
  0xb400000f, // cbz x15, .
  0x910005ef, // add x15, x15, #1
  0x91000610, // add x16, x16, #1
  0xf900022f, // str x15, [x17]
  0xf9000630, // str x16, [x17, #8]
  0x17fffffa, // b 1b
]

const CPU = '/sys/devices/system/cpu'
const CGROUP = '/sys/fs/cgroup'

const scenarios = {
  async moved({ taskset, repinned, seenToGoOn }) {
    taskset(0)
    await repinned(1)
    await seenToGoOn()
  },
  async 'moved-busy'({ taskset, repinned, seenToRun }) {
    taskset(1)
    await repinned(1)
    await seenToRun()
  },
  async 'moved-fail'({ taskset, ended }) {
    taskset(0)
    await ended
  },
  async 'moved-to-a-lie'({ taskset, ended }) {
    taskset(0)
    await ended
  },
  async again({ taskset, repinned, seenToGoOn }) {
    for (let time = 1; time <= 50; time++) {
      taskset(time % 2)
      await repinned(time)
    }
    await seenToGoOn()
  },
  async cpuset({ ended }) {
    mkdirSync(CGROUP, { recursive: true })
    spawnSync('mount', ['-t', 'cgroup2', 'none', CGROUP])
    writeFileSync(`${CGROUP}/cgroup.subtree_control`, '+cpuset')
    mkdirSync(`${CGROUP}/little`, { recursive: true })
    writeFileSync(`${CGROUP}/little/cpuset.cpus`, '0-1')
    writeFileSync(`${CGROUP}/little/cgroup.procs`, String(process.pid))
    await ended
    writeFileSync(`${CGROUP}/cgroup.procs`, String(process.pid))
  },
  async 'one-offline'({ taskset, repinned, seenToGoOn }) {
    writeFileSync(`${CPU}/cpu3/online`, '0')
    // Where the kernel puts a thread that has no CPU left is its choice: CPU 2 may be it.
    taskset(0)
    await repinned(1)
    await seenToGoOn()
  },
  async 'all-offline'({ ended }) {
    writeFileSync(`${CPU}/cpu2/online`, '0')
    writeFileSync(`${CPU}/cpu3/online`, '0')
    await ended
  },
}

const scenario = process.argv[2]
const { system, createThreads } = native()
let threads
const pmu = readHostPmus().find(({ cpus }) => cpus.includes(2))
writeFileSync('/tmp/guest.flat', Buffer.from(new Uint32Array(GUEST).buffer))

const kvm = openKvm(system)
const image = new GuestImage('/tmp/guest.flat')
const vm = Vm.build(system, kvm, {
  vcpus: 1,
  ramSize: 2 ** 26,
  ramPages: { kind: 'any' },
  cpu: WHOLE_CPU,
  image,
  bootArgs: '',
  pmu: {
    ...pmu,
    selection: { kind: 'host-pmu', type: pmu.type },
    interrupt: { kind: 'ppi', number: 7 },
    strict: false,
  },
})

let given = 1000n
let started = false
let rounds = 0n
/** The first number that was not what it should be. */
let lost
const mmio = {
  read() {
    started = true
    return scenario === 'moved-busy' ? 0n : ++given
  },
  write(address, _, value) {
    const counts = address % 16n === 8n
    const expected = counts ? rounds + 1n : given + 1n
    if (value !== expected) lost ??= `${value} instead of ${expected}`
    if (counts) rounds = value
    return true
  },
}
const notices = []
const loop = new RunLoop({
  native: { system, createThreads: count => (threads = createThreads(count)) },
  vcpus: vm.vcpus.map(({ fd, run }) => ({ fd: fd.fd, run })),
  cpus: scenario === 'one-offline' ? [3] : pmu.cpus,
  mmio,
  console: new ConsoleOutput(new Writable({ write: (_, __, done) => done() })),
  onUnsupportedCpu: scenario === 'moved-fail' ? 'fail' : 'repin',
  supportedCpus: scenario === 'moved-to-a-lie' ? [0, 1, 2, 3] : pmu.cpus,
  pmuName: pmu.name,
  pmuCpus: pmu.cpus,
  describeCpu: cpu => (cpu < 2 ? 'Cortex-A53' : 'Cortex-A72'),
  onNotice: sentence => notices.push(sentence),
})

let over = false
const ended = loop.run().finally(() => (over = true))
const until = async condition => {
  const limit = Date.now() + 60_000
  while (!condition()) {
    if (over || Date.now() > limit)
      throw new Error(`${condition} never came: ${JSON.stringify(await outcomeSoFar())}`)
    await sleep(5)
  }
}
const outcomeSoFar = async () => ({ statistics: loop.statistics, outcome: over && (await ended) })
/** Clock ticks the vCPU's thread has had. */
const ticks = () => {
  const stat = readFileSync(`/proc/self/task/${threads.tid(0)}/stat`, 'utf8').split(' ')
  return Number(stat[13]) + Number(stat[14])
}

let affinity
const problem = await (async () => {
  await until(() => started)
  await scenarios[scenario]({
    ended,
    taskset: cpu => {
      const mask = (1 << cpu).toString(16)
      const { status, stderr } = spawnSync('taskset', ['-p', mask, String(threads.tid(0))])
      if (status !== 0) throw new Error(`taskset: ${stderr}`)
    },
    repinned: count => until(() => loop.statistics.repins.total >= count),
    async seenToGoOn() {
      const before = rounds
      await until(() => rounds > before + 20n)
    },
    async seenToRun() {
      const before = ticks()
      await until(() => ticks() > before + 20)
    },
  })
  if (!over) affinity = system.getAffinity(threads.tid(0))
})().catch(error => String(error))

loop.end({ kind: 'timeout', seconds: 0 })
const outcome = await ended
for (const cpu of [2, 3]) writeFileSync(`${CPU}/cpu${cpu}/online`, '1')
const error = outcomeError(outcome)
console.log(
  JSON.stringify({
    problem,
    outcome,
    lost,
    affinity,
    notices,
    repins: loop.statistics.repins,
    refusals: loop.statistics.exits['cpu-unsupported'] ?? 0,
    rounds: Number(rounds),
    error: { code: error.code, status: error.exitStatus, message: error.message, why: error.why },
  }),
)
