import { SyscallError } from '../errors/index.ts'
import type { Shim } from './shim.ts'
import { OP } from './shim-abi.ts'
import type { System } from './system.ts'

/**
 * Has the terminal `fd` set as it is set now when the result is disposed of, or when this process
 * ends, however it ends. To be called while no guest's memory is mapped: it forks.
 *
 * @throws {SyscallError} ENOTTY: it is no terminal; EAGAIN, ENOMEM: no process can be had
 */
export function guardTerminal(shim: Shim, system: System, fd: number): Disposable {
  const out = system.scratch
  const result = shim.call(OP.TERMINAL_GUARD, fd, out.address)
  if (result < 0) throw new SyscallError('guarding the terminal', -result)
  const [pid, pipe] = [out.readI32(0), out.readI32(4)]
  let released = false
  return {
    [Symbol.dispose]() {
      if (released) return
      released = true
      shim.call(OP.TERMINAL_RELEASE, pid, pipe)
    },
  }
}
