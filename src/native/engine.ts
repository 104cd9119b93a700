import { writeSync } from 'node:fs'
import { BugError, SyscallError } from '../errors/index.ts'
import { NativeMemory } from './memory.ts'
import { FAST, FAST_KIND, OP, POST, SHARED, SLOT, STATE } from './shim-abi.ts'
import { encodeCpuMask } from './shim-system.ts'
import type { Shim } from './shim.ts'
import type { System } from './system.ts'
import { ValueQueue } from './value-queue.ts'

/** What a vCPU thread waits for or has come to. */
export type VcpuEvent =
  /** KVM_RUN returned `result` (0 or -errno); answer with {@link EngineThreads.resume} or `stop`. */
  | { readonly kind: 'exit'; readonly index: number; readonly result: number }
  /** The thread has ended; `startError` is not 0 if it never ran because its affinity was refused. */
  | { readonly kind: 'done'; readonly index: number; readonly startError: number }

/** A write that a thread has queued and answered. */
export interface PostedWrite {
  readonly address: bigint
  /** Bytes. */
  readonly length: number
  readonly value: bigint
}

/** A register of a device of which a thread answers reads or writes by itself, while that is on. */
export interface FastRegister {
  /** Reads give this from now on. */
  shadow(value: number): void
  /** Writes are queued from now on: see {@link EngineThreads.takePosted}. */
  post(): void
  /** Reads take a value of {@link EngineThreads.queue} each from now on. */
  takeQueued(): void
  /** All accesses are exits again. Writes posted before are in the queue still. */
  off(): void
}

/** What a thread answered by itself. */
export interface FastAnswers {
  readonly shadowReads: bigint
  readonly postedWrites: bigint
  readonly queueReads: bigint
}

/**
 * The vCPU threads of one VM, seen from the event loop: the TypeScript half of the handshake whose
 * other half is native-shims/engine.c. docs/engine.md has the protocol.
 */
export class EngineThreads implements Disposable {
  readonly #shim: Shim
  readonly #handle: number
  readonly #shared: NativeMemory
  readonly #system: System
  readonly #threadsEnd: number
  readonly #reported: boolean[]
  #fastRegisters = 0
  /** Number of the next posted write to be taken. */
  #tail = 0
  /** Readable when a thread has something to say; the caller wraps it in a socket and owns it. */
  readonly notifyFd: number
  /** What is read of fast registers that take from it. */
  readonly queue: ValueQueue

  /** @throws {SyscallError} no memory or no file descriptors left */
  constructor(shim: Shim, system: System, vcpus: number) {
    const pair = system.socketpair()
    if (typeof pair === 'number') throw new SyscallError('socketpair', -pair)
    const [ours, threads] = pair
    const out = system.scratch
    const handle = shim.call(OP.ENGINE_CREATE, vcpus, threads, out.address)
    if (handle < 0) {
      pair.forEach(fd => system.close(fd))
      throw new SyscallError('engine_create', -handle)
    }
    const size = SHARED.size + vcpus * SLOT.size
    const address = out.readU64(0)
    this.#shim = shim
    this.#system = system
    this.#handle = handle
    this.#threadsEnd = threads
    this.#reported = new Array<boolean>(vcpus).fill(false)
    this.notifyFd = ours
    this.#shared = new NativeMemory(
      address,
      size,
      (at, length) => shim.wrap(address + BigInt(at), length),
      () => undefined,
    )
    this.queue = new ValueQueue(this.#shared)
  }

  /**
   * Starts the thread of a vCPU, kept to `cpus` (all if left out). `runAddress` is where its
   * `struct kvm_run` is mapped; the mapping must outlive the thread.
   *
   * @throws {SyscallError} EBUSY: started before; EAGAIN: the limit of threads is reached
   */
  start(index: number, vcpuFd: number, runAddress: bigint, cpus?: readonly number[]): void {
    this.#checkAlive()
    const mask = cpus && encodeCpuMask(cpus)
    if (mask) this.#system.scratch.writeBytes(0, mask)
    const result = this.#shim.call(
      OP.VCPU_START,
      this.#handle,
      index,
      vcpuFd,
      runAddress,
      this.#system.scratch.address,
      mask?.length ?? 0,
    )
    if (result < 0) throw new SyscallError('starting the thread', -result, `vcpu ${index}`)
  }

  /** Makes KVM_RUN of the vCPU return `-EINTR`, until `kvm_run.immediate_exit` is cleared. */
  kick(index: number): void {
    this.#checkAlive()
    this.#shim.call(OP.VCPU_KICK, this.#handle, index)
  }

  /** Says that what arrived on {@link notifyFd} was read. Call it before {@link events}. */
  acknowledge(): void {
    // Before looking: a thread that posts after the look then sends a byte of its own.
    this.#shared.atomicStore(SHARED.pending, 0)
  }

  /** The vCPUs that wait for an answer, and each thread's end once. */
  *events(): Generator<VcpuEvent> {
    for (let index = 0; index < this.#reported.length; index++) {
      const slot = slotOffset(index)
      const state = this.#shared.atomicLoad(slot + SLOT.state)
      if (state === STATE.EXIT || state === STATE.ASLEEP) {
        yield { kind: 'exit', index, result: this.#shared.readI32(slot + SLOT.result) }
      } else if (state === STATE.DONE && this.#reported[index] === false) {
        this.#reported[index] = true
        yield { kind: 'done', index, startError: this.#shared.readI32(slot + SLOT.start_error) }
      }
    }
  }

  /**
   * A register at this guest physical address that a thread may answer by itself; off at first. To be
   * asked for before a thread starts.
   *
   * @throws {BugError} there are no more
   */
  fastRegister(address: bigint): FastRegister {
    const index = this.#fastRegisters++
    if (index >= FAST.count) throw new BugError(`there are only ${FAST.count} fast registers`)
    const shared = this.#shared
    const register = SHARED.fast + index * FAST.size
    const set = (kind: number) => shared.atomicStore(register + FAST.kind, kind)
    shared.writeU64(register + FAST.address, address)
    return {
      shadow(value) {
        shared.atomicStore(register + FAST.value, value)
        set(FAST_KIND.SHADOW)
      },
      post: () => set(FAST_KIND.POST),
      takeQueued: () => set(FAST_KIND.QUEUE),
      off: () => set(FAST_KIND.OFF),
    }
  }

  /**
   * The next write that was posted, taken out of the queue; undefined if there is none, or not all of
   * it yet: its thread will notify us.
   */
  takePosted(): PostedWrite | undefined {
    const shared = this.#shared
    const entry = SHARED.posts + (this.#tail % POST.count) * POST.size
    const next = (this.#tail + 1) >>> 0
    if (shared.atomicLoad(entry + POST.sequence) >>> 0 !== next) return undefined
    const length = shared.readU32(entry + POST.length)
    const write = {
      address: shared.readU64(entry + POST.address),
      length,
      value: BigInt.asUintN(8 * length, shared.readU64(entry + POST.data)),
    }
    this.#tail = next
    shared.atomicStore(SHARED.tail, next | 0)
    return write
  }

  /**
   * How many writes are in the queue, those included that are not all there yet. All that a vCPU
   * posted before an exit are counted once the exit has been seen.
   */
  get postedCount(): number {
    return (this.#shared.atomicLoad(SHARED.head) - this.#tail) >>> 0
  }

  fastAnswers(index: number): FastAnswers {
    const slot = slotOffset(index)
    return {
      shadowReads: this.#shared.readU64(slot + SLOT.shadow_reads),
      postedWrites: this.#shared.readU64(slot + SLOT.posted_writes),
      queueReads: this.#shared.readU64(slot + SLOT.queue_reads),
    }
  }

  /** Answers an exit: the thread issues KVM_RUN again. */
  resume(index: number): void {
    this.#answer(index, STATE.RESUME)
  }

  /** Answers an exit: the thread ends, and is reported done. */
  stop(index: number): void {
    this.#answer(index, STATE.STOP)
  }

  /** How often KVM_RUN returned. */
  exits(index: number): bigint {
    return this.#shared.readU64(slotOffset(index) + SLOT.exits)
  }

  /** The thread's id, for `sched_setaffinity` from outside and for debuggers. */
  tid(index: number): number {
    return this.#shared.readI32(slotOffset(index) + SLOT.tid)
  }

  /**
   * Gives everything back but {@link notifyFd}. Every thread must have been reported done.
   *
   * @throws {SyscallError} EBUSY: a thread still runs; nothing was released
   */
  [Symbol.dispose](): void {
    if (this.#shared.released) return
    const result = this.#shim.call(OP.ENGINE_DESTROY, this.#handle)
    if (result < 0) throw new SyscallError('engine_destroy', -result)
    this.#shared.release()
    this.#system.close(this.#threadsEnd)
  }

  /** The handle is an address: after the release nothing may be done with it. */
  #checkAlive(): void {
    if (this.#shared.released) throw new BugError('the vCPU threads were used after their release')
  }

  #answer(index: number, answer: number): void {
    const slot = slotOffset(index)
    const before = this.#shared.atomicExchange(slot + SLOT.state, answer)
    // Not through the FFI: an eventfd is written like a file, and this is the hot path.
    if (before === STATE.ASLEEP) writeSync(this.#shared.readI32(slot + SLOT.resume_fd), ONE)
  }
}

/** What adds one to an eventfd. */
const ONE = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])

function slotOffset(index: number): number {
  return SHARED.size + index * SLOT.size
}
