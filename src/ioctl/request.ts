import type { CapabilityName } from './capabilities.ts'
import type { FieldType } from './field-types.ts'

/** The kinds of file descriptor KVM hands out. */
export type FdKind = 'kvm' | 'vm' | 'vcpu' | 'device'

/** What a request's third argument is: nothing, a plain number, or the address of a type. */
export type Argument = 'nothing' | 'number' | FieldType<unknown>

/** `type` of all KVM requests. */
const KVMIO = 0xae

const DIRECTIONS = { _IO: 0, _IOW: 1, _IOR: 2, _IOWR: 3 } as const
type Direction = keyof typeof DIRECTIONS

/** `_IOC` of include/uapi/asm-generic/ioctl.h: direction 31-30, size 29-16, type 15-8, nr 7-0. */
export function encodeRequest(direction: Direction, nr: number, size: number): number {
  return DIRECTIONS[direction] * 2 ** 30 + size * 2 ** 16 + KVMIO * 2 ** 8 + nr
}

export class Request {
  readonly on: readonly FdKind[]
  readonly argument: Argument
  /** The capability that says the request is there; without one it always is. */
  readonly capability: CapabilityName | undefined
  readonly #direction: Direction
  readonly #nr: number

  constructor(
    on: readonly FdKind[],
    direction: Direction,
    nr: number,
    argument: Argument,
    capability?: CapabilityName,
  ) {
    this.on = on
    this.#direction = direction
    this.#nr = nr
    this.argument = argument
    this.capability = capability
  }

  /** Encoded when asked for: the size of a struct takes a layout. */
  get number(): number {
    const size = typeof this.argument === 'string' ? 0 : this.argument.size
    return encodeRequest(this.#direction, this.#nr, size)
  }
}

/** The kernel's four macros, for requests on these kinds of fd. */
export function requestsOn(...on: FdKind[]) {
  const taking =
    (direction: Direction) => (nr: number, type: FieldType<unknown>, capability?: CapabilityName) =>
      new Request(on, direction, nr, type, capability)
  return {
    io: (nr: number, argument: 'nothing' | 'number' = 'nothing', capability?: CapabilityName) =>
      new Request(on, '_IO', nr, argument, capability),
    iow: taking('_IOW'),
    ior: taking('_IOR'),
    iowr: taking('_IOWR'),
  }
}
