import { renderEventCounters } from '../pmu/judge.ts'
import { type HostFacts, type HostPmuDetails } from '../host/index.ts'
import type { ProbedPmu } from '../pmu/probe.ts'
import { coresOf, goodPart, type Probed } from './facts.ts'
import { kinds, type Kind } from './places.ts'
import { element, row, stack, textBlock, type Block, type TextLine } from './svg-elements.ts'
import { INK, type Paint, type Palette } from './svg-palette.ts'
import { sourceLines } from './text.ts'
import { cpuWords } from './tree.ts'
import { abilities } from './verdict.ts'

const SWATCH = 26

/** What the colours mean, and what a guest can have of each. */
export function legend(probed: Probed, host: HostFacts, palette: Palette, width: number): Block {
  const probe = goodPart(probed, 'pmus')
  const textWidth = width - SWATCH - 12
  const entry = (paint: Paint, lines: readonly TextLine[]) =>
    row([swatch(paint), textBlock(lines, textWidth)], 12)
  const pmus = host.pmus.map(pmu => {
    const answer = probe?.pmus.find(({ pmu: { type } }) => type === pmu.type)
    const lines = [name(pmu.name), detail(pmuWords(host, pmu)), ...guestLines(answer)]
    return entry(palette.paintOf({ state: 'online', pmu }), lines)
  })
  const others = otherCpus(host).map(({ kind, cpus, words }) =>
    entry(palette.paintOf(kind), [name(`${words}: ${cpuWords(cpus)}`)]),
  )
  const kvm = textBlock(kvmLines(probed).map(detail), width)
  return stack([...pmus, ...others, kvm], 14)
}

function swatch({ fill, stroke, dash }: Paint): Block {
  const size = { width: SWATCH, height: SWATCH }
  const look = { rx: 4, fill, stroke, 'stroke-dasharray': dash }
  return { ...size, draw: (x, y) => element('rect', { x, y: y + 2, ...size, ...look }) }
}

function name(text: string): TextLine {
  return { text, size: 15, fill: INK.text, isBold: true }
}

function detail(text: string): TextLine {
  return { text, size: 13, fill: INK.faint }
}

function pmuWords(host: HostFacts, pmu: HostPmuDetails): string {
  const cpus = pmu.cpus.length > 0 ? cpuWords(pmu.cpus) : 'no CPUs'
  return [`perf type ${pmu.type}`, cpus, ...coresOf(host, pmu)].join(' · ')
}

/** The marks tell it too, for those who do not see the colours. */
function guestLines(probed: ProbedPmu | undefined): TextLine[] {
  if (probed === undefined) return []
  const { setPmu, counters, isDefault } = probed
  if (!setPmu.ok) {
    const why = [setPmu.errno, setPmu.meaning].filter(word => word !== undefined).join(': ')
    return [{ text: `✗ no guest can have it: SET_PMU is refused, ${why}`, size: 14, fill: INK.bad }]
  }
  const count = counters === undefined ? '' : `, with ${renderEventCounters(counters)}`
  const pick = isDefault?.ok === true ? ", and it is KVM's default there" : ''
  return [
    { text: `✓ guests can have it${count}: SET_PMU is accepted${pick}`, size: 14, fill: INK.good },
  ]
}

interface Others {
  readonly kind: Pick<Kind, 'state' | 'pmu'>
  readonly words: string
  readonly cpus: readonly number[]
}

/** CPUs that have no PMU, or whose colour is not all there is to say. */
function otherCpus(host: HostFacts): Others[] {
  const kindOf = kinds(host)
  const cpusThat = (is: (kind: Kind) => boolean) =>
    host.cores.flatMap(core => (is(kindOf(core)) ? [core.cpu] : []))
  const pmu = undefined
  const others: readonly Others[] = [
    {
      kind: { state: 'online', pmu },
      words: 'Without a PMU, not for vCPUs that have one',
      cpus: cpusThat(kind => kind.state === 'online' && kind.pmu === undefined),
    },
    {
      kind: { state: 'offline', pmu },
      words: 'Offline, hatched',
      cpus: cpusThat(({ state }) => state === 'offline'),
    },
    {
      kind: { state: 'absent', pmu },
      words: 'Not plugged in',
      cpus: cpusThat(({ state }) => state === 'absent'),
    },
  ]
  return others.filter(({ cpus }) => cpus.length > 0)
}

function kvmLines(probed: Probed): readonly string[] {
  const probe = goodPart(probed, 'pmus')
  if (probe === undefined) {
    const lines = sourceLines(probed)
    return lines.length > 0 ? lines : ['KVM was not asked']
  }
  const list = (state: 'available' | 'absent') => {
    const names = abilities(probe).flatMap(({ name, is, detail }) =>
      is === state ? [[name, ...detail.map(words => `(${words})`)].join(' ')] : [],
    )
    return names.join(', ') || 'none'
  }
  return [`KVM of this host can do for PMUs: ${list('available')}`, `Not: ${list('absent')}`]
}
