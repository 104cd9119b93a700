import { HostError } from '../errors/index.ts'
import { Frame } from './frame.ts'
import { OP, SHIM_ABI } from './shim-abi.ts'
import { checkShimAbi, checkShimFile, shimPath } from './shim-file.ts'
import type { Shim } from './shim.ts'

/** What native-shims/module.c exports. */
interface ShimModule {
  readonly call: (frame: Buffer) => number
  readonly wrap: (address: number, length: number) => ArrayBuffer | undefined
}

/**
 * Loads the shim library as a module of Node: no other package, and nothing that takes time.
 *
 * @throws {HostError} `TSVMM_HOST_SHIM`: the library is missing, damaged, of another architecture or
 * out of date, or this Node loads no modules
 */
export function loadShimModule(path: string = shimPath()): Shim {
  checkShimFile(path)
  const { call, wrap } = open(path)
  const frame = new Frame()
  const shim: Shim = {
    call(op, ...args) {
      frame.fill(op, args)
      return call(frame.bytes)
    },
    wrap(address, length) {
      // SAFETY: the caller (NativeMemory) owns `length` bytes at `address` until it releases them.
      const bytes = wrap(Number(address), length)
      if (bytes !== undefined) return Buffer.from(bytes)
      throw new HostError('SHIM', 'this Node.js does not let JavaScript see native memory', {
        why: 'it was built with the memory cage of V8',
        try: ['use a Node.js from nodejs.org'],
      })
    },
  }
  checkShimAbi(path, shim.call(OP.ABI), SHIM_ABI)
  return shim
}

function open(path: string): ShimModule {
  const module = { exports: {} }
  try {
    process.dlopen(module, path)
  } catch (cause) {
    throw new HostError('SHIM', `the native library ${path} cannot be loaded`, {
      why: cause instanceof Error ? cause.message : String(cause),
      try: ['npm run build:native'],
      cause,
    })
  }
  return module.exports as ShimModule
}
