/** The shim library, loaded: its one function, and the memory it works on. */
export interface Shim {
  /**
   * Performs an operation of `tsvmm.h`. Arguments are integers or addresses; negative ones are
   * numbers. Takes about half a microsecond, where a plain ffi-napi call takes 15 to 20.
   *
   * @returns the result, exact up to 2^53 (addresses of a process are below 2^48), or `-errno`
   */
  call(op: number, ...args: (number | bigint)[]): number
  /** The bytes at a native address. With ffi-napi each new one costs a millisecond: wrap once, keep. */
  wrap(address: bigint, length: number): Buffer
}
