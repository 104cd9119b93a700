import { constants } from 'node:os'
import { NativeMemory, type MapRequest, type System } from '../../native/index.ts'
import type { AssumedKvm } from './assumed-kvm.ts'
import { KvmModel } from './kvm-model.ts'

const { ENOENT, ENOSYS } = constants.errno

/** Where the memory claims to be; nobody looks there. */
const SCRATCH_ADDRESS = 0x1000n
const FIRST_MAPPING = 0x7f00_0000_0000n

/** The first descriptor that a process opens. */
const FIRST_FD = 3

/**
 * A machine that is not there: the system calls of {@link System} with plausible answers, and none
 * of them made. Memory is real, so that what is put into a guest's RAM can be looked at; what
 * nobody touches takes none.
 */
export class ModelSystem implements System {
  readonly scratch = NativeMemory.onHeap(64 * 1024, SCRATCH_ADDRESS)
  readonly #kvm: KvmModel
  #cpus: readonly number[]
  #nextFd = FIRST_FD
  #nextMapping = FIRST_MAPPING

  /** @param cpus those the process may use */
  constructor(kvm: AssumedKvm, cpus: readonly number[]) {
    this.#cpus = cpus
    this.#kvm = new KvmModel(
      kvm,
      () => this.#nextFd++,
      () => this.#cpus,
    )
  }

  ioctl(fd: number, request: number, argument: number | bigint): number {
    return this.#kvm.ioctl(fd, request, argument, this.scratch)
  }

  open(path: string): number {
    return path === '/dev/kvm' ? this.#kvm.open() : -ENOENT
  }

  close(): number {
    return 0
  }

  eventfd(): number {
    return this.#nextFd++
  }

  socketpair(): readonly [number, number] {
    return [this.#nextFd++, this.#nextFd++]
  }

  mmap({ length }: MapRequest): NativeMemory {
    const address = this.#nextMapping
    this.#nextMapping += BigInt(length)
    return new NativeMemory(
      address,
      length,
      (_, size) => Buffer.alloc(size),
      () => undefined,
    )
  }

  getAffinity(): readonly number[] {
    return this.#cpus
  }

  setAffinity(_: number, cpus: readonly number[]): number {
    this.#cpus = cpus
    return 0
  }

  /** Nothing runs here. */
  runOnce(): number {
    return -ENOSYS
  }
}
