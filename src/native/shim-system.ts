import { BugError } from '../errors/index.ts'
import { NativeMemory } from './memory.ts'
import { OP, PAGES } from './shim-abi.ts'
import type { Shim } from './shim.ts'
import type { MapRequest, RunOnceRequest, System } from './system.ts'

const SCRATCH_SIZE = 64 * 1024

/** Bytes of a CPU mask: 8192 CPUs, the most a Linux kernel can be built for. */
const CPU_MASK_SIZE = 1024

/** Bytes of one for 1024 CPUs. Kernels for more say EINVAL, and reading all of the other takes time. */
const SHORT_MASK_SIZE = 128

const PAGES_OF = {
  any: PAGES.ANY,
  transparent: PAGES.TRANSPARENT,
  hugetlb: PAGES.HUGETLB,
} as const

/** {@link System} by way of the shim library. */
export class ShimSystem implements System {
  readonly scratch: NativeMemory
  readonly #shim: Shim

  constructor(shim: Shim) {
    this.#shim = shim
    const scratch = this.mmap({ length: SCRATCH_SIZE })
    if (typeof scratch === 'number') throw new BugError(`mmap of the scratch memory: ${scratch}`)
    this.scratch = scratch
  }

  ioctl(fd: number, request: number, argument: number | bigint): number {
    return this.#shim.call(OP.IOCTL, fd, request, argument)
  }

  open(path: string, flags: number, mode = 0): number {
    const bytes = Buffer.from(`${path}\0`)
    if (path.includes('\0') || bytes.length > SCRATCH_SIZE) return -2 // ENOENT: no such file can be
    this.scratch.writeBytes(0, bytes)
    return this.#shim.call(OP.OPEN, this.scratch.address, flags, mode)
  }

  close(fd: number): number {
    return this.#shim.call(OP.CLOSE, fd)
  }

  eventfd(initial: number, flags: number): number {
    return this.#shim.call(OP.EVENTFD, initial, flags)
  }

  socketpair(): readonly [number, number] | number {
    const result = this.#shim.call(OP.SOCKETPAIR, this.scratch.address)
    return result < 0 ? result : [this.scratch.readI32(0), this.scratch.readI32(4)]
  }

  mmap({ length, fd = -1, offset = 0, pages = 'any' }: MapRequest): NativeMemory | number {
    const address = this.#shim.call(OP.MMAP, length, fd, offset, PAGES_OF[pages])
    if (address < 0) return address
    return new NativeMemory(
      BigInt(address),
      length,
      (at, size) => this.#shim.wrap(BigInt(address + at), size),
      () => this.#shim.call(OP.MUNMAP, address, length),
    )
  }

  getAffinity(tid: number): readonly number[] | number {
    const mask = this.scratch
    let result = 0
    for (const size of [SHORT_MASK_SIZE, CPU_MASK_SIZE]) {
      result = this.#shim.call(OP.GET_AFFINITY, tid, mask.address, size)
      if (result >= 0) return decodeCpuMask(mask.readBytes(0, size))
    }
    return result
  }

  setAffinity(tid: number, cpus: readonly number[]): number {
    this.scratch.writeBytes(0, encodeCpuMask(cpus))
    return this.#shim.call(OP.SET_AFFINITY, tid, this.scratch.address, CPU_MASK_SIZE)
  }

  runOnce({ fd, runAddress, cpus, timeoutMs }: RunOnceRequest): number {
    const mask = this.scratch.address
    this.scratch.writeBytes(0, encodeCpuMask(cpus))
    return this.#shim.call(OP.RUN_ONCE, fd, runAddress, mask, CPU_MASK_SIZE, timeoutMs)
  }
}

/** `cpu_set_t`: one bit per CPU, CPU 0 the lowest. CPUs no kernel can have are left out. */
export function encodeCpuMask(cpus: readonly number[]): Buffer {
  const mask = Buffer.alloc(CPU_MASK_SIZE)
  for (const cpu of cpus) {
    const byte = mask[cpu >> 3]
    if (byte !== undefined) mask[cpu >> 3] = byte | (1 << (cpu & 7))
  }
  return mask
}

/** The reverse of {@link encodeCpuMask}, for a mask of any length. */
export function decodeCpuMask(mask: Uint8Array): number[] {
  const cpus: number[] = []
  for (let index = 0; index < mask.length; index++)
    // Nearly all are 0.
    for (let cpu = 8 * index, bits = mask[index] ?? 0; bits !== 0; cpu++, bits >>= 1)
      if (bits & 1) cpus.push(cpu)
  return cpus
}
