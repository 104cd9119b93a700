import { renderMidr, type HostFacts } from '../host/index.ts'
import type { Probed } from './facts.ts'
import { kinds, placesOf, type Kind, type Place } from './places.ts'
import {
  element,
  escapeXml,
  flow,
  framed,
  stack,
  textBlock,
  type Block,
  type TextLine,
} from './svg-elements.ts'
import { legend } from './svg-legend.ts'
import { INK, Palette } from './svg-palette.ts'
import { cpuWords } from './tree.ts'

/** The most: fits a page. */
const WIDTH = 960
const MARGIN = 24
const PADDING = 12
const GAP = 12
const GRID_GAP = 4
/** Of a column that is worth trying. */
const LEAST_WIDTH = 160

/**
 * A picture of a machine: its CPUs where they are, in the colours of their PMUs, and what a guest
 * can have of each. Nothing is referred to that is outside of it.
 *
 * @see https://www.w3.org/TR/SVG11
 */
export function renderSvg(probed: Probed, host: HostFacts): string {
  const palette = new Palette(host.pmus)
  const inner = WIDTH - 2 * MARGIN
  const title = titleOf(host)
  const squares = squaresOf(host, palette)
  const page = stack(
    [
      textBlock(
        [
          { text: title, size: 22, fill: INK.text, isBold: true },
          { text: 'A square is a CPU, its colour is its PMU.', size: 13, fill: INK.faint },
        ],
        inner,
      ),
      placeBlock(placesOf(host), inner, 0, squares),
      legend(probed, host, palette, inner),
    ],
    20,
  )
  const height = page.height + 2 * MARGIN
  const width = page.width + 2 * MARGIN
  const box = { width, height }
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    ...box,
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-labelledby': 'title desc',
    'font-family': 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif',
  }
  const content = [
    element('title', { id: 'title' }, escapeXml(title)),
    element('desc', { id: 'desc' }, escapeXml(describe(host))),
    element('defs', {}, `\n${palette.patterns()}\n`),
    element('rect', { ...box, fill: INK.page }),
    page.draw(MARGIN, MARGIN),
  ]
  return `${element('svg', root, `\n${content.join('\n')}\n`)}\n`
}

function titleOf({ possible, pmus }: HostFacts): string {
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  return `${count(possible.length, 'CPU')}, ${pmus.length === 0 ? 'no PMU' : count(pmus.length, 'PMU')}`
}

/** For those who do not see it. */
function describe({ pmus, offline, uncovered }: HostFacts): string {
  const sentence = (words: string, cpus: readonly number[]) =>
    cpus.length > 0 ? [`${words}: ${cpuWords(cpus)}.`] : []
  return [
    ...pmus.flatMap(({ name, cpus }) => sentence(`PMU ${name}`, cpus)),
    ...sentence('Without a PMU', uncovered),
    ...sentence('Offline', offline),
  ].join(' ')
}

interface Squares {
  readonly size: number
  readonly draw: (cpu: number, x: number, y: number) => string
}

function squaresOf(host: HostFacts, palette: Palette): Squares {
  const size = sizeFor(host.possible.length)
  const digits = `${host.possible.at(-1) ?? 0}`.length
  const fontSize = Math.min(Math.round(size * 0.38), Math.floor((size - 3) / (digits * 0.64)))
  const kindOf = kinds(host)
  const byCpu = new Map(host.cores.map(core => [core.cpu, kindOf(core)]))
  const draw = (cpu: number, x: number, y: number) => {
    const kind = byCpu.get(cpu)
    if (kind === undefined) return ''
    const { fill, text, stroke, dash } = palette.paintOf(kind)
    const middle = { x: x + size / 2, y: y + size / 2 + Math.round(fontSize * 0.36) }
    const label = { ...middle, 'font-size': fontSize, fill: text, 'text-anchor': 'middle' }
    const halo =
      kind.state === 'online'
        ? {}
        : { stroke: INK.page, 'stroke-width': 3, 'paint-order': 'stroke' }
    const square = { x: x + 0.5, y: y + 0.5, width: size - 1, height: size - 1, rx: size / 8 }
    return element(
      'g',
      { class: 'cpu' },
      element('title', {}, escapeXml(squareTitle(cpu, kind))) +
        element('rect', { ...square, fill, stroke, 'stroke-dasharray': dash }) +
        element('text', { ...label, ...halo }, `${cpu}`),
    )
  }
  return { size, draw }
}

function sizeFor(cpus: number): number {
  if (cpus <= 16) return 52
  if (cpus <= 64) return 40
  return cpus <= 256 ? 30 : 24
}

/** What a pointer over it shows. */
function squareTitle(cpu: number, kind: Kind): string {
  const words = [...kindWords(kind), kind.pmu ? `PMU ${kind.pmu.name}` : 'no PMU']
  return `CPU ${cpu}: ${words.join(', ')}`
}

function kindWords({ state, midr, capacity, threads }: Kind): string[] {
  return [
    state === 'online' ? [] : state,
    midr === undefined ? [] : renderMidr(midr),
    capacity === undefined ? [] : `capacity ${capacity}`,
    threads === undefined ? [] : `${threads} threads a core`,
  ].flat()
}

function placeBlock(place: Place, maxWidth: number, depth: number, squares: Squares): Block {
  const inner = Math.max(0, maxWidth - 2 * PADDING)
  const caption = textBlock(captionOf(place), inner)
  const content =
    place.kind === undefined
      ? arranged(place.parts, inner, depth + 1, squares)
      : grid(place.cpus, inner, squares)
  const look = { rx: 8, fill: depth % 2 === 0 ? INK.shade : INK.page, stroke: INK.line }
  return framed(stack([caption, content], 8), PADDING, look)
}

function captionOf({ name, cpus, kind }: Place): TextLine[] {
  const numbers = cpuWords(cpus)
  const details = [name === '' ? [] : numbers, kind === undefined ? [] : kindWords(kind)].flat()
  return [
    { text: name === '' ? numbers : name, size: 14, fill: INK.text, isBold: true },
    ...details.map(text => ({ text, size: 12, fill: INK.faint })),
  ]
}

/** Side by side in as many columns as make it least tall. */
function arranged(
  parts: readonly Place[],
  maxWidth: number,
  depth: number,
  squares: Squares,
): Block {
  const widthFor = (count: number) => Math.floor((maxWidth - (count - 1) * GAP) / count)
  const most = [4, 3, 2].find(count => widthFor(count) >= LEAST_WIDTH && count <= parts.length) ?? 1
  // Trying takes its time where there are many.
  const columns = parts.length > 8 ? [most] : Array.from({ length: most }, (_, i) => i + 1)
  const candidates = columns.map(count => {
    const width = widthFor(count)
    const blocks = parts.map(part => placeBlock(part, width, depth, squares))
    return flow(blocks, maxWidth, GAP)
  })
  return candidates.reduce((best, other) => (other.height < best.height ? other : best))
}

function grid(cpus: readonly number[], maxWidth: number, { size, draw }: Squares): Block {
  const step = size + GRID_GAP
  const columns = columnsFor(cpus.length, Math.floor((maxWidth + GRID_GAP) / step))
  const rows = Math.ceil(cpus.length / columns)
  return {
    width: Math.min(columns, cpus.length) * step - GRID_GAP,
    height: rows * step - GRID_GAP,
    draw: (x, y) =>
      cpus
        .map((cpu, i) => draw(cpu, x + (i % columns) * step, y + Math.floor(i / columns) * step))
        .join('\n'),
  }
}

/** A power of two where one row is not enough: CPU numbers are easier to find then. */
function columnsFor(cpus: number, most: number): number {
  return cpus <= most ? Math.max(1, cpus) : 2 ** Math.floor(Math.log2(Math.max(1, most)))
}
