import { UsageError } from '../errors/index.ts'
import { loadShimByFfi } from './ffi.ts'
import { loadShimModule } from './shim-module.ts'
import type { Shim } from './shim.ts'

/** A way to load the shim library and to call it. */
export interface Backend {
  /** What it is, in words that follow "loaded". */
  readonly name: string
  /** @throws {HostError} `TSVMM_HOST_SHIM`, `TSVMM_HOST_FFI` */
  readonly load: () => Shim
}

/** The first is what nobody has to ask for: docs/architecture.md, "Start-up", says why. */
const BACKENDS: Readonly<Record<string, Backend>> = {
  '': { name: 'as a module of Node', load: () => loadShimModule() },
  'ffi-napi': { name: 'by ffi-napi', load: () => loadShimByFfi() },
}

/**
 * The backend that `TSVMM_FFI` asks for.
 *
 * @throws {UsageError} there is none of that name
 */
export function chooseBackend(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Backend {
  const wanted = env['TSVMM_FFI'] ?? ''
  const backend = Object.hasOwn(BACKENDS, wanted) ? BACKENDS[wanted] : undefined
  if (backend !== undefined) return backend
  throw new UsageError(
    `TSVMM_FFI is ${JSON.stringify(wanted)}, which is no way to load native code`,
    {
      try: ['TSVMM_FFI=ffi-napi', 'unset TSVMM_FFI'],
    },
  )
}
