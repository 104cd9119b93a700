/** A system call that was made, an ioctl in the kernel's names. */
export interface ObservedCall {
  /** The object: `vcpu 0`; of what concerns all of the process: `tsvmm`. */
  readonly on: string
  /** `KVM_CREATE_VM`, `mmap`. */
  readonly request: string
  /** Of device attributes: `KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU`. */
  readonly attribute?: string
  /** What is no address, or stands for what is at one: `type 9`. */
  readonly argument?: string
  /** What the kernel returned, or `-errno`. */
  readonly result: number
  /** What it gave, where that is not the result: `0x80000000`, the value of a register. */
  readonly answer?: string
  /** The name, if it is one. */
  readonly errno?: string
  /** How long it took, the way to the shim library included. Unknown of what threads of vCPUs do. */
  readonly ns?: number
}

type Show = (call: ObservedCall) => void

/** Undefined unless somebody asked: a call that nobody looks at costs nothing more. */
export let observer: Show | undefined

const all = new Set<Show>()

let alone: Show | undefined

/**
 * Has every call shown from now on, in the order they are made; of those that the threads of vCPUs
 * make, the KVM_RUNs whose exits come to us.
 *
 * @returns ends it
 */
export function observeCalls(show: Show): () => void {
  all.add(show)
  update()
  return () => {
    all.delete(show)
    update()
  }
}

/**
 * Has calls that are not really made shown to who knows that they are not, and to nobody else.
 *
 * @returns ends it
 */
export function observeAlone(show: Show): () => void {
  alone = show
  update()
  return () => {
    alone = undefined
    update()
  }
}

function update(): void {
  observer = alone ?? shownToAll()
}

function shownToAll(): Show | undefined {
  return all.size === 0 ? undefined : call => all.forEach(show => show(call))
}

/** What a call is, before it is made. */
export type Asked = Pick<ObservedCall, 'on' | 'request' | 'attribute' | 'argument'>

/** What came of it. */
export type Came = Pick<ObservedCall, 'result' | 'answer' | 'errno'>

/** Makes a call, and shows it if somebody looks. */
export function observed<T>(asked: Asked, make: () => T, cameOf: (made: T) => Came): T {
  if (observer === undefined) return make()
  const start = process.hrtime.bigint()
  const made = make()
  const ns = Number(process.hrtime.bigint() - start)
  observer({ ...asked, ...cameOf(made), ns })
  return made
}
