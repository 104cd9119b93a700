import type { HostPmuDetails } from '../host/index.ts'
import type { Kind } from './places.ts'
import { element } from './svg-elements.ts'

/** Colours of what is not a PMU. */
export const INK = {
  text: '#1f2328',
  faint: '#59636e',
  good: '#1a7f37',
  bad: '#c3222c',
  page: '#ffffff',
  shade: '#f6f8fa',
  line: '#d0d7de',
} as const

interface Color {
  readonly fill: string
  /** Of text on it. */
  readonly text: string
}

/**
 * Told apart with any kind of colour vision.
 *
 * @see Okabe and Ito, Color Universal Design (2008)
 */
const PMU_COLORS: readonly Color[] = [
  { fill: '#0072b2', text: '#ffffff' },
  { fill: '#e69f00', text: '#000000' },
  { fill: '#009e73', text: '#000000' },
  { fill: '#cc79a7', text: '#000000' },
  { fill: '#56b4e9', text: '#000000' },
  { fill: '#d55e00', text: '#000000' },
  { fill: '#f0e442', text: '#000000' },
]

const NO_PMU: Color = { fill: '#c8cdd3', text: '#000000' }

/** How the square of a CPU is painted. */
export interface Paint {
  readonly fill: string
  readonly text: string
  readonly stroke: string
  readonly dash?: string
}

/** Colours of the PMUs of a machine, in their order; they begin anew if there are that many. */
export class Palette {
  readonly #colors: ReadonlyMap<HostPmuDetails | undefined, number>

  constructor(pmus: readonly HostPmuDetails[]) {
    this.#colors = new Map(pmus.map((pmu, index) => [pmu, index % PMU_COLORS.length]))
  }

  /** Colour says which PMU, hatching that the CPU does not run. */
  paintOf({ state, pmu }: Pick<Kind, 'state' | 'pmu'>): Paint {
    const index = this.#colors.get(pmu)
    const { fill, text } = colorOf(index)
    if (state === 'online') return { fill, text, stroke: fill }
    const dash = state === 'absent' ? '3 3' : undefined
    return {
      fill: `url(#${hatchId(index)})`,
      text: INK.text,
      stroke: fill,
      ...(dash !== undefined && { dash }),
    }
  }

  /** What the fills of CPUs that do not run refer to. */
  patterns(): string {
    return [undefined, ...new Set(this.#colors.values())].map(hatch).join('\n')
  }
}

function colorOf(index: number | undefined): Color {
  return (index === undefined ? undefined : PMU_COLORS[index]) ?? NO_PMU
}

function hatchId(index: number | undefined): string {
  return `hatch-${index ?? 'none'}`
}

function hatch(index: number | undefined): string {
  const size = { width: 8, height: 8 }
  const stripes =
    element('rect', { ...size, fill: INK.page }) +
    element('rect', { width: 2.5, height: 8, fill: colorOf(index).fill, 'fill-opacity': 0.5 })
  const attributes = { id: hatchId(index), ...size, patternUnits: 'userSpaceOnUse' }
  return element('pattern', { ...attributes, patternTransform: 'rotate(45)' }, stripes)
}
