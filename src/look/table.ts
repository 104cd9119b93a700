/** A cell; undefined where there is nothing to say. */
export type Cell = string | number | undefined

/**
 * Rows as aligned text for people, awk and diffs: two blanks between columns, numbers to the right,
 * `-` for what is not there, no trailing blanks, nothing ever wrapped or cut. Columns in which no
 * row has anything are left out.
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
): string[] {
  const used = header.flatMap((title, column) => {
    const cells = rows.map(row => row[column])
    const isRight = cells.every(cell => typeof cell !== 'string')
    return rows.length > 0 && cells.every(cell => cell === undefined)
      ? []
      : [pad([title, ...cells.map(cell => printable(`${cell ?? '-'}`))], isRight)]
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
  return renderTable(
    ['', ''],
    items.filter(([, value]) => value !== undefined),
  ).slice(1)
}

function pad(cells: readonly string[], isRight: boolean): string[] {
  const width = Math.max(...cells.map(lengthOf))
  return cells.map(cell => {
    const blanks = ' '.repeat(width - lengthOf(cell))
    return isRight ? blanks + cell : cell + blanks
  })
}

function lengthOf(text: string): number {
  return Array.from(text).length
}

/** What comes from files of others may hold anything; a terminal must not act on it. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    character => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}

/** `0x414fd0c1`. */
export function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
