/** An ioctl that was made, in the kernel's names. */
export interface IoctlCall {
  /** The object: `vcpu 0`. */
  readonly on: string
  readonly request: string
  /** Of device attributes: `KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU`. */
  readonly attribute?: string
  /** What is no address, or stands for what is at one: `type 9`. */
  readonly argument?: string
  /** What the kernel returned, or `-errno`. */
  readonly result: number
  /** The name, if it is one. */
  readonly errno?: string
  /** How long it took, the way through ffi-napi included. */
  readonly ns: number
}

/** Undefined unless somebody asked: an ioctl that nobody looks at costs nothing more. */
export let observer: ((call: IoctlCall) => void) | undefined

/** Has every ioctl shown from now on, but those that the threads of vCPUs make; or no more. */
export function observeIoctls(show: typeof observer): void {
  observer = show
}
