import { printable } from './printable.ts'
/** A cell; undefined where there is nothing to say, and empty where nothing is to be said. */
export type Cell = string | number | Painted | undefined

/** A word that has a colour where there are colours. */
export interface Painted {
  readonly text: string
  readonly style: 'green' | 'red' | 'yellow' | 'bold'
}

/** Colours text, or returns it as it is. */
export type PaintText = (style: Painted['style'], text: string) => string

export interface Table {
  readonly header: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

const UNPAINTED: PaintText = (_, text) => text

/**
 * Rows as aligned text for people, awk and diffs: two blanks between columns, numbers to the right,
 * `-` for what is not there, no trailing blanks, nothing ever wrapped or cut. Columns in which no
 * row has anything are left out. Colours take no room.
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: PaintText = UNPAINTED,
): string[] {
  const used = header.flatMap((title, column) => {
    const cells = rows.map(row => row[column])
    const isRight = cells.every(cell => typeof cell === 'number' || isEmpty(cell))
    return rows.length > 0 && cells.every(isEmpty)
      ? []
      : [pad([{ text: title, style: 'bold' }, ...cells], isRight, paint)]
  })
  return ['', ...rows].map((_, row) =>
    used
      .map(column => column[row] ?? '')
      .join('  ')
      .trimEnd(),
  )
}

/** Names before what they name, the latter in one column; without those that have nothing to say. */
export function renderList(items: readonly (readonly [string, Cell])[]): string[] {
  const rows = items.filter(([, value]) => value !== undefined)
  return renderTable(['', ''], rows).slice(1)
}

function isEmpty(cell: Cell): boolean {
  return cell === undefined || cell === ''
}

function pad(cells: readonly Cell[], isRight: boolean, paint: PaintText): string[] {
  const texts = cells.map(cell => printable(textOf(cell)))
  const widths = texts.map(widthOf)
  const width = widths.reduce((most, one) => Math.max(most, one), 0)
  return cells.map((cell, row) => {
    const text = texts[row] ?? ''
    const shown = typeof cell === 'object' ? paint(cell.style, text) : text
    const blanks = ' '.repeat(width - (widths[row] ?? 0))
    return isRight ? blanks + shown : shown + blanks
  })
}

function textOf(cell: Cell): string {
  return typeof cell === 'object' ? cell.text : `${cell ?? '-'}`
}

/** What a terminal shows two columns wide, and what it puts onto the letter before. */
const WIDE =
  /[\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60]/u
const MARK = /\p{Mn}|\p{Me}/u

/** The columns of a terminal that text takes. */
function widthOf(text: string): number {
  // sysfs is ASCII: the usual case is the fast one.
  if (/^[\0-\x7f]*$/.test(text)) return text.length
  return Array.from(text).reduce(
    (width, letter) => width + (MARK.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1),
    0,
  )
}
