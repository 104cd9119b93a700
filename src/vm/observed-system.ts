import { renderCpuList } from '../host/index.ts'
import { cameOf, cameOfMapping, observed, observer } from '../ioctl/index.ts'
import type { MapRequest, NativeMemory, System } from '../native/index.ts'

/** What a calling thread does that concerns no object of KVM's. */
const on = 'tsvmm'

/**
 * A system whose calls are shown to who looks at them ({@link observed}), but for those on a
 * descriptor of KVM's, which its owner shows by name: see `Fd`.
 */
export class ObservedSystem implements System {
  readonly #system: System

  constructor(system: System) {
    this.#system = system
  }

  /** The system itself where nobody looks. */
  static around(system: System): System {
    return observer === undefined ? system : new ObservedSystem(system)
  }

  get scratch(): NativeMemory {
    return this.#system.scratch
  }

  ioctl(fd: number, request: number, argument: number | bigint): number {
    return this.#system.ioctl(fd, request, argument)
  }

  close(fd: number): number {
    return this.#system.close(fd)
  }

  open(path: string, flags: number, mode?: number): number {
    const argument = path
    return observed(
      { on, request: 'open', argument },
      () => this.#system.open(path, flags, mode),
      cameOf,
    )
  }

  eventfd(initial: number, flags: number): number {
    return observed({ on, request: 'eventfd' }, () => this.#system.eventfd(initial, flags), cameOf)
  }

  socketpair(): readonly [number, number] | number {
    return observed(
      { on, request: 'socketpair' },
      () => this.#system.socketpair(),
      pair => cameOf(typeof pair === 'number' ? pair : 0),
    )
  }

  mmap(request: MapRequest): NativeMemory | number {
    if (request.fd !== undefined) return this.#system.mmap(request)
    const { length, pages } = request
    const argument = [`${length} bytes`, pages].filter(Boolean).join(', ')
    return observed(
      { on, request: 'mmap', argument },
      () => this.#system.mmap(request),
      cameOfMapping,
    )
  }

  getAffinity(tid: number): readonly number[] | number {
    return observed(
      { on, request: 'sched_getaffinity', ...thread(tid) },
      () => this.#system.getAffinity(tid),
      cpus =>
        typeof cpus === 'number'
          ? cameOf(cpus)
          : { result: 0, answer: `CPUs ${renderCpuList(cpus)}` },
    )
  }

  setAffinity(tid: number, cpus: readonly number[]): number {
    const argument = [thread(tid).argument, `CPUs ${renderCpuList(cpus)}`]
      .filter(Boolean)
      .join(', ')
    return observed(
      { on, request: 'sched_setaffinity', argument },
      () => this.#system.setAffinity(tid, cpus),
      cameOf,
    )
  }

  runOnce(request: Parameters<System['runOnce']>[0]): number {
    return observed({ on, request: 'KVM_RUN' }, () => this.#system.runOnce(request), cameOf)
  }
}

/** Nothing of the calling one. */
function thread(tid: number): { readonly argument?: string } {
  return tid === 0 ? {} : { argument: `thread ${tid}` }
}
