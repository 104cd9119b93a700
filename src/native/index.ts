/** The fence around native code. Nothing is loaded before {@link native} is called. */
import { EngineThreads } from './engine.ts'
import { FfiSystem } from './ffi-system.ts'
import { loadShimModule } from './shim-module.ts'
import type { System } from './system.ts'
import { guardTerminal } from './terminal.ts'

export { NativeMemory } from './memory.ts'
export type { MapRequest, System } from './system.ts'
export type { EngineThreads, FastRegister, VcpuEvent } from './engine.ts'
export { onCpus } from './on-cpus.ts'

/** Native code, loaded. */
export interface Native {
  readonly system: System
  /** Threads for a VM of `vcpus` vCPUs. */
  readonly createThreads: (vcpus: number) => EngineThreads
  /** See {@link guardTerminal}. */
  readonly guardTerminal: (fd: number) => Disposable
}

let loaded: Native | undefined

/**
 * Loads ffi-napi and the shim library on the first call; main thread only, since ffi-napi crashes
 * in workers.
 *
 * @throws {HostError} `TSVMM_HOST_FFI`, `TSVMM_HOST_SHIM`
 */
export function native(): Native {
  if (loaded === undefined) {
    const shim = loadShimModule()
    const system = new FfiSystem(shim)
    loaded = {
      system,
      createThreads: vcpus => new EngineThreads(shim, system, vcpus),
      guardTerminal: fd => guardTerminal(shim, system, fd),
    }
  }
  return loaded
}
