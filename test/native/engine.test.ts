import { readFileSync } from 'node:fs'
import { closeSync, readSync } from 'node:fs'
import { constants } from 'node:os'
import { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SyscallError } from '../../src/errors/index.ts'
import { native, type EngineThreads, type NativeMemory } from '../../src/native/index.ts'

/*
 * The handshake, on any machine: a "vCPU" here is an eventfd, on which KVM_RUN fails with ENOTTY or
 * EINVAL at once. That is an exit like any other to the engine.
 */
const { system, createThreads } = native()
const IMMEDIATE_EXIT = 1

let vcpuFd: number
let run: NativeMemory
beforeEach(() => {
  vcpuFd = system.eventfd(0, 0)
  run = system.mmap({ length: 4096 }) as NativeMemory
})
afterEach(() => {
  system.close(vcpuFd)
  run.release()
})

/** Answers exits with `answer` until every thread is done. @returns the exits seen, per vCPU */
async function drive(
  threads: EngineThreads,
  vcpus: number,
  answer: (index: number, seen: number) => 'resume' | 'stop',
): Promise<number[]> {
  const seen = new Array<number>(vcpus).fill(0)
  const socket = new Socket({ fd: threads.notifyFd })
  let running = vcpus
  await new Promise<void>(resolve =>
    socket.on('data', () => {
      threads.acknowledge()
      for (const event of threads.events()) {
        if (event.kind === 'done') running--
        else threads[answer(event.index, ++seen[event.index]!)](event.index)
      }
      if (running === 0) resolve()
    }),
  )
  socket.destroy()
  return seen
}

describe('EngineThreads', () => {
  it('hands over every exit once, and stops when told to', async () => {
    const threads = createThreads(1)
    threads.start(0, vcpuFd, run.address)
    const seen = await drive(threads, 1, (_, count) => (count < 1000 ? 'resume' : 'stop'))
    expect(seen).toEqual([1000])
    expect(threads.exits(0)).toBe(1000n)
    threads[Symbol.dispose]()
  })

  it('loses no exit and no answer with many threads at once', async () => {
    const threads = createThreads(32)
    for (let index = 0; index < 32; index++) threads.start(index, vcpuFd, run.address)
    const seen = await drive(threads, 32, (index, count) =>
      count < 200 + index ? 'resume' : 'stop',
    )
    expect(seen).toEqual(Array.from({ length: 32 }, (_, index) => 200 + index))
    threads[Symbol.dispose]()
  })

  it('tells what KVM_RUN returned', () => {
    const threads = createThreads(1)
    threads.start(0, vcpuFd, run.address)
    const { errno } = constants
    expect([-errno.ENOTTY, -errno.EINVAL]).toContain(firstExit(threads).result)
    finish(threads)
  })

  it('a kick sets immediate_exit and disturbs a sleeping thread no further', () => {
    const threads = createThreads(1)
    threads.start(0, vcpuFd, run.address)
    firstExit(threads)
    for (let i = 0; i < 100; i++) threads.kick(0)
    expect(run.readU8(IMMEDIATE_EXIT)).toBe(1)
    expect(threads.exits(0)).toBe(1n)
    finish(threads)
  })

  it('a refused affinity ends the thread before it runs the vCPU', () => {
    const threads = createThreads(1)
    threads.start(0, vcpuFd, run.address, [8191])
    waitForByte(threads)
    expect([...threads.events()]).toEqual([
      { kind: 'done', index: 0, startError: -constants.errno.EINVAL },
    ])
    expect(threads.exits(0)).toBe(0n)
    close(threads)
  })

  it('keeps a thread to the CPUs it was given', () => {
    const [cpu] = system.getAffinity(0) as readonly number[]
    const threads = createThreads(1)
    threads.start(0, vcpuFd, run.address, [cpu!])
    firstExit(threads)
    expect(system.getAffinity(threads.tid(0))).toEqual([cpu])
    const comm = readFileSync(`/proc/self/task/${threads.tid(0)}/comm`, 'utf8')
    expect(comm).toBe('kvm-vcpu-0\n')
    finish(threads)
  })

  it('refuses to start a vCPU twice, or one it has no room for', () => {
    const threads = createThreads(1)
    threads.start(0, vcpuFd, run.address)
    expect(() => threads.start(0, vcpuFd, run.address)).toThrow(/starting the thread failed: EBUSY/)
    expect(() => threads.start(1, vcpuFd, run.address)).toThrow(/vcpu 1: .* EINVAL/)
    firstExit(threads)
    finish(threads)
  })

  it('refuses to go away under a thread that runs', () => {
    const threads = createThreads(1)
    threads.start(0, vcpuFd, run.address)
    expect(() => threads[Symbol.dispose]()).toThrow(SyscallError)
    firstExit(threads)
    finish(threads)
  })

  it('goes away without ever having been started', () => {
    const threads = createThreads(512)
    threads.kick(0)
    close(threads)
  })
})

function waitForByte(threads: EngineThreads): void {
  readSync(threads.notifyFd, Buffer.alloc(1))
  threads.acknowledge()
}

function firstExit(threads: EngineThreads) {
  waitForByte(threads)
  const [event] = [...threads.events()]
  if (event?.kind !== 'exit') throw new Error(`expected an exit, got ${event?.kind}`)
  return event
}

/** Stops a thread that waits for its answer. */
function finish(threads: EngineThreads): void {
  threads.stop(0)
  waitForByte(threads)
  close(threads)
}

function close(threads: EngineThreads): void {
  threads[Symbol.dispose]()
  closeSync(threads.notifyFd)
}
