import type { NativeMemory } from './memory.ts'

/** What a `mmap` maps. */
export interface MapRequest {
  /** Bytes; rounded up to whole pages by the kernel. */
  readonly length: number
  /** A file descriptor for a shared mapping of it; left out, the mapping is private and anonymous. */
  readonly fd?: number
  readonly offset?: number
  /**
   * What a mapping without a file is made of. `any`: of pages as the kernel thinks best.
   * `transparent`: of huge ones where it has them, at an address for which KVM can use them. `hugetlb`:
   * of those that the administrator set apart; ENOMEM if there are too few.
   */
  readonly pages?: 'any' | 'transparent' | 'hugetlb'
}

/** A vCPU to be run to its first exit. */
export interface RunOnceRequest {
  /** Of the vCPU. */
  readonly fd: number
  /** Where its `struct kvm_run` is mapped. */
  readonly runAddress: bigint
  readonly cpus: readonly number[]
  /** The longest it may take. */
  readonly timeoutMs: number
}

/**
 * The system calls tsvmm makes, and nothing else of the operating system: the interface that
 * the shim library is behind, and the one a model of KVM implements for tests.
 *
 * Every call returns its result, or `-errno` as its value: it never throws for what the kernel
 * says. All calls are made on the calling thread and must not block.
 */
export interface System {
  /**
   * `ioctl(fd, request, argument)`. The argument is an integer or an address; structs are written
   * to {@link scratch} first.
   */
  ioctl(fd: number, request: number, argument: number | bigint): number
  open(path: string, flags: number, mode?: number): number
  close(fd: number): number
  eventfd(initial: number, flags: number): number
  /** @returns the two ends of a stream socketpair (close-on-exec), or `-errno` */
  socketpair(): readonly [number, number] | number
  /** @returns the mapping, or `-errno` */
  mmap(request: MapRequest): NativeMemory | number
  /** CPUs thread `tid` may run on (0: the calling thread), or `-errno`. */
  getAffinity(tid: number): readonly number[] | number
  setAffinity(tid: number, cpus: readonly number[]): number
  /**
   * KVM_RUN up to the first exit, on a thread of its own that is kept to some CPUs. The one call that
   * blocks, and so only for guests that are done at once.
   *
   * @returns 0, or `-errno`: EINTR when the time is over, EINVAL also when the CPUs cannot be had
   */
  runOnce(request: RunOnceRequest): number
  /** Where ioctl arguments are put: 64 KiB of native memory, free for use by one call at a time. */
  readonly scratch: NativeMemory
}
