/** Lines are no longer, however wide the terminal is: text is to be read. */
export const MAX_WIDTH = 80

/** How wide text on this stream may be. A terminal that does not know its width says 0. */
export function widthOf({ columns }: { readonly columns?: number }): number {
  return columns === undefined || columns === 0 ? MAX_WIDTH : Math.min(MAX_WIDTH, columns)
}

/**
 * Breaks at blanks, and first of all before the comment behind a command: a command is to be pasted.
 * A word that is longer than the line stays whole.
 */
export function wrap(text: string, width: number, first = '', rest = first): string[] {
  const lines: string[] = []
  let line = ''
  const indent = () => (lines.length === 0 ? first : rest)
  const fits = (part: string) => indent().length + part.length <= width
  const end = () => {
    lines.push(`${indent()}${line}`.trimEnd())
    line = ''
  }
  const [command = '', comment] = fits(text) ? [text] : text.split(/ +(?=# )/)
  for (const part of comment === undefined ? [command] : [command, comment]) {
    if (line !== '') end()
    for (const word of part.split(' ')) {
      if (line !== '' && !fits(`${line} ${word}`)) end()
      line = line === '' ? word : `${line} ${word}`
    }
  }
  end()
  return lines
}
