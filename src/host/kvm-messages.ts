import { closeSync, constants, openSync, readSync } from 'node:fs'

/** A record is a line of at most so many bytes, and one of several is cut off. */
const RECORD_SIZE = 8192

/** More than any ring buffer of the kernel holds. */
const MAX_RECORDS = 1_000_000

/**
 * What the kernel said of KVM since it was booted, as far as it still knows: `VHE mode initialized
 * successfully`. Undefined for whom may not read it.
 *
 * @see Documentation/ABI/testing/dev-kmsg (v6.12)
 */
export function readKvmMessages(path = '/dev/kmsg'): string[] | undefined {
  let fd: number
  try {
    // Without O_NONBLOCK, reading would wait for the next message at the end.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  try {
    return readRecords(fd).flatMap(record => decodeKvmMessage(record) ?? [])
  } finally {
    closeSync(fd)
  }
}

function readRecords(fd: number): string[] {
  const buffer = Buffer.alloc(RECORD_SIZE)
  const records: string[] = []
  for (let i = 0; i < MAX_RECORDS; i++) {
    const length = readRecord(fd, buffer)
    if (length === 0) break
    if (length !== undefined) records.push(buffer.toString('utf8', 0, length))
  }
  return records
}

/** Its length; 0 at the end; undefined if it was overwritten before it could be read (EPIPE). */
function readRecord(fd: number, buffer: Buffer): number | undefined {
  try {
    return readSync(fd, buffer)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPIPE' ? undefined : 0
  }
}

/** `6,412,1150,-;kvm [1]: VHE mode initialized successfully`, and lines of `KEY=value` below. */
function decodeKvmMessage(record: string): string | undefined {
  return /^[^;\n]*;kvm \[\d+\]: (?<text>.*)/.exec(record)?.groups?.['text']
}
