import { getSystemErrorMap, getSystemErrorName } from 'node:util'

/** `6` → `ENXIO`; a number Linux does not name stays readable as `errno 6000`. */
export function errnoName(errno: number): string {
  // Not by the map, which Node makes anew each time it is asked for.
  const name = errno > 0 ? getSystemErrorName(-errno) : ''
  return name.startsWith('E') ? name : (EXTRA[errno]?.[0] ?? `errno ${errno}`)
}

/** `6` → `no such device or address`. */
export function errnoText(errno: number): string {
  return getSystemErrorMap().get(-errno)?.[1] ?? EXTRA[errno]?.[1] ?? 'unknown error'
}

/** Errnos KVM uses that libuv, and so Node, does not name. */
const EXTRA: Readonly<Record<number, readonly [string, string]>> = {
  8: ['ENOEXEC', 'exec format error'],
  61: ['ENODATA', 'no data available'],
  75: ['EOVERFLOW', 'value too large for defined data type'],
}
