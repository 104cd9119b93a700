import { renderCpus, renderMidr, type HostFacts } from '../host/index.ts'
import type { PmuProbe } from '../pmu/probe.ts'
import { placesOf, type Kind, type Place } from './places.ts'
import type { Cell, Table } from './table.ts'
import { guestCells } from './verdict.ts'

/** What the branches of a tree are drawn with. */
export type Branches = 'unicode' | 'ascii'

const STROKES: Readonly<
  Record<Branches, Readonly<Record<'more' | 'last' | 'past' | 'none', string>>>
> = {
  unicode: { more: '├─ ', last: '└─ ', past: '│  ', none: '   ' },
  ascii: { more: '|- ', last: '`- ', past: '|  ', none: '   ' },
}

/**
 * The CPUs of a machine as a tree of where they are, a row for each part; what is the same for all
 * CPUs of a part, and what a guest can have on them, is in the columns beside it.
 *
 * @param probe left out: KVM was not asked
 */
export function treeTable(host: HostFacts, probe: PmuProbe | undefined, branches: Branches): Table {
  const isMixed = host.offline.length > 0
  const cellsOf = (kind: Kind): readonly Cell[] => [
    isMixed ? stateCell(kind) : undefined,
    kind.midr === undefined ? undefined : renderMidr(kind.midr),
    kind.threads,
    kind.capacity,
    pmuCell(kind),
    kind.pmu?.type,
    ...guestCells(probe?.pmus.find(({ pmu }) => pmu.type === kind.pmu?.type)),
  ]
  const rowOf = ([branch, { name, cpus, kind }]: Twig): readonly Cell[] => {
    const label = [name, cpuWords(cpus)].filter(words => words !== '').join(': ')
    const cells = kind === undefined ? HEADER.slice(1).map(() => '') : cellsOf(kind)
    return [branch + label, ...cells]
  }
  return { header: HEADER, rows: twigs(placesOf(host), STROKES[branches]).map(rowOf) }
}

const HEADER = [
  'TOPOLOGY',
  'STATE',
  'CORE',
  'THREADS',
  'CAPACITY',
  'PMU',
  'TYPE',
  'SET_PMU',
  'COUNTERS',
  'DEFAULT',
]

/** The state of a CPU, for a table. */
export function stateCell({ state }: Kind): Cell {
  return state === 'online' ? state : { text: state, style: 'yellow' }
}

/** The PMU of a CPU, for a table. With ACPI, nobody knows that of one that never ran. */
export function pmuCell({ state, pmu }: Kind): Cell {
  return pmu?.name ?? (state === 'online' ? { text: 'none', style: 'yellow' } : undefined)
}

/** Lists that nobody would read are told in short. */
export function cpuWords(cpus: readonly number[]): string {
  const words = renderCpus(cpus)
  return words.length <= 60 ? words : `${cpus.length} CPUs from ${cpus[0]} to ${cpus.at(-1)}`
}

type Twig = readonly [branch: string, place: Place]

function twigs(root: Place, strokes: (typeof STROKES)[Branches]): Twig[] {
  const below = (place: Place, indent: string): Twig[] =>
    place.parts.flatMap((part, index) => {
      const isLast = index === place.parts.length - 1
      const branch = indent + (isLast ? strokes.last : strokes.more)
      return [[branch, part], ...below(part, indent + (isLast ? strokes.none : strokes.past))]
    })
  return [['', root], ...below(root, '')]
}
