import { createRequire } from 'node:module'
import { HostError } from '../errors/index.ts'
import { FRAME_WORDS, OP, SHIM_ABI } from './shim-abi.ts'
import { checkShimAbi, checkShimFile, shimPath } from './shim-file.ts'

/** The parts of ffi-napi and ref-napi below their public interface that a prepared call needs. */
interface FfiBindings {
  ffi_call(cif: Buffer, functionPointer: Buffer, result: Buffer, argumentPointers: Buffer): void
}
interface FfiNapi {
  DynamicLibrary: new (path: string, mode?: number) => { get(symbol: string): Buffer }
}
interface RefNapi {
  types: Record<'int64' | 'uint64', object>
  address(buffer: Buffer): number
  readPointer(buffer: Buffer, offset: number, length: number): Buffer
}

/** The shim library, loaded: its one function, called through an interface prepared once. */
export interface Shim {
  /**
   * Performs an operation of `tsvmm.h`. Arguments are integers or addresses; negative ones are
   * numbers. Takes about half a microsecond, where a plain ffi-napi call takes 15 to 20.
   *
   * @returns the result, exact up to 2^53 (addresses of a process are below 2^48), or `-errno`
   */
  call(op: number, ...args: (number | bigint)[]): number
  /** The bytes at a native address. Each new address costs a millisecond: wrap once, keep. */
  wrap(address: bigint, length: number): Buffer
}

/**
 * Loads ffi-napi and the shim library.
 *
 * @throws {HostError} `TSVMM_HOST_FFI` (ffi-napi cannot be loaded), `TSVMM_HOST_SHIM` (the library
 * is missing, damaged, of another architecture or out of date)
 */
export function loadShim(path: string = shimPath()): Shim {
  checkShimFile(path)
  const { ffi, cif, bindings, ref } = loadFfi()
  const entry = openLibrary(() => new ffi.DynamicLibrary(path).get('tsvmm_call'), path)

  // SAFETY: one block, so that what native code reaches only by address (the frame, and the pointer
  // to it) lives as long as the parts `call` uses; above 64 bytes V8 never moves it.
  const block = Buffer.alloc(256)
  const frame = block.subarray(0, FRAME_WORDS * 8)
  const framePointer = block.subarray(64, 72)
  const argumentPointers = block.subarray(72, 80)
  const result = block.subarray(80, 96)
  const pointerCell = block.subarray(96, 104)
  framePointer.writeBigUInt64LE(BigInt(ref.address(frame)))
  argumentPointers.writeBigUInt64LE(BigInt(ref.address(framePointer)))
  const prepared = cif(ref.types.int64, [ref.types.uint64])

  const shim: Shim = {
    call(op, ...args) {
      writeWord(frame, 0, op)
      for (let i = 1; i < FRAME_WORDS; i++) writeWord(frame, i * 8, args[i - 1] ?? 0)
      bindings.ffi_call(prepared, entry, result, argumentPointers)
      return result.readInt32LE(4) * 2 ** 32 + result.readUInt32LE(0)
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

/** Writing two halves is several times cheaper than making a bigint of a small number first. */
function writeWord(frame: Buffer, offset: number, value: number | bigint): void {
  if (typeof value === 'bigint') {
    frame.writeBigUInt64LE(BigInt.asUintN(64, value), offset)
  } else {
    frame.writeUInt32LE(value >>> 0, offset)
    frame.writeInt32LE(Math.floor(value / 2 ** 32) | 0, offset + 4)
  }
}

function loadFfi() {
  const require = createRequire(import.meta.url)
  try {
    return {
      ffi: require('ffi-napi') as FfiNapi,
      cif: require('ffi-napi/lib/cif') as (result: object, args: object[]) => Buffer,
      bindings: require('ffi-napi/lib/bindings') as FfiBindings,
      ref: require('ref-napi') as RefNapi,
    }
  } catch (cause) {
    throw new HostError('FFI', 'ffi-napi, through which tsvmm calls the kernel, cannot be loaded', {
      why: String(cause instanceof Error ? cause.message.split('\n')[0] : cause),
      try: ['npm install --ignore-scripts    # its prebuilt for glibc on arm64 and x86-64 is used'],
      cause,
    })
  }
}

function openLibrary(open: () => Buffer, path: string): Buffer {
  try {
    return open()
  } catch (cause) {
    throw new HostError('SHIM', `the native library ${path} cannot be loaded`, {
      why: cause instanceof Error ? cause.message : String(cause),
      try: ['npm run build:native'],
      cause,
    })
  }
}
