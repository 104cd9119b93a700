import { printable } from './printable.ts'

/** Something drawn, of a size, that can be put anywhere. */
export interface Block {
  readonly width: number
  readonly height: number
  /** @param height of the row it is in: what has a frame fills it */
  readonly draw: (x: number, y: number, height?: number) => string
}

type Attributes = Readonly<Record<string, string | number | undefined>>

/** An element; its content is markup. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const words = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escapeXml(`${value}`)}"`],
  )
  const open = `<${name}${words.join('')}`
  return content === '' ? `${open}/>` : `${open}>${content}</${name}>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/** Text as XML has it; what XML cannot have at all is told apart no more. */
export function escapeXml(text: string): string {
  return printable(text)
    .replace(/[\p{Cs}\ufffe\uffff]/gu, '\ufffd')
    .replace(/[&<>"]/g, letter => ENTITIES[letter] ?? letter)
}

export interface TextLine {
  readonly text: string
  readonly size: number
  readonly fill: string
  readonly isBold?: boolean
}

/** Nobody knows the font: wider than most. */
const LETTER = 0.6
const BOLD_LETTER = 0.65

/** Lines of text below each other; those that are too long for the width go on in the next. */
export function textBlock(lines: readonly TextLine[], maxWidth: number): Block {
  const wrapped = lines.flatMap(line =>
    wrap(line.text, Math.max(8, Math.floor(maxWidth / letterOf(line)))).map(text => ({
      ...line,
      text,
    })),
  )
  return {
    width: Math.max(0, ...wrapped.map(line => Math.ceil(line.text.length * letterOf(line)))),
    height: wrapped.reduce((height, { size }) => height + lineHeight(size), 0),
    draw: (x, y) => {
      let bottom = y
      return wrapped
        .map(({ text, size, fill, isBold }) => {
          bottom += lineHeight(size)
          const weight = isBold === true ? 600 : undefined
          const place = { x, y: bottom - Math.round(size * 0.4), 'font-size': size, fill }
          return element('text', { ...place, 'font-weight': weight }, escapeXml(text))
        })
        .join('\n')
    },
  }
}

function letterOf({ size, isBold }: TextLine): number {
  return size * (isBold === true ? BOLD_LETTER : LETTER)
}

function lineHeight(size: number): number {
  return Math.round(size * 1.4)
}

/** Between words, and within those that are longer than a line. */
function wrap(text: string, most: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text)
    .split(' ')
    .flatMap(word => pieces(word, most))) {
    if (line !== '' && line.length + 1 + word.length > most) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function pieces(word: string, most: number): string[] {
  if (word.length <= most) return [word]
  const letters = Array.from(word)
  const count = Math.max(1, Math.ceil(letters.length / most))
  return Array.from({ length: count }, (_, i) => letters.slice(i * most, (i + 1) * most).join(''))
}

/** Blocks below each other. */
export function stack(blocks: readonly Block[], gap: number): Block {
  return {
    width: Math.max(0, ...blocks.map(({ width }) => width)),
    height: sum(blocks.map(({ height }) => height)) + gap * Math.max(0, blocks.length - 1),
    draw: (x, y) => {
      let top = y
      return blocks
        .map(block => {
          const drawn = block.draw(x, top)
          top += block.height + gap
          return drawn
        })
        .join('\n')
    },
  }
}

/** Blocks next to each other, as tall as the tallest. */
export function row(blocks: readonly Block[], gap: number): Block {
  const tallest = Math.max(0, ...blocks.map(({ height }) => height))
  return {
    width: sum(blocks.map(({ width }) => width)) + gap * Math.max(0, blocks.length - 1),
    height: tallest,
    draw: (x, y, height = tallest) => {
      let left = x
      return blocks
        .map(block => {
          const drawn = block.draw(left, y, height)
          left += block.width + gap
          return drawn
        })
        .join('\n')
    },
  }
}

/** Blocks in rows that are no wider than this. */
export function flow(blocks: readonly Block[], maxWidth: number, gap: number): Block {
  const rows: Block[][] = []
  for (const block of blocks) {
    const last = rows.at(-1)
    if (last !== undefined && row([...last, block], gap).width <= maxWidth) last.push(block)
    else rows.push([block])
  }
  return stack(
    rows.map(members => row(members, gap)),
    gap,
  )
}

/** A block in a frame. */
export function framed(block: Block, padding: number, attributes: Attributes): Block {
  const width = block.width + 2 * padding
  const height = block.height + 2 * padding
  return {
    width,
    height,
    draw: (x, y, tall = height) =>
      `${element('rect', { x, y, width, height: tall, ...attributes })}\n${block.draw(x + padding, y + padding)}`,
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
