/**
 * The archive format of an initramfs: cpio "newc" (kernel: Documentation/driver-api/early-userspace/
 * buffer-format.rst). Archives may be concatenated; the kernel unpacks one after the other, later
 * files replacing earlier ones.
 */

/** One file of an archive. `path` has no leading slash; parents must come before their children. */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | {
      readonly kind: 'file'
      readonly path: string
      readonly mode?: number
      readonly data: Uint8Array
    }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'character-device'
      readonly path: string
      readonly mode?: number
      readonly major: number
      readonly minor: number
    }

const MAGIC = '070701'
const TRAILER = 'TRAILER!!!'
/** File type bits and default permissions of st_mode. */
const MODES = {
  directory: [0o040000, 0o755],
  file: [0o100000, 0o644],
  symlink: [0o120000, 0o777],
  'character-device': [0o020000, 0o600],
} as const
/** Sizes are eight hex digits. */
const MAX_FILE = 0xffff_ffff

/**
 * Writes an archive piece by piece, so that no more than one file is in memory. Owner is root,
 * time stamps are 0: equal input gives equal bytes.
 */
export class CpioWriter {
  #inode = 0

  /** The bytes of one entry: header, name, contents, padding. */
  encode(entry: CpioEntry): Uint8Array[] {
    const data = contents(entry)
    if (data.length > MAX_FILE) {
      throw new RangeError(`${entry.path}: ${data.length} bytes do not fit a cpio archive`)
    }
    const [type, permissions] = MODES[entry.kind]
    const mode = type | (('mode' in entry ? entry.mode : undefined) ?? permissions)
    const device = entry.kind === 'character-device' ? entry : { major: 0, minor: 0 }
    return [
      header(entry.path, ++this.#inode, mode, data.length, device),
      data,
      new Uint8Array(padTo4(data.length)),
    ]
  }

  /** What ends the archive. */
  end(): Uint8Array {
    return header(TRAILER, 0, 0, 0, { major: 0, minor: 0 })
  }
}

/** A whole archive in memory; for small ones. */
export function encodeCpio(entries: Iterable<CpioEntry>): Uint8Array {
  const writer = new CpioWriter()
  const chunks = Array.from(entries, entry => writer.encode(entry)).flat()
  return Buffer.concat([...chunks, writer.end()])
}

function contents(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'file') return entry.data
  return entry.kind === 'symlink' ? Buffer.from(entry.target) : new Uint8Array(0)
}

function header(
  path: string,
  inode: number,
  mode: number,
  size: number,
  device: { major: number; minor: number },
): Uint8Array {
  const name = Buffer.from(`${path}\0`)
  const links = 1
  const fields = [
    ...[inode, mode, 0, 0, links, 0, size],
    ...[0, 0, device.major, device.minor, name.length, 0],
  ]
  const head = Buffer.from(
    MAGIC + fields.map(field => field.toString(16).padStart(8, '0')).join(''),
    'latin1',
  )
  return Buffer.concat([head, name, new Uint8Array(padTo4(head.length + name.length))])
}

function padTo4(length: number): number {
  return -length & 3
}
