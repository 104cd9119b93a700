import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EXIT_REASONS, KVM_RUN_UNION, kvm_run } from '../../src/ioctl/index.ts'
import { native, type Native, type NativeMemory } from '../../src/native/index.ts'
import { ConsoleOutput } from '../../src/vm/console.ts'
import { RunLoop, type MmioTarget, type RunLoopOptions } from '../../src/vm/run-loop.ts'

/*
 * The run loop with real threads on any machine. A "vCPU" is an eventfd, on which KVM_RUN fails at
 * once; a test that wants an exit instead says that it returned 0 and lays out struct kvm_run.
 */
const real = native()
const { system } = real

let fd: number
let run: NativeMemory
beforeEach(() => {
  fd = system.eventfd(0, 0)
  run = system.mmap({ length: kvm_run.size }) as NativeMemory
})
afterEach(() => {
  vi.restoreAllMocks()
  system.close(fd)
  run.release()
})

/** What of native code a run uses. */
type Use = Pick<Native, 'system' | 'createThreads'>

/** Every KVM_RUN returns 0, with an MMIO write of 'x' to be answered. */
const flooding: Use = {
  system,
  createThreads(vcpus) {
    const threads = real.createThreads(vcpus)
    const events = threads.events.bind(threads)
    threads.events = function* () {
      for (const event of events()) yield event.kind === 'exit' ? { ...event, result: 0 } : event
    }
    run.writeU32(kvm_run.offsets.exit_reason, EXIT_REASONS.KVM_EXIT_MMIO)
    KVM_RUN_UNION.mmio.encode(run, kvm_run.offsets.padding, {
      data: Buffer.from('x\0\0\0\0\0\0\0'),
      len: 1,
      is_write: 1,
    })
    return threads
  },
}

function loopWith(use: Use, out: Writable, cpus?: number[], vcpus = 1): RunLoop {
  const console = new ConsoleOutput(out)
  const mmio: MmioTarget = {
    read: () => undefined,
    write(_, __, value) {
      console.put(Number(value))
      return true
    },
  }
  const ready = Array.from({ length: vcpus }, () => ({ fd, run }))
  return new RunLoop({ native: use, vcpus: ready, cpus, mmio, console })
}

const anywhere = () => new Writable({ write: (_, __, done) => done() })

describe('RunLoop', () => {
  it('counts what each vCPU did, and for how long', async () => {
    const loop = loopWith(flooding, anywhere(), undefined, 2)
    const ended = loop.run()
    await sleep(50)
    loop.end({ kind: 'timeout', seconds: 1 })
    await ended
    const { exits, perVcpu } = loop.statistics
    expect(perVcpu).toHaveLength(2)
    const counts = perVcpu.map(vcpu => vcpu.exits['mmio-write'] ?? 0)
    expect(Math.min(...counts)).toBeGreaterThan(0)
    expect(exits['mmio-write']).toBe(counts.reduce((sum, count) => sum + count, 0))
    for (const { cpuMs } of perVcpu) expect(cpuMs).toBeLessThan(10_000)
  })

  it('ends with the errno when KVM_RUN fails', async () => {
    const outcome = await loopWith(real, anywhere()).run()
    expect(outcome).toMatchObject({ kind: 'kvm-error', vcpu: 0 })
  })

  it('rejects when the affinity of any thread is refused, and leaves none behind', async () => {
    await expect(loopWith(real, anywhere(), [8191], 4).run()).rejects.toThrow(
      /vcpu \d: sched_setaffinity failed: EINVAL/,
    )
  })

  it('ends once, with what ended it first', async () => {
    const loop = loopWith(flooding, anywhere())
    const ended = loop.run()
    loop.end({ kind: 'timeout', seconds: 1 })
    loop.end({ kind: 'reset' })
    expect(await ended).toEqual({ kind: 'timeout', seconds: 1 })
  })

  it('hands every byte to a slow reader exactly once', async () => {
    let read = 0
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _, done) {
        read += chunk.length
        setTimeout(done, 1)
      },
    })
    const loop = loopWith(flooding, slow)
    const ended = loop.run()
    await sleep(100)
    loop.end({ kind: 'timeout', seconds: 1 })
    await ended
    await new Promise(resolve => slow.end(resolve))
    expect(read).toBe(loop.statistics.exits['mmio-write'])
    expect(read).toBeGreaterThan(1)
  })

  it('ends although nobody reads, and a reader that comes later does no harm', async () => {
    let release: () => void = () => undefined
    const stuck = new Writable({ highWaterMark: 1, write: (_, __, done) => void (release = done) })
    const loop = loopWith(flooding, stuck)
    const ended = loop.run()
    await sleep(50)
    const answered = loop.statistics.exits['mmio-write']
    await sleep(50)
    expect(loop.statistics.exits['mmio-write']).toBe(answered)
    loop.end({ kind: 'timeout', seconds: 1 })
    expect(await ended).toMatchObject({ kind: 'timeout' })
    release()
    await sleep(10)
  })
})

/*
 * Refused vCPUs. What KVM says is made up here; the threads and what sched_setaffinity does to them
 * is real, on the CPUs of this machine.
 */
const EINVAL = 22
const HERE = (system.getAffinity(0) as number[])[0]!
/** A CPU that no machine of ours has. */
const ELSEWHERE = 8191

type Said = (index: number, run: NativeMemory, time: number) => number

/**
 * Threads whose KVM_RUN "returns" what `says` gives, called once per exit, after it laid out the
 * vCPU's struct kvm_run.
 */
function pretending(
  runs: readonly NativeMemory[],
  says: Said,
): Use & { readonly tids: () => number[] } {
  let tids: () => number[] = () => []
  const answered = runs.map(() => 0n)
  const result = runs.map(() => 0)
  return {
    tids: () => tids(),
    system,
    createThreads(vcpus) {
      const threads = real.createThreads(vcpus)
      tids = () => runs.map((_, index) => threads.tid(index))
      const events = threads.events.bind(threads)
      threads.events = function* () {
        for (const event of events()) {
          if (event.kind === 'done') yield event
          else {
            const { index } = event
            const exits = threads.exits(index)
            if (exits !== answered[index]) result[index] = says(index, runs[index]!, Number(exits))
            answered[index] = exits
            yield { ...event, result: result[index]! }
          }
        }
      }
      return threads
    },
  }
}

/** KVM_RUN returns 0 with KVM_EXIT_FAIL_ENTRY. */
function failEntry(into: NativeMemory, reason: bigint, cpu: number): number {
  into.writeU32(kvm_run.offsets.exit_reason, EXIT_REASONS.KVM_EXIT_FAIL_ENTRY)
  KVM_RUN_UNION.fail_entry.encode(into, kvm_run.offsets.padding, {
    hardware_entry_failure_reason: reason,
    cpu,
  })
  return 0
}

function systemEvent(into: NativeMemory): number {
  into.writeU32(kvm_run.offsets.exit_reason, EXIT_REASONS.KVM_EXIT_SYSTEM_EVENT)
  KVM_RUN_UNION.system_event.encode(into, kvm_run.offsets.padding, { type: 1, ndata: 0, data: [] })
  return 0
}

function mmioWrite(into: NativeMemory): number {
  into.writeU32(kvm_run.offsets.exit_reason, EXIT_REASONS.KVM_EXIT_MMIO)
  KVM_RUN_UNION.mmio.encode(into, kvm_run.offsets.padding, {
    phys_addr: 0n,
    data: Buffer.alloc(8),
    len: 1,
    is_write: 1,
  })
  return 0
}

function refusable(
  use: Use,
  runs: readonly NativeMemory[],
  options: Partial<RunLoopOptions> = {},
): RunLoop {
  return new RunLoop({
    native: use,
    vcpus: runs.map(run => ({ fd, run })),
    mmio: { read: () => undefined, write: () => true },
    console: new ConsoleOutput(anywhere()),
    onUnsupportedCpu: 'repin',
    supportedCpus: [HERE],
    ...options,
  })
}

describe('a vCPU that KVM refuses to run on a CPU', () => {
  it('goes on from where its thread was put back to, and the thread is there', async () => {
    const notices: string[] = []
    let affinity: readonly number[] | number = 0
    const use: ReturnType<typeof pretending> = pretending([run], (_, into, time) => {
      if (time === 1) return failEntry(into, 1n, ELSEWHERE)
      affinity = system.getAffinity(use.tids()[0]!)
      return systemEvent(into)
    })
    const loop = refusable(use, [run], { onNotice: sentence => notices.push(sentence) })
    expect(await loop.run()).toEqual({ kind: 'powered-off' })
    expect(affinity).toEqual([HERE])
    expect(loop.statistics).toMatchObject({
      exits: { 'cpu-unsupported': 1, 'system-event': 1 },
      repins: { total: 1, perVcpu: [1] },
    })
    expect(notices).toEqual([
      `vcpu 0 was refused on CPU ${ELSEWHERE}: its thread was put back on CPU ${HERE} (KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED)`,
    ])
  })

  it('ends the run with what it was told, if it is not to be put back', async () => {
    const use = pretending([run], (_, into) => failEntry(into, 1n, 5))
    const loop = refusable(use, [run], { onUnsupportedCpu: 'fail', pmuName: 'p', pmuCpus: [7] })
    expect(await loop.run()).toEqual({
      kind: 'cpu-unsupported',
      vcpu: 0,
      cpu: 5,
      pmu: 'p',
      pmuCpus: [7],
      supportedCpus: [HERE],
    })
    expect(loop.statistics.repins).toEqual({ total: 0, perVcpu: [0] })
  })

  it('ends the run with the reason when the kernel knows none of its CPUs', async () => {
    const use = pretending([run], (_, into) => failEntry(into, 1n, 5))
    const loop = refusable(use, [run], { supportedCpus: [ELSEWHERE] })
    expect(await loop.run()).toMatchObject({
      kind: 'cpu-unsupported',
      repinProblem: `sched_setaffinity failed: EINVAL, invalid argument: CPU ${ELSEWHERE} is offline`,
    })
    expect(loop.statistics.exits).toEqual({ 'cpu-unsupported': 1 })
  })

  it.each([
    [3, 'ESRCH, no such process'],
    [1, 'EPERM, operation not permitted'],
  ])('ends the run with the reason when the kernel says -%i', async (errno, text) => {
    const use = pretending([run], (_, into) => failEntry(into, 1n, 5))
    const loop = refusable(use, [run])
    vi.spyOn(system, 'setAffinity').mockReturnValue(-errno)
    expect(await loop.run()).toMatchObject({
      kind: 'cpu-unsupported',
      repinProblem: expect.stringContaining(text) as string,
    })
    expect(loop.statistics.exits).toEqual({ 'cpu-unsupported': 1 })
  })

  it('again and again takes nothing from the others, nor from the event loop', async () => {
    const runs = [run, system.mmap({ length: kvm_run.size }) as NativeMemory]
    const notices: string[] = []
    let turns = 0
    const use = pretending(runs, (index, into) =>
      index === 0 ? failEntry(into, 1n, ELSEWHERE) : mmioWrite(into),
    )
    const loop = refusable(use, runs, { onNotice: sentence => notices.push(sentence) })
    const ended = loop.run()
    const counts = () => loop.statistics.exits
    // Timers have their turn, or this would wait for ever; so does each vCPU.
    for (; turns < 20 || !((counts()['mmio-write'] ?? 0) > 1000); turns++) await sleep(1)
    while (loop.statistics.repins.total < 1000) await sleep(1)
    loop.end({ kind: 'timeout', seconds: 0 })
    expect(await ended).toEqual({ kind: 'timeout', seconds: 0 })
    const { exits, repins } = loop.statistics
    expect(repins.perVcpu).toEqual([repins.total, 0])
    expect(exits['cpu-unsupported']).toBe(repins.total)
    expect(notices).toHaveLength(1)
    runs[1]?.release()
  })
})

describe('the other sources of KVM_EXIT_FAIL_ENTRY end the run at once', () => {
  it.each([
    [0n, '0x0'],
    [0x0100_0001n, '0x1000001'],
    [0xffff_ffff_ffff_ffffn, '0xffffffffffffffff'],
  ])('reason %o, perhaps bytes of an earlier exit, is printed as it is', async (reason, hex) => {
    const loop = refusable(
      pretending([run], (_, into) => failEntry(into, reason, 0)),
      [run],
    )
    expect(await loop.run()).toEqual({
      kind: 'guest-error',
      vcpu: 0,
      problem: `KVM_EXIT_FAIL_ENTRY, reason ${hex}`,
    })
    expect(loop.statistics).toMatchObject({ exits: { 'fail-entry': 1 }, repins: { total: 0 } })
  })

  it('a reason KVM did not write is not that of the vCPU that was put back before', async () => {
    const use = pretending([run], (_, into, time) => {
      if (time === 1) return failEntry(into, 1n, ELSEWHERE)
      into.writeU32(kvm_run.offsets.exit_reason, EXIT_REASONS.KVM_EXIT_FAIL_ENTRY)
      return 0
    })
    const loop = refusable(use, [run])
    expect(await loop.run()).toMatchObject({ kind: 'guest-error' })
    expect(loop.statistics).toMatchObject({
      exits: { 'cpu-unsupported': 1, 'fail-entry': 1 },
      repins: { total: 1 },
    })
  })

  it.each([0x55n, 1n])(
    'EINVAL with it is an illegal state, whatever the reason (%o)',
    async reason => {
      const use = pretending([run], (_, into) => {
        failEntry(into, reason, 0)
        return -EINVAL
      })
      const loop = refusable(use, [run])
      expect(await loop.run()).toMatchObject({
        kind: 'guest-error',
        problem: expect.stringContaining("the guest's state is illegal") as string,
      })
      expect(loop.statistics).toMatchObject({ exits: {}, repins: { total: 0 } })
    },
  )

  it('EINVAL without it is a setup that KVM refuses', async () => {
    const use = pretending([run], () => -EINVAL)
    const loop = refusable(use, [run])
    expect(await loop.run()).toEqual({ kind: 'kvm-error', vcpu: 0, errno: EINVAL })
    expect(loop.statistics).toMatchObject({ exits: {}, repins: { total: 0 } })
  })
})
