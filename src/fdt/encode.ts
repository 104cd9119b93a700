import { BugError } from '../errors/index.ts'
import {
  alignToCell,
  FDT_LAST_COMPATIBLE_VERSION,
  FDT_MAGIC,
  FDT_VERSION,
  HEADER,
  HEADER_SIZE,
  RESERVATION_SIZE,
  TOKEN,
} from './format.ts'
import { encodeValue, type FdtNode, type FdtTree } from './tree.ts'

/**
 * The flattened form of a tree: version 17, last compatible 16, without padding. Byte for byte what
 * `dtc -O dtb` writes for the same tree.
 *
 * @throws {@link BugError} for a name that holds a NUL or a character beyond Latin-1, and for a
 * reservation of zero bytes at address zero, which would end the list
 */
export function encodeFdt(tree: FdtTree): Uint8Array {
  const reservations = encodeReservations(tree)
  const { structure, strings } = new StructureWriter(tree.root)
  const structureAt = HEADER_SIZE + reservations.length
  const stringsAt = structureAt + structure.length

  const header = Buffer.alloc(HEADER_SIZE)
  const fields: Record<keyof typeof HEADER, number> = {
    magic: FDT_MAGIC,
    totalsize: stringsAt + strings.length,
    off_dt_struct: structureAt,
    off_dt_strings: stringsAt,
    off_mem_rsvmap: HEADER_SIZE,
    version: FDT_VERSION,
    last_comp_version: FDT_LAST_COMPATIBLE_VERSION,
    boot_cpuid_phys: tree.bootCpu,
    size_dt_strings: strings.length,
    size_dt_struct: structure.length,
  }
  for (const [field, offset] of Object.entries(HEADER))
    header.writeUInt32BE(fields[field as keyof typeof HEADER], offset)
  return Buffer.concat([header, reservations, structure, strings])
}

function encodeReservations(tree: FdtTree): Buffer {
  const block = Buffer.alloc((tree.reservations.length + 1) * RESERVATION_SIZE)
  for (const [i, { address, size }] of tree.reservations.entries()) {
    if (address === 0n && size === 0n)
      throw new BugError('an empty memory reservation at address 0 would end the list')
    block.set(encodeValue([address, size]), i * RESERVATION_SIZE)
  }
  return block
}

/** Writes the structure block and, as names turn up, the strings block. */
class StructureWriter {
  readonly #chunks: Uint8Array[] = []
  /** Offsets of names and of all their ends in the strings block. */
  readonly #nameOffsets = new Map<string, number>()
  #names = ''

  constructor(root: FdtNode) {
    this.#writeNode(root)
    this.#writeCells(TOKEN.FDT_END)
  }

  get structure(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get strings(): Buffer {
    return Buffer.from(this.#names, 'latin1')
  }

  #writeNode(node: FdtNode): void {
    this.#writeCells(TOKEN.FDT_BEGIN_NODE)
    this.#writePadded(Buffer.from(`${checkedName(node.name)}\0`, 'latin1'))
    for (const [name, value] of node.props) {
      this.#writeCells(TOKEN.FDT_PROP, value.length, this.#nameOffset(name))
      this.#writePadded(value)
    }
    for (const child of node.children) this.#writeNode(child)
    this.#writeCells(TOKEN.FDT_END_NODE)
  }

  #writeCells(...cells: number[]): void {
    this.#chunks.push(encodeValue(cells))
  }

  #writePadded(bytes: Uint8Array): void {
    this.#chunks.push(bytes, new Uint8Array(alignToCell(bytes.length) - bytes.length))
  }

  /** Names are shared, also as the end of a longer one: `reg` lies in `virtual-reg`. */
  #nameOffset(name: string): number {
    const known = this.#nameOffsets.get(name)
    if (known !== undefined) return known
    const offset = this.#names.length
    this.#names += `${checkedName(name)}\0`
    // Where one end is known, all shorter ones are.
    for (let i = 0; i <= name.length && !this.#nameOffsets.has(name.slice(i)); i++)
      this.#nameOffsets.set(name.slice(i), offset + i)
    return offset
  }
}

function checkedName(name: string): string {
  if (name.includes('\0') || /[^\0-\xff]/.test(name))
    throw new BugError(`${JSON.stringify(name)} cannot be a name in a device tree`)
  return name
}
