import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EXIT_REASONS, KVM_RUN_UNION, kvm_run } from '../../src/ioctl/index.ts'
import { native, type Native, type NativeMemory } from '../../src/native/index.ts'
import { ConsoleOutput } from '../../src/vm/console.ts'
import { RunLoop, type MmioTarget } from '../../src/vm/run-loop.ts'

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
  system.close(fd)
  run.release()
})

/** Every KVM_RUN returns 0, with an MMIO write of 'x' to be answered. */
const flooding: Native = {
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

function loopWith(use: Native, out: Writable, cpus?: number[], vcpus = 1): RunLoop {
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
