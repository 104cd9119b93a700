import { phandlesIn, readPhandles, type Phandles } from './phandles.ts'
import { readCells, type FdtNode, type FdtTree } from './tree.ts'

/**
 * A tree as source, of which `dtc` makes the same blob. Values are shown as dtc does: what can be
 * text is text, what is of whole cells is cells, the rest is bytes; and phandles as references,
 * which dtc wants of source. Of trees from anywhere nothing but characters of ASCII is shown.
 *
 * @see Devicetree Specification v0.4, 6; dtc, treesource.c, write_propval()
 */
export function renderDts({ reservations, root, bootCpu }: FdtTree): string {
  const source = new Source(readPhandles(root))
  const lines = [
    '/dts-v1/;',
    // Source has no word for it.
    ...(bootCpu === 0 ? [] : [`// dtc --boot-cpu ${bootCpu}`]),
    ...reservations.map(({ address, size }) => `/memreserve/ ${hex(address)} ${hex(size)};`),
    '',
    ...source.renderNode({ ...root, name: '/' }, ''),
  ]
  return `${lines.join('\n')}\n`
}

class Source {
  readonly #phandles: Phandles

  constructor(phandles: Phandles) {
    this.#phandles = phandles
  }

  renderNode(node: FdtNode, indent: string): string[] {
    const inner = `${indent}\t`
    const props = [...node.props].map(([name, value]) => `${inner}${this.#renderProp(name, value)}`)
    // An empty line before every child, as dtc has it.
    const children = node.children.map((child, index) => [
      ...(props.length + index > 0 ? [''] : []),
      ...this.renderNode(child, inner),
    ])
    const label = this.#labelOf(node)
    return [`${indent}${label}${nameOf(node.name)} {`, ...props, ...children.flat(), `${indent}};`]
  }

  #labelOf({ props }: FdtNode): string {
    const [phandle] = readCells(props.get('phandle') ?? new Uint8Array())
    return phandle !== undefined && this.#phandles.has(phandle) ? `${labelFor(phandle)}: ` : ''
  }

  #renderProp(name: string, value: Uint8Array): string {
    const shown = value.length === 0 ? '' : ` = ${this.#renderValue(name, Buffer.from(value))}`
    return `${nameOf(name)}${shown};`
  }

  #renderValue(name: string, bytes: Buffer): string {
    if (bytes.equals(EMPTY_TEXT)) return '""'
    if (isText(bytes)) {
      const strings = bytes.toString('latin1').slice(0, -1).split('\0')
      return strings.map(text => `"${escape(text)}"`).join(', ')
    }
    if (bytes.length % 4 !== 0) return `[${bytes.toString('hex').replace(/..(?=.)/g, '$& ')}]`
    const cells = readCells(bytes)
    const isPhandle = phandlesIn(name, cells, this.#phandles)
    return `<${cells.map((cell, i) => (isPhandle[i] ? `&${labelFor(cell)}` : hex(cell))).join(' ')}>`
  }
}

const EMPTY_TEXT = Buffer.of(0)

function labelFor(phandle: number): string {
  return `phandle_${phandle.toString(16)}`
}

/** Strings, each with a NUL behind it, none of them empty, and nothing in them that cannot be shown. */
function isText(bytes: Buffer): boolean {
  return /^([\x20-\x7e\t\n\r]+\0)+$/.test(bytes.toString('latin1'))
}

const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function escape(text: string): string {
  return text.replace(/["\\]/g, '\\$&').replace(/[\t\n\r]/g, found => ESCAPES[found] ?? '')
}

function hex(number: number | bigint): string {
  return `0x${number.toString(16)}`
}

/** Characters that a name can have in source; the specification allows no others. */
const PLAIN = /^[\w,.+*#?@-]+$/

/** Of other names there is no source: dtc is to refuse them. */
function nameOf(name: string): string {
  return name === '/' || PLAIN.test(name)
    ? name
    : JSON.stringify(name).replace(/[^\x20-\x7e]/g, '?')
}
