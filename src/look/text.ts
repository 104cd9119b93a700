import { TsvmmError } from '../errors/index.ts'
import { renderCpuList, renderMidr, type HostFacts, type HostPmuDetails } from '../host/index.ts'
import { renderAnswer } from '../pmu/judge.ts'
import type { PmuProbe, ProbedPmu } from '../pmu/probe.ts'
import type { GuestView } from '../vm/identify.ts'
import type { Capability, KvmFacts, KvmPart, VmFacts } from '../vm/look.ts'
import { coresOf, goodPart, NEEDS, partOf, type Probed, type ProbeTopic } from './facts.ts'
import { countOfEvents, eventBlocks, versionSeen } from './guests.ts'
import { kinds } from './places.ts'
import { problemLines } from './problems.ts'
import { renderList, renderTable, type Cell, type PaintText, type Table } from './table.ts'
import { hex } from './hex.ts'
import { printable } from './printable.ts'
import { pmuCell, stateCell, treeTable, type Branches } from './tree.ts'
import { abilities, guestCells, verdict, type Ability } from './verdict.ts'

/** What the terminal can do, or whatever else it is for. */
export interface TextStyle {
  readonly paint?: PaintText
  readonly branches?: Branches
}

/** The answer for people. */
export function renderProbed(probed: Probed, style: TextStyle = {}): string {
  const blocks = [
    ...BLOCKS[probed.topic](probed, style.branches ?? 'unicode'),
    ...withHost(probed, problemLines),
  ]
  const texts = blocks.flatMap(block => {
    const lines =
      'rows' in block ? renderTable(block.header, block.rows, style.paint) : block.map(printable)
    return lines.length > 0 ? [lines.join('\n')] : []
  })
  return `${texts.join('\n\n')}\n`
}

type Lines = readonly string[]

type Block = Lines | Table

type Item = readonly [string, Cell]

const BLOCKS: Readonly<
  Record<ProbeTopic, (probed: Probed, branches: Branches) => readonly Block[]>
> = {
  pmus: probed => [
    ...withHost(probed, pmuTable),
    ...withPart(probed, 'pmus', probe =>
      pmuBlocks(probe, probed.host, goodPart(probed, 'guests') ?? []),
    ),
    ...withHost(probed, uncoveredLine),
    noteLines(probed),
  ],
  cpus: probed => [
    ...withHost(probed, host => renderList(cpuItems(host))),
    ...withHost(probed, cpuTable),
    noteLines(probed),
  ],
  caps: probed => [
    ...withPart(probed, 'capabilities', capabilities => [capabilityTable(capabilities)]),
    noteLines(probed),
  ],
  gic: probed => [
    ...withPart(probed, 'vms', vms => [gicTable(vms), renderList(limits(vms))]),
    noteLines(probed),
  ],
  all: (probed, branches) => [
    ...withHost(probed, host => treeTable(host, goodPart(probed, 'pmus'), branches)),
    ...withHost(probed, host =>
      renderList([['machine', probed.about?.name], ...cpuItems(host), ...kvmItems(probed)]),
    ),
    noteLines(probed),
  ],
}

function table(header: readonly string[], rows: readonly (readonly Cell[])[]): Table {
  return { header, rows }
}

function withHost({ host }: Probed, render: (host: HostFacts) => Block): readonly Block[] {
  return host === undefined ? [] : [render(host)]
}

function withPart<Part extends KvmPart>(
  probed: Probed,
  part: Part,
  render: (answer: Exclude<KvmFacts[Part], TsvmmError | undefined>) => readonly Block[],
): readonly Block[] {
  const answer = goodPart(probed, part)
  return answer === undefined ? [] : render(answer)
}

/** Where the answers come from, if not from this machine now, and what of them nobody measured. */
function noteLines(probed: Probed): Lines {
  const assumed = probed.about?.assumed ?? []
  return [...sourceLines(probed), ...assumed.map(fact => `assumed, not measured: ${fact}`)]
}

/** One line for each reason why KVM did not say everything. */
export function sourceLines({ topic, source, kvm }: Probed): Lines {
  const parts = NEEDS[topic].kvm
  if (parts.length === 0) return []
  if (source !== undefined && kvm === undefined)
    return [`KVM was not asked: ${source} holds no answers of it`]
  const errors = parts.flatMap(part => {
    const answer = partOf(kvm, part)
    return answer instanceof TsvmmError ? [answer] : []
  })
  const saved = source === undefined ? [] : [`KVM's answers are those saved in ${source}`]
  const reasons = errors.map(error => {
    const why = error.why === undefined ? '' : `, since ${error.why}`
    const remedy = error.try[0] === undefined ? '' : `; try: ${error.try[0]}`
    return `KVM could not be asked: ${error.message}${why}${remedy}`
  })
  return [...saved, ...new Set(reasons)]
}

function pmuTable(host: HostFacts): Block {
  if (host.pmus.length === 0) return ['This host has no core PMU.']
  return table(
    ['PMU', 'TYPE', 'CPUS', 'CORES', 'EVENTS', 'CAPS'],
    host.pmus.map(pmu => [
      pmu.name,
      pmu.type,
      renderCpuList(pmu.cpus) || 'none',
      coresOf(host, pmu).join(', ') || undefined,
      Object.keys(pmu.events).length,
      renderCaps(pmu),
    ]),
  )
}

function renderCaps({ caps }: HostPmuDetails): string | undefined {
  const words = Object.entries(caps).map(([name, value]) => `${name}=${value ?? ''}`)
  return words.length > 0 ? words.join(' ') : undefined
}

function pmuBlocks(
  probe: PmuProbe,
  host: HostFacts | undefined,
  views: readonly GuestView[],
): readonly Block[] {
  const guests = table(
    ['GUESTS WITH', 'SET_PMU', 'VERSION', 'COUNTERS', 'SET_NR_COUNTERS', 'DEFAULT'],
    probe.pmus.map(probed => {
      const [setPmu, counters, isDefault] = guestCells(probed)
      const version = versionSeen(views, probed.pmu.type)
      return [probed.pmu.name, setPmu, version, counters, counterRange(probed), isDefault]
    }),
  )
  return [
    probe.pmus.length > 0 ? guests : [],
    probe.pmus.flatMap(({ pmu, setPmu }) =>
      setPmu.ok ? [] : [`${pmu.name}: ${renderAnswer(setPmu)}`],
    ),
    ...eventBlocks(views, host, probe),
    table(
      ['KVM', 'IS', 'ANSWER'],
      abilities(probe).map(({ name, is, detail, answers }) => [
        name,
        { text: [is, ...detail].join(', '), style: is === 'available' ? 'green' : 'yellow' },
        answers.map(renderAnswer).join('; '),
      ]),
    ),
    probe.milliseconds > 0
      ? [`KVM was asked on VMs made for it, which took ${probe.milliseconds} ms.`]
      : [],
  ]
}

/** `0-6`: the most is taken, and one more is not. */
function counterRange({ counters, setNrCounters }: ProbedPmu): string | undefined {
  if (setNrCounters === undefined || counters === undefined) return undefined
  const { most, beyond } = setNrCounters
  if (!most.ok) return verdict(most).text
  return beyond.ok ? `0-${counters + 1} or more` : `0-${counters}`
}

function uncoveredLine({ uncovered }: HostFacts): Lines {
  return uncovered.length > 0 ? [`CPUs without a PMU: ${renderCpuList(uncovered)}`] : []
}

function cpuItems(host: HostFacts): Item[] {
  const { possible, present, online, offline, uncovered, affinity, cpuset } = host
  const list = (cpus: readonly number[]) => renderCpuList(cpus) || 'none'
  return [
    ['CPUs possible', list(possible)],
    ['CPUs present', list(present)],
    ['CPUs online', list(online)],
    ['CPUs offline', list(offline)],
    ['CPUs without a PMU', list(uncovered)],
    ['affinity of this process', affinity && list(affinity)],
    ['cpuset of this process', cpuset && `${list(cpuset.cpus)}, by cgroup ${cpuset.cgroup}`],
  ]
}

function cpuTable(host: HostFacts): Table {
  const kindOf = kinds(host)
  return table(
    ['CPU', 'STATE', 'PACKAGE', 'NODE', 'CLUSTER', 'CORE', 'MIDR', 'CAPACITY', 'PMU'],
    host.cores.map(core => {
      const { cpu, packageId, nodeId, clusterId, midr, capacity } = core
      const kind = kindOf(core)
      return [
        cpu,
        stateCell(kind),
        packageId,
        nodeId,
        clusterId,
        midr === undefined ? undefined : renderMidr(midr),
        midr === undefined ? undefined : hex(midr),
        capacity,
        pmuCell(kind),
      ]
    }),
  )
}

/** What KVM can do, in a line each. */
function kvmItems(probed: Probed): Item[] {
  const probe = goodPart(probed, 'pmus')
  const capabilities = goodPart(probed, 'capabilities')
  const vms = goodPart(probed, 'vms')
  const list = (names: readonly string[] | undefined) => names && (names.join(', ') || 'none')
  const able = (state: Ability['is']) =>
    probe &&
    abilities(probe)
      .filter(({ is }) => is === state)
      .map(({ name, detail }) => [name, ...detail.map(words => `(${words})`)].join(' '))
  const unclear = able('something else')
  return [
    ['PMU abilities of KVM', list(able('available'))],
    ['  absent', list(able('absent'))],
    ['  something else', unclear?.length === 0 ? undefined : list(unclear)],
    ['events that guests see', countOfEvents(goodPart(probed, 'guests') ?? [])],
    [
      'capabilities of KVM',
      capabilities &&
        `${capabilities.filter(({ value = 0 }) => value !== 0).length} of ${capabilities.length}`,
    ],
    ...(vms ? limits(vms) : []),
    [
      'GICs for guests',
      list(vms?.gics.filter(({ available }) => available).map(({ name }) => name)),
    ],
  ]
}

function limits({ ipaBits, maxVcpus, recommendedVcpus }: VmFacts): Item[] {
  return [
    ['IPA bits of a VM, at most', `${ipaBits}`],
    ['vCPUs of a VM, at most', `${maxVcpus}, recommended ${recommendedVcpus}`],
  ]
}

function capabilityTable(capabilities: readonly Capability[]): Table {
  return table(
    ['NUMBER', 'CAPABILITY', 'VALUE', 'BITS'],
    capabilities.map(({ name, number, value, errno }) => [
      number,
      name,
      value ?? errno,
      value !== undefined && value > 0xffff ? hex(BigInt(value)) : '',
    ]),
  )
}

function gicTable({ gics }: VmFacts): Table {
  return table(
    ['GIC', 'KVM', 'VCPUS', 'DEVICE'],
    gics.map(({ name, device, available, maxVcpus }) => [
      name,
      available ? 'available' : 'absent',
      maxVcpus,
      device,
    ]),
  )
}
