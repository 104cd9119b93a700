import { ImageError } from '../errors/index.ts'
import {
  alignToCell,
  FDT_MAGIC,
  FDT_VERSION,
  HEADER,
  HEADER_SIZE,
  RESERVATION_SIZE,
  TOKEN,
} from './format.ts'
import type { FdtNode, FdtReservation, FdtTree } from './tree.ts'

/** The deepest nesting the kernel unflattens (`FDT_MAX_DEPTH`, drivers/of/fdt.c, v6.12). */
const MAX_DEPTH = 64

/** Real names stay below 64 characters; without a limit overlapping names cost quadratic memory. */
const MAX_NAME_LENGTH = 255

/**
 * The tree in a flattened device tree of version 17 or a later one compatible with it. The bytes
 * may come from anywhere: every offset and length is checked. Bytes after the blob are ignored.
 *
 * @throws {@link ImageError} `FORMAT`, naming the offset and what is wrong there
 */
export function decodeFdt(blob: Uint8Array): FdtTree {
  // Never a Buffer: its slice() does not copy.
  const bytes = new Uint8Array(blob.buffer, blob.byteOffset, blob.byteLength)
  const header = decodeHeader(bytes)
  return {
    reservations: decodeReservations(bytes, header),
    bootCpu: header.boot_cpuid_phys,
    root: new StructureReader(bytes, header).readTree(),
  }
}

type Header = Record<keyof typeof HEADER, number>

function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.length < HEADER_SIZE)
    throw malformed(0, `the header needs ${HEADER_SIZE} bytes, there are ${bytes.length}`)
  const view = viewOf(bytes)
  const header = Object.fromEntries(
    Object.entries(HEADER).map(([field, offset]) => [field, view.getUint32(offset)]),
  ) as Header

  if (header.magic !== FDT_MAGIC)
    throw malformed(HEADER.magic, `the magic number is ${hex(header.magic)}, not ${hex(FDT_MAGIC)}`)
  if (header.version < FDT_VERSION || header.last_comp_version > FDT_VERSION)
    throw malformed(
      HEADER.version,
      `version ${header.version} (compatible with ${header.last_comp_version}) cannot be read, only ${FDT_VERSION}`,
    )
  if (header.totalsize < HEADER_SIZE || header.totalsize > bytes.length)
    throw malformed(
      HEADER.totalsize,
      `it claims ${header.totalsize} bytes, there are ${bytes.length}`,
    )
  checkBlock(header, 'off_mem_rsvmap', RESERVATION_SIZE, 8)
  checkBlock(header, 'off_dt_struct', header.size_dt_struct, 4)
  checkBlock(header, 'off_dt_strings', header.size_dt_strings, 1)
  return header
}

function checkBlock(
  header: Header,
  field: keyof typeof HEADER,
  size: number,
  alignment: number,
): void {
  const start = header[field]
  if (start % alignment !== 0)
    throw malformed(HEADER[field], `${field} ${hex(start)} is not a multiple of ${alignment}`)
  if (start < HEADER_SIZE || start + size > header.totalsize)
    throw malformed(
      HEADER[field],
      `${field} ${hex(start)} with ${size} bytes is outside of the ${header.totalsize} bytes`,
    )
}

function decodeReservations(bytes: Uint8Array, header: Header): FdtReservation[] {
  const view = viewOf(bytes)
  const reservations: FdtReservation[] = []
  for (let at = header.off_mem_rsvmap; ; at += RESERVATION_SIZE) {
    if (at + RESERVATION_SIZE > header.totalsize)
      throw malformed(at, 'the list of memory reservations does not end')
    const [address, size] = [view.getBigUint64(at), view.getBigUint64(at + 8)]
    if (address === 0n && size === 0n) return reservations
    reservations.push({ address, size })
  }
}

/** Walks the structure block; `#at` is an offset in the blob, so that errors can name it. */
class StructureReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  readonly #stringsStart: number
  readonly #stringsEnd: number
  #at: number

  constructor(bytes: Uint8Array, header: Header) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
    this.#at = header.off_dt_struct
    this.#end = header.off_dt_struct + header.size_dt_struct
    this.#stringsStart = header.off_dt_strings
    this.#stringsEnd = header.off_dt_strings + header.size_dt_strings
  }

  readTree(): FdtNode {
    const token = this.#readToken()
    if (token !== TOKEN.FDT_BEGIN_NODE)
      throw malformed(this.#at - 4, `the root node should begin here, not token ${token}`)
    const root = this.#readNode(1)
    const end = this.#readToken()
    if (end !== TOKEN.FDT_END || this.#at !== this.#end)
      throw malformed(this.#at - 4, 'the structure should end here, after the root node')
    return root
  }

  #readNode(depth: number): FdtNode {
    if (depth > MAX_DEPTH)
      throw malformed(this.#at, `nodes are nested deeper than ${MAX_DEPTH} levels`)
    const node: FdtNode = { name: this.#readNodeName(), props: new Map(), children: [] }
    for (;;) {
      const token = this.#readToken()
      if (token === TOKEN.FDT_END_NODE) return node
      if (token === TOKEN.FDT_BEGIN_NODE) node.children.push(this.#readNode(depth + 1))
      else if (token === TOKEN.FDT_PROP) this.#readProperty(node)
      else throw malformed(this.#at - 4, `token ${token} cannot stand in node "${node.name}"`)
    }
  }

  #readProperty(node: FdtNode): void {
    const at = this.#at - 4
    const length = this.#readCell()
    const name = this.#readPropertyName(this.#readCell())
    const value = this.#bytes.slice(this.#at, this.#at + length)
    this.#advance(length, `the value of "${name}"`)
    // A reader that walks the blob stops looking for properties at the first child: it would see
    // another tree than we do.
    if (node.children.length > 0)
      throw malformed(at, `property "${name}" follows a child of node "${node.name}"`)
    if (node.props.has(name))
      throw malformed(at, `node "${node.name}" has property "${name}" twice`)
    node.props.set(name, value)
  }

  /** The next token that means something. */
  #readToken(): number {
    for (;;) {
      const token = this.#readCell()
      if (token !== TOKEN.FDT_NOP) return token
    }
  }

  #readCell(): number {
    const at = this.#at
    this.#advance(4, 'a cell')
    return this.#view.getUint32(at)
  }

  #readNodeName(): string {
    const name = this.#readName(this.#at, this.#end)
    this.#advance(name.length + 1, 'a node name')
    return name
  }

  #readPropertyName(offset: number): string {
    const at = this.#stringsStart + offset
    if (at >= this.#stringsEnd)
      throw malformed(this.#at - 4, `name offset ${hex(offset)} is outside of the strings`)
    return this.#readName(at, this.#stringsEnd)
  }

  /** Latin-1, so that any bytes survive the way back. */
  #readName(at: number, end: number): string {
    const room = this.#bytes.subarray(at, Math.min(end, at + MAX_NAME_LENGTH + 1))
    const length = room.indexOf(0)
    if (length < 0)
      throw malformed(at, `the name here does not end, or is longer than ${MAX_NAME_LENGTH} bytes`)
    return Buffer.from(room.subarray(0, length)).toString('latin1')
  }

  #advance(length: number, what: string): void {
    const next = alignToCell(this.#at + length)
    if (this.#at + length > this.#end || next > this.#end)
      throw malformed(
        this.#at,
        `${what} of ${length} bytes runs over the structure's end at ${hex(this.#end)}`,
      )
    this.#at = next
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}

function malformed(offset: number, problem: string): ImageError {
  return new ImageError('FORMAT', `not a valid device tree: at offset ${hex(offset)}, ${problem}`)
}
