/** The fence around native code. Nothing is loaded before {@link native} is called. */
import { chooseBackend } from './backend.ts'
import { EngineThreads } from './engine.ts'
import { ShimSystem } from './shim-system.ts'
import type { System } from './system.ts'
import { guardTerminal } from './terminal.ts'

export { NativeMemory } from './memory.ts'
export type { MapRequest, System } from './system.ts'
export type { EngineThreads, FastRegister, VcpuEvent } from './engine.ts'
export { onCpus } from './on-cpus.ts'
export type { ValueQueue } from './value-queue.ts'

/** Native code, loaded. */
export interface Native {
  /** By what, in words that follow "loaded". */
  readonly backend: string
  readonly system: System
  /** Threads for a VM of `vcpus` vCPUs. */
  readonly createThreads: (vcpus: number) => EngineThreads
  /** See {@link guardTerminal}. */
  readonly guardTerminal: (fd: number) => Disposable
}

let loaded: Native | undefined

/**
 * Loads the shim library on the first call, as a module of Node, or by ffi-napi if the environment
 * variable `TSVMM_FFI` says `ffi-napi`. Main thread only: ffi-napi crashes in workers.
 *
 * @throws {UsageError} `TSVMM_FFI` says something else
 * @throws {HostError} `TSVMM_HOST_SHIM`, `TSVMM_HOST_FFI`
 */
export function native(): Native {
  if (loaded === undefined) {
    const backend = chooseBackend()
    const shim = backend.load()
    const system = new ShimSystem(shim)
    loaded = {
      backend: backend.name,
      system,
      createThreads: vcpus => new EngineThreads(shim, system, vcpus),
      guardTerminal: fd => guardTerminal(shim, system, fd),
    }
  }
  return loaded
}
