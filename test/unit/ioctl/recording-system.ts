import { NativeMemory } from '../../../src/native/memory.ts'
import type { MapRequest, System } from '../../../src/native/system.ts'
import { requestName, type FdKind } from '../../../src/ioctl/index.ts'

/** One ioctl that was made: a pointer argument is shown as the bytes it pointed at. */
export interface Call {
  readonly fd: number
  readonly name: string | undefined
  readonly request: number
  readonly argument: number | bigint
  /** A copy of the scratch memory as the kernel would have found it. */
  readonly scratch: Buffer
}

/** What the kernel does with a call: write into memory, and return a result or `-errno`. */
export type Kernel = (call: Call, scratch: NativeMemory) => number

/** Where the recording system's scratch memory claims to be. */
export const SCRATCH = 0xffff_8000_0000n

/** A {@link System} that records ioctls and answers them as told; everything is answered with 0. */
export class RecordingSystem implements System {
  readonly scratch = NativeMemory.onHeap(65536, SCRATCH)
  readonly calls: Call[] = []
  readonly closed: number[] = []
  readonly mapped: MapRequest[] = []
  readonly kind: FdKind
  answer: Kernel

  constructor(kind: FdKind, answer: Kernel = () => 0) {
    this.kind = kind
    this.answer = answer
    // Whoever leaves bytes of an earlier call in a struct is found out.
    this.scratch.fill(0xa5)
  }

  /** The last call. */
  get call(): Call {
    const call = this.calls.at(-1)
    if (call === undefined) throw new Error('no ioctl was made')
    return call
  }

  ioctl(fd: number, request: number, argument: number | bigint): number {
    const scratch = this.scratch.readBytes(0, this.scratch.byteLength)
    const call = { fd, name: requestName(request, this.kind), request, argument, scratch }
    this.calls.push(call)
    return this.answer(call, this.scratch)
  }

  open(path: string): number {
    return path === '/dev/kvm' ? 3 : -2
  }

  close(fd: number): number {
    this.closed.push(fd)
    return 0
  }

  mmap(request: MapRequest): NativeMemory | number {
    this.mapped.push(request)
    return request.length === 0 ? -22 : NativeMemory.onHeap(request.length)
  }

  eventfd(): number {
    return -38
  }

  socketpair(): number {
    return -38
  }

  getAffinity(): number {
    return -38
  }

  setAffinity(): number {
    return -38
  }

  runOnce(): number {
    return -38
  }
}
