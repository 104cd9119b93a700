import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EngineThreads } from '../../../src/native/engine.ts'
import type { NativeMemory } from '../../../src/native/index.ts'
import { loadShimModule } from '../../../src/native/shim-module.ts'
import { QUEUE_SIZE, type ValueQueue } from '../../../src/native/value-queue.ts'
import { ShimSystem } from '../../../src/native/shim-system.ts'
import { ConsoleOutput } from '../../../src/vm/console.ts'
import { RunLoop, type MmioTarget } from '../../../src/vm/run-loop.ts'
import { buildModel, buildPretendShim } from './build.ts'

/*
 * The run loop and the engine as they are, with guests that do what guests may (pretend-kvm.c), as fast
 * as threads can: what is lost, doubled or out of order is seen here.
 */

/** As pretend-kvm.h has them. */
const PRETEND = { fd: 100_000, setup: 0x5e7, guest: 4096 }
const AT = { posted: 0x1000n, shadow: 0x2000n, queue: 0x3800n, count: 0x4000n }
const GUEST = {
  seed: 0,
  writes: 8,
  written: 12,
  wrongReads: 16,
  interrupted: 20,
  queueSum: 40,
  size: 56,
}

let folder: string
let shim: ReturnType<typeof loadShimModule>
let system: ShimSystem
let model: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  model = buildModel(folder)
  shim = loadShimModule(buildPretendShim(folder))
  system = new ShimSystem(shim)
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What the loop was told by the guests, held against what they may tell. */
class Witness implements MmioTarget {
  readonly taken: number[]
  readonly wrong: string[] = []
  queue: ValueQueue | undefined

  constructor(vcpus: number) {
    this.taken = new Array<number>(vcpus).fill(0)
  }

  read(address: bigint): bigint {
    if (address === AT.queue) return BigInt(this.queue?.shift() ?? 0)
    return BigInt(this.taken[Number(address - AT.count) / 8] ?? -1)
  }

  write(_address: bigint, _length: number, value: bigint): boolean {
    const [vcpu, number] = [Number(value >> 32n), Number(value & 0xffff_ffffn)]
    const expected = this.taken[vcpu]!++
    if (number !== expected) this.wrong.push(`vcpu ${vcpu}: ${number} instead of ${expected}`)
    return true
  }
}

function setUp(vcpu: number, writes: number): NativeMemory {
  const run = system.mmap({ length: PRETEND.guest + GUEST.size }) as NativeMemory
  run.writeU64(PRETEND.guest + GUEST.seed, 0x9e37_79b9_7f4a_7c15n + BigInt(vcpu))
  run.writeU32(PRETEND.guest + GUEST.writes, writes)
  expect(system.ioctl(PRETEND.fd + vcpu, PRETEND.setup, run.address)).toBe(0)
  return run
}

/** Changes what may change at any time, at every turn of the event loop. */
function disturb(loop: RunLoop, threads: EngineThreads, vcpus: number): () => void {
  const shadow = loop.fastRegister(AT.shadow)
  const posted = loop.fastRegister(AT.posted)
  const queued = loop.fastRegister(AT.queue)
  let last = 0
  let turn = 0
  let going = true
  shadow.shadow(turn)
  const next = () => {
    if (!going) return
    turn++
    shadow.shadow(turn)
    if (turn % 7 === 0) posted.off()
    else posted.post()
    if (turn % 11 === 0) queued.off()
    else queued.takeQueued()
    while (turn % 3 === 0 && threads.queue.length < QUEUE_SIZE) threads.queue.push(++last)
    if (turn % 5 === 0) threads.kick(turn % vcpus)
    setImmediate(next)
  }
  next()
  return () => (going = false)
}

describe('the engine under stress', () => {
  it.each([
    [1, 5_000],
    [2, 10_000],
    [8, 3_000],
    [33, 600],
  ])(
    '%i vCPUs: nothing lost, nothing twice, all in order',
    async (vcpus, writes) => {
      const runs = Array.from({ length: vcpus }, (_, vcpu) => setUp(vcpu, writes))
      const mmio = new Witness(vcpus)
      let threads!: EngineThreads
      const loop = new RunLoop({
        native: {
          system,
          createThreads: count => (threads = new EngineThreads(shim, system, count)),
        },
        vcpus: runs.map((run, vcpu) => ({ fd: PRETEND.fd + vcpu, run })),
        mmio,
        console: new ConsoleOutput(new Writable({ write: (_, __, done) => done() })),
        onUnsupportedCpu: 'fail',
        onNotice: () => undefined,
      })
      mmio.queue = threads.queue
      const calm = disturb(loop, threads, vcpus)
      const outcome = await loop.run().finally(calm)
      expect(outcome).toEqual({ kind: 'powered-off' })
      expect(mmio.wrong).toEqual([])
      const guests = runs.map(run => ({
        wrongReads: run.readU32(PRETEND.guest + GUEST.wrongReads),
        written: run.readU32(PRETEND.guest + GUEST.written),
        interrupted: run.readU32(PRETEND.guest + GUEST.interrupted),
      }))
      expect(guests.map(({ wrongReads }) => wrongReads)).toEqual(guests.map(() => 0))
      guests.forEach(({ written }, vcpu) => {
        // One that was asked about when another's guest shut down is not answered any more.
        expect([written, written - 1]).toContain(mmio.taken[vcpu])
      })
      expect(Math.max(...mmio.taken)).toBe(writes)
      expect(guests.some(({ interrupted }) => interrupted > 0)).toBe(true)
      const { exits } = loop.statistics
      for (const kind of [
        'mmio-shadow-read',
        'mmio-queue-read',
        'mmio-posted-write',
        'mmio-write',
        'mmio-read',
      ])
        expect(exits[kind]).toBeGreaterThan(writes / 100)
      runs.forEach(run => run.release())
    },
    60_000,
  )
})

describe('both halves of the handshake in C', () => {
  it.each([
    [1, 40_000],
    [2, 20_000],
    [8, 5_000],
    [33, 1_000],
  ])(
    '%i vCPUs: ThreadSanitizer finds no race',
    (vcpus, writes) => {
      for (const seed of [1, 2, 3]) {
        const args = [vcpus, writes, seed].map(String)
        const { stdout, stderr, status } = spawnSync(model, args, {
          encoding: 'utf8',
          timeout: 60_000,
          env: { ...process.env, TSAN_OPTIONS: 'exitcode=66' },
        })
        expect({ stderr, status }, stdout).toEqual({ stderr: '', status: 0 })
        expect(stdout).toMatch(/^\d{3,} exits asked about, 0 writes wrong, 0 reads wrong\n$/)
      }
    },
    120_000,
  )
})
