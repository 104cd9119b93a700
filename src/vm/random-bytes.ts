import { closeSync, openSync, readSync } from 'node:fs'

/**
 * As that of node:crypto, of the same source in the kernel, but to load that takes 2 ms, and an
 * emulated host 80. It is what there is where somebody left us without the device.
 */
export function randomBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count)
  try {
    const fd = openSync('/dev/urandom', 'r')
    try {
      // Never less than asked for, up to 256.
      if (readSync(fd, bytes) === count) return bytes
    } finally {
      closeSync(fd)
    }
  } catch {
    // Below.
  }
  return process.getBuiltinModule('node:crypto').randomBytes(count)
}
