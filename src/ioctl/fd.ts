import { BugError, errnoName, IoctlError } from '../errors/index.ts'
import type { System } from '../native/system.ts'
import { cameOf } from './came-of.ts'
import { observed } from './observe.ts'
import { REQUESTS, type RequestName } from './requests.ts'
import type { Fields, Given, Struct, Value } from './struct.ts'

/** What a request may add to its error, and to what is shown of it. */
interface Shown {
  readonly attribute?: string
  /** The argument worth showing: `type 9`. */
  readonly argument?: string
  /** What it gave, if it was granted: `0x80000000`. */
  readonly answer?: () => string
}

/**
 * Where in the scratch memory a struct's payload goes: behind the largest struct (520 bytes), at an
 * address aligned for every type.
 */
export const PAYLOAD = 1024

/**
 * A file descriptor of KVM and its owner. Every request is one ioctl: nothing is retried,
 * defaulted or logged. What the kernel refuses is an {@link IoctlError} by the request's name.
 */
export class Fd implements Disposable {
  /** What messages call it: `vcpu 0`. */
  readonly name: string
  protected readonly system: System
  #fd: number | undefined

  constructor(system: System, fd: number, name: string) {
    this.system = system
    this.#fd = fd
    this.name = name
  }

  /** The number, for those who issue ioctls of their own (a vCPU thread). It stays ours. */
  get fd(): number {
    if (this.#fd === undefined) throw new BugError(`${this.name} was used after it was closed`)
    return this.#fd
  }

  /** Closes the descriptor. Calling it again does nothing. */
  close(): void {
    const fd = this.#fd
    if (fd === undefined) return
    observed({ on: this.name, request: 'close' }, () => this.system.close(fd), cameOf)
    this.#fd = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** The result, or `-errno`: for requests of which an errno is an answer. */
  protected try(request: RequestName, argument: number | bigint, shown?: Shown): number {
    const { fd, system } = this
    const { number, argument: kind } = REQUESTS[request]
    const { answer, ...asked } = shown ?? {}
    const plain = kind === 'number' && { argument: String(argument) }
    return observed(
      { on: this.name, request, ...plain, ...asked },
      () => system.ioctl(fd, number, argument),
      result => ({ ...cameOf(result), ...(answer && result >= 0 && { answer: answer() }) }),
    )
  }

  protected request(request: RequestName, argument: number | bigint = 0, shown?: Shown): number {
    const result = this.try(request, argument, shown)
    if (result < 0) throw this.failure(request, -result, shown)
    return result
  }

  /** Issues a request with a struct as its argument. */
  protected send<F extends Fields>(
    request: RequestName,
    struct: Struct<F>,
    value: Given<F>,
    shown?: Shown,
  ): number {
    struct.encode(this.system.scratch, 0, value)
    return this.request(request, this.system.scratch.address, shown)
  }

  /** Issues a request that fills in a struct. */
  protected fetch<F extends Fields>(request: RequestName, struct: Struct<F>): Value<F> {
    this.send(request, struct, {})
    return struct.decode(this.system.scratch, 0)
  }

  /** Address of the payload behind the struct at the start of the scratch memory. */
  protected get payloadAddress(): bigint {
    return this.system.scratch.address + BigInt(PAYLOAD)
  }

  protected failure(request: RequestName, errno: number, shown?: Shown): IoctlError {
    const { attribute, argument } = shown ?? {}
    return new IoctlError({
      request,
      on: this.name,
      errno,
      ...(attribute !== undefined && { attribute }),
      ...(argument !== undefined && { argument }),
    })
  }

  protected errnoIs(result: number, name: string): boolean {
    return result < 0 && errnoName(-result) === name
  }
}
