import { Socket } from 'node:net'
import { constants } from 'node:os'
import { SyscallError } from '../errors/index.ts'
import type {
  EngineThreads,
  FastRegister,
  Native,
  NativeMemory,
  ValueQueue,
} from '../native/index.ts'
import {
  clearImmediateExit,
  completeMmioRead,
  decodeExit,
  forgetFailEntry,
  type VcpuExit,
} from '../vcpu/exit.ts'
import type { ConsoleOutput } from './console.ts'
import { outcomeOfExit, outcomeOfFailure } from './exit-outcome.ts'
import { observeRun } from './observe-run.ts'
import type { Outcome } from './outcome.ts'
import { readThreadMs } from './thread-time.ts'
import { UnsupportedCpuPolicy, type Repins, type UnsupportedCpuOptions } from './unsupported-cpu.ts'
import { sumCounts, type VcpuStatistics } from './vcpu-statistics.ts'

/** A vCPU that is ready to run. */
export interface ReadyVcpu {
  readonly fd: number
  /** Its mapped `struct kvm_run`. */
  readonly run: NativeMemory
}

/** Where MMIO goes; false and `undefined` mean that nothing answers at that address. */
export interface MmioTarget {
  read(address: bigint, length: number): bigint | undefined
  write(address: bigint, length: number, value: bigint): boolean
}

export interface RunLoopOptions extends UnsupportedCpuOptions {
  readonly native: Pick<Native, 'system' | 'createThreads'>
  readonly vcpus: readonly ReadyVcpu[]
  /** CPUs the vCPU threads are kept to; left out, wherever the process may run. */
  readonly cpus?: readonly number[] | undefined
  readonly mmio: MmioTarget
  readonly console: Pick<ConsoleOutput, 'full' | 'flush'>
}

/** What a run did, counted. */
export interface RunStatistics {
  /**
   * How often KVM_RUN returned, by what it returned with. What the vCPU's thread answered by itself
   * is `mmio-shadow-read`, `mmio-queue-read` and `mmio-posted-write`; for the rest the event loop was asked.
   */
  readonly exits: Readonly<Record<string, number>>
  /** The same of each vCPU. */
  readonly perVcpu: readonly VcpuStatistics[]
  /** MMIO accesses that no device answered: reads give 0, writes are dropped. */
  readonly unmappedAccesses: number
  /** How often vCPU threads were put back on CPUs of the VM's PMU. */
  readonly repins: Repins
}

/**
 * Runs vCPUs on threads of the shim until the VM ends, and answers their exits on the event loop.
 * One object is one run.
 *
 * Whatever ends the VM, every thread has ended before the outcome is given: nothing touches the
 * vCPUs or the guest's memory after that.
 */
export class RunLoop {
  readonly #options: RunLoopOptions
  readonly #threads: EngineThreads
  readonly #socket: Socket
  readonly #unsupportedCpu: UnsupportedCpuPolicy
  /** Of each vCPU, without what its thread answered. */
  readonly #exits: Record<string, number>[]
  /** What the threads answered, once they have ended. */
  #fastExits: readonly Record<string, number>[] | undefined
  readonly #cpuMs: (number | undefined)[] = []
  #unmapped = 0
  #running = 0
  #over = false
  #outcome: Outcome | undefined
  #failure: unknown
  #settle: () => void = () => undefined

  constructor(options: RunLoopOptions) {
    this.#options = options
    this.#exits = options.vcpus.map(() => ({}))
    this.#threads = options.native.createThreads(options.vcpus.length)
    this.#unsupportedCpu = new UnsupportedCpuPolicy(options, options.vcpus.length, (vcpu, cpus) =>
      options.native.system.setAffinity(this.#threads.tid(vcpu), cpus),
    )
    this.#socket = new Socket({ fd: this.#threads.notifyFd, readable: true, writable: false })
    this.#socket.on('data', () => {
      this.#threads.acknowledge()
      this.#answerAll()
    })
  }

  get statistics(): RunStatistics {
    const fast = this.#fastExits ?? this.#countFastExits()
    const perVcpu = this.#exits.map((exits, index) => {
      const cpuMs = this.#cpuMs[index]
      return { exits: { ...exits, ...fast[index] }, ...(cpuMs !== undefined && { cpuMs }) }
    })
    return {
      exits: sumCounts(perVcpu.map(({ exits }) => exits)),
      perVcpu,
      unmappedAccesses: this.#unmapped,
      repins: this.#unsupportedCpu.repins,
    }
  }

  /**
   * Starts the vCPUs and waits for the end.
   *
   * @throws {SyscallError} a thread could not be created, or its affinity was refused
   */
  async run(): Promise<Outcome> {
    try {
      await new Promise<void>(resolve => {
        this.#settle = resolve
        this.#startAll()
      })
    } finally {
      this.#over = true
      this.#takeLastPosted()
      this.#fastExits = this.#countFastExits()
      this.#socket.destroy()
      this.#threads[Symbol.dispose]()
    }
    if (this.#failure !== undefined) throw this.#failure as Error
    if (this.#outcome === undefined) throw new TypeError('the run ended without an outcome')
    return this.#outcome
  }

  /**
   * A register of a device that threads may answer by themselves; see `EngineThreads`. To be asked
   * for before the run.
   */
  fastRegister(address: bigint): FastRegister {
    return this.#threads.fastRegister(address)
  }

  /** What reads of fast registers take, where they take something. */
  get readQueue(): ValueQueue {
    return this.#threads.queue
  }

  /** Ends the VM with this outcome, unless it is ending already. */
  end(outcome: Outcome): void {
    if (this.#ending) return
    this.#outcome = outcome
    this.#stopAll()
  }

  get #ending(): boolean {
    return this.#outcome !== undefined || this.#failure !== undefined
  }

  #startAll(): void {
    const { vcpus, cpus } = this.#options
    try {
      vcpus.forEach((vcpu, index) => {
        this.#threads.start(index, vcpu.fd, vcpu.run.address, cpus)
        this.#running++
      })
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#stopAll()
  }

  /** Running vCPUs come back with EINTR and are then told to stop; waiting ones are told at once. */
  #stopAll(): void {
    if (this.#running === 0) this.#settle()
    this.#options.vcpus.forEach((_, index) => this.#threads.kick(index))
    this.#answerAll()
  }

  #answerAll(): void {
    // A reader of the console may catch up long after the threads have gone.
    if (this.#over) return
    try {
      this.#takePosted()
      for (const event of this.#threads.events()) {
        if (event.kind === 'done') this.#onDone(event.index, event.startError)
        else if (this.#ending) this.#stop(event.index)
        // Looked at again for each exit: what its vCPU posted before it comes before it.
        // A guest whose output is not read waits here, and answers are given when it is.
        else if (this.#takePosted() && !this.#options.console.full)
          this.#onExit(event.index, event.result)
      }
      this.#options.console.flush(() => this.#answerAll())
    } catch (error) {
      if (this.#failure !== undefined) throw error
      this.#fail(error)
    }
  }

  /**
   * Does what guests were told is done: what was posted up to now, and not what is while we look, since
   * whoever posts without end must not keep the event loop from everything else.
   *
   * @returns whether that was all
   */
  #takePosted(): boolean {
    for (let count = this.#threads.postedCount; count > 0; count--) {
      if (this.#options.console.full) return false
      const write = this.#threads.takePosted()
      if (write === undefined) return false
      this.#options.mmio.write(write.address, write.length, write.value)
    }
    return true
  }

  /** What the guest was told is done is done, also if nobody had the time for it before its end. */
  #takeLastPosted(): void {
    const { mmio, console } = this.#options
    for (let write = this.#threads.takePosted(); write; write = this.#threads.takePosted())
      mmio.write(write.address, write.length, write.value)
    console.flush(() => undefined)
  }

  /** The last moment at which its thread is sure to be there. */
  #stop(index: number): void {
    this.#cpuMs[index] = readThreadMs(this.#threads.tid(index))
    this.#threads.stop(index)
  }

  #onDone(index: number, startError: number): void {
    this.#running--
    if (startError !== 0)
      this.#fail(new SyscallError('sched_setaffinity', -startError, `vcpu ${index}`))
    if (this.#running === 0) this.#settle()
  }

  #onExit(index: number, result: number): void {
    const run = this.#vcpu(index).run
    observeRun(index, result, run)
    if (result === 0) {
      const exit = decodeExit(run)
      this.#count(index, exit.kind)
      this.#handle(index, run, exit)
    } else if (result === -constants.errno.EINTR || result === -constants.errno.EAGAIN) {
      this.#count(index, 'interrupted')
      clearImmediateExit(run)
    } else {
      this.end(outcomeOfFailure(index, run, -result))
    }
    // Ending has told all threads to stop, this one included.
    if (!this.#ending) this.#threads.resume(index)
  }

  #handle(index: number, run: NativeMemory, exit: VcpuExit): void {
    switch (exit.kind) {
      case 'mmio-read': {
        const value = this.#options.mmio.read(exit.address, exit.length)
        if (value === undefined) this.#unmapped++
        completeMmioRead(run, value ?? 0n)
        break
      }
      case 'mmio-write':
        if (!this.#options.mmio.write(exit.address, exit.length, exit.value)) this.#unmapped++
        break
      case 'cpu-unsupported': {
        const refusal = this.#unsupportedCpu.onRefused(index, exit.cpu)
        if (refusal !== undefined) this.end({ kind: 'cpu-unsupported', ...refusal })
        else forgetFailEntry(run)
        break
      }
      case 'system-event':
      case 'fail-entry':
      case 'internal-error':
      case 'no-syndrome':
      case 'other':
        this.end(outcomeOfExit(index, exit))
    }
  }

  #vcpu(index: number): ReadyVcpu {
    const vcpu = this.#options.vcpus[index]
    if (vcpu === undefined) throw new RangeError(`there is no vcpu ${index}`)
    return vcpu
  }

  #countFastExits(): Record<string, number>[] {
    return this.#options.vcpus.map((_, index) => {
      const { shadowReads, queueReads, postedWrites } = this.#threads.fastAnswers(index)
      return {
        ...(shadowReads > 0n && { 'mmio-shadow-read': Number(shadowReads) }),
        ...(queueReads > 0n && { 'mmio-queue-read': Number(queueReads) }),
        ...(postedWrites > 0n && { 'mmio-posted-write': Number(postedWrites) }),
      }
    })
  }

  #count(index: number, kind: string): void {
    const exits = this.#exits[index]
    if (exits) exits[kind] = (exits[kind] ?? 0) + 1
  }
}
