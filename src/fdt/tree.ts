import { BugError } from '../errors/index.ts'

/** A device tree as data: what `decodeFdt` gives and `encodeFdt` takes. */
export interface FdtTree {
  /** Memory an operating system must not use unless another property tells it how. */
  reservations: FdtReservation[]
  /** Physical id (the `reg` of its `/cpus` node) of the CPU the machine boots on. */
  bootCpu: number
  root: FdtNode
}

export interface FdtReservation {
  address: bigint
  size: bigint
}

/** One node. The root's name is empty; a property's value is its bytes as they are in the blob. */
export interface FdtNode {
  name: string
  props: Map<string, Uint8Array>
  children: FdtNode[]
}

/**
 * What a property may be given as: a string or a list of them, one 32-bit cell or a list, one
 * 64-bit number (two cells) or a list, raw bytes, or `true` for a property without a value.
 */
export type FdtValue =
  | string
  | readonly string[]
  | number
  | readonly number[]
  | bigint
  | readonly bigint[]
  | Uint8Array
  | true

/** A tree around `root` that reserves nothing and boots on CPU 0. */
export function tree(root: FdtNode): FdtTree {
  return { reservations: [], bootCpu: 0, root }
}

/**
 * Builds a node. A property whose value is undefined is left out.
 *
 * @throws {@link BugError} for a number that does not fit its cells
 */
export function node(
  name: string,
  props: Readonly<Record<string, FdtValue | undefined>> = {},
  children: FdtNode[] = [],
): FdtNode {
  const bytes = Object.entries(props).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, encodeValue(value)] as const],
  )
  return { name, props: new Map(bytes), children }
}

/** The bytes of a property's value: numbers big-endian, strings each with a NUL after them. */
export function encodeValue(value: FdtValue): Uint8Array {
  if (value === true) return new Uint8Array(0)
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  const items = (Array.isArray(value) ? value : [value]) as readonly (string | number | bigint)[]
  return Uint8Array.from(Buffer.concat(items.map(encodeItem)))
}

/** The node at `path` (`/cpus/cpu@0`; `/` is the root itself), or undefined. */
export function findNode(root: FdtNode, path: string): FdtNode | undefined {
  return path
    .split('/')
    .filter(name => name !== '')
    .reduce<FdtNode | undefined>(
      (parent, name) => parent?.children.find(child => child.name === name),
      root,
    )
}

/** The strings of a property: the reverse of giving a string or a list of them to {@link node}. */
export function readStrings(value: Uint8Array): string[] {
  return Buffer.from(value).toString('utf8').split('\0').slice(0, -1)
}

/** The 32-bit cells of a property; bytes after the last whole cell are ignored. */
export function readCells(value: Uint8Array): number[] {
  const bytes = Buffer.from(value)
  return Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readUInt32BE(i * 4))
}

function encodeItem(item: string | number | bigint): Uint8Array {
  if (typeof item === 'string') return Buffer.from(`${item}\0`, 'utf8')
  return typeof item === 'number' ? encodeCell(item) : encodeCellPair(item)
}

function encodeCell(value: number): Uint8Array {
  if (!(Number.isInteger(value) && value >= 0 && value < 2 ** 32))
    throw new BugError(`${value} is not a 32-bit cell of a device tree`)
  const cell = Buffer.alloc(4)
  cell.writeUInt32BE(value)
  return cell
}

function encodeCellPair(value: bigint): Uint8Array {
  if (BigInt.asUintN(64, value) !== value)
    throw new BugError(`${value} is not a 64-bit number of a device tree`)
  const cells = Buffer.alloc(8)
  cells.writeBigUInt64BE(value)
  return cells
}
