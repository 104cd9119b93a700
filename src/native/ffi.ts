import { dirname } from 'node:path'
import { BugError, HostError } from '../errors/index.ts'
import { Frame } from './frame.ts'
import { FRAME_WORDS, OP, SHIM_ABI } from './shim-abi.ts'
import { checkShimAbi, checkShimFile, shimPath } from './shim-file.ts'
import type { Shim } from './shim.ts'

/** What we use of the native half of ref-napi. */
interface RefBindings {
  readonly instance: object
  address(buffer: Buffer): number
  readCString(buffer: Buffer, offset: number): string
  readPointer(buffer: Buffer, offset: number, length: number): Buffer
}
/** What we use of the native half of ffi-napi. */
interface FfiBindings {
  readonly FFI_OK: number
  readonly FFI_DEFAULT_ABI: number
  readonly RTLD_NOW: number
  readonly FFI_TYPES: Readonly<Record<'int64' | 'uint64', Buffer>>
  readonly StaticFunctions: Readonly<Record<'dlopen' | 'dlsym' | 'dlerror', Buffer>>
  ffi_prep_cif(cif: Buffer, count: number, result: Buffer, types: Buffer, abi: number): number
  ffi_call(cif: Buffer, functionPointer: Buffer, result: Buffer, argumentPointers: Buffer): void
}

/**
 * Loads ffi-napi and, by it, the shim library; main thread only, since ffi-napi crashes in workers.
 *
 * @throws {HostError} `TSVMM_HOST_FFI` (ffi-napi cannot be loaded), `TSVMM_HOST_SHIM` (the library
 * is missing, damaged, of another architecture or out of date)
 */
export function loadShimByFfi(path: string = shimPath()): Shim {
  checkShimFile(path)
  const { ref, ffi } = loadFfi()
  const callWords = prepare(ref, ffi)
  const entry = openLibrary(path, ref, ffi, callWords)
  const frame = new Frame()
  const frameAddress = BigInt(ref.address(frame.bytes))
  const pointerCell = frame.bytes.subarray(FRAME_WORDS * 8)

  const shim: Shim = {
    call(op, ...args) {
      frame.fill(op, args)
      return callWords(entry, frameAddress)
    },
    wrap(address, length) {
      pointerCell.writeBigUInt64LE(address)
      // SAFETY: the caller (NativeMemory) owns `length` bytes at `address` until it releases them.
      return ref.readPointer(pointerCell, 0, length)
    },
  }
  checkShimAbi(path, shim.call(OP.ABI), SHIM_ABI)
  return shim
}

/** Calls a C function with up to two words, integers or addresses; exact up to 2^53. */
type CallWords = (entry: Buffer, first?: bigint, second?: bigint) => number

/** One call interface serves all: on arm64 and x86-64 a function does not see a word too many. */
function prepare(ref: RefBindings, ffi: FfiBindings): CallWords {
  // SAFETY: one block, so that what native code reaches only by address lives as long as the parts
  // the calls use; above 64 bytes V8 never moves it.
  const block = Buffer.alloc(512)
  const words = block.subarray(0, 16)
  const pointers = block.subarray(16, 32)
  const result = block.subarray(32, 48)
  const types = block.subarray(48, 64)
  const cif = block.subarray(64)
  for (const at of [0, 8]) {
    pointers.writeBigUInt64LE(BigInt(ref.address(words) + at), at)
    types.writeBigUInt64LE(BigInt(ref.address(ffi.FFI_TYPES.uint64)), at)
  }
  const status = ffi.ffi_prep_cif(cif, 2, ffi.FFI_TYPES.int64, types, ffi.FFI_DEFAULT_ABI)
  if (status !== ffi.FFI_OK) throw new BugError(`ffi_prep_cif() returned ${status}`)

  return (entry, first = 0n, second = 0n) => {
    words.writeBigUInt64LE(first)
    words.writeBigUInt64LE(second, 8)
    ffi.ffi_call(cif, entry, result, pointers)
    return result.readInt32LE(4) * 2 ** 32 + result.readUInt32LE(0)
  }
}

/**
 * The native halves of the packages, by the prebuilds they ship. Their JavaScript prepares types and
 * functions of all kinds, which takes half as long as Node takes to start.
 */
function loadFfi(): { ref: RefBindings; ffi: FfiBindings } {
  // Asked for here: who does without ffi-napi does not load it.
  const { createRequire } = process.getBuiltinModule('node:module')
  const require = createRequire(import.meta.url)
  const bindings = (name: string): unknown => {
    const folder = dirname(require.resolve(`${name}/package.json`))
    const load = createRequire(`${folder}/`)('node-gyp-build') as (folder: string) => unknown
    return load(folder)
  }
  try {
    const ref = bindings('ref-napi') as RefBindings
    const ffi = bindings('ffi-napi') as { initializeBindings(instance: object): FfiBindings }
    return { ref, ffi: ffi.initializeBindings(ref.instance) }
  } catch (cause) {
    throw new HostError('FFI', 'ffi-napi, which TSVMM_FFI asks for, cannot be loaded', {
      why: String(cause instanceof Error ? cause.message.split('\n')[0] : cause),
      try: [
        'unset TSVMM_FFI',
        'npm install --ignore-scripts    # its prebuilt for glibc on arm64 and x86-64 is used',
      ],
      cause,
    })
  }
}

/** The entry of the shim library. What the loader says is what dlerror() returns. */
function openLibrary(path: string, ref: RefBindings, ffi: FfiBindings, call: CallWords): Buffer {
  const { dlopen, dlsym, dlerror } = ffi.StaticFunctions
  const cell = Buffer.alloc(128)
  const pointer = (address: number): Buffer => {
    cell.writeBigUInt64LE(BigInt(address))
    return ref.readPointer(cell, 0, 0)
  }
  const required = (address: number): number => {
    if (address !== 0) return address
    throw new HostError('SHIM', `the native library ${path} cannot be loaded`, {
      why: ref.readCString(pointer(call(dlerror)), 0),
      try: ['npm run build:native'],
    })
  }
  const text = (value: string): Buffer => Buffer.concat([Buffer.from(value), Buffer.alloc(128)])
  const name = text(path)
  const symbol = text('tsvmm_call')
  const library = required(call(dlopen, BigInt(ref.address(name)), BigInt(ffi.RTLD_NOW)))
  return pointer(required(call(dlsym, BigInt(library), BigInt(ref.address(symbol)))))
}
