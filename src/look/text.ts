import { TsvmmError } from '../errors/index.ts'
import { renderCpuList, renderMidr, type HostFacts, type HostPmuDetails } from '../host/index.ts'
import { renderAnswer } from '../pmu/judge.ts'
import type { Answer, PmuProbe, ProbedPmu } from '../pmu/probe.ts'
import type { Capability, KvmFacts, KvmPart, VmFacts } from '../vm/look.ts'
import { coresOf, NEEDS, partOf, pmuOf, type Probed, type ProbeTopic } from './facts.ts'
import { hex, printable, renderList, renderTable, type Cell } from './table.ts'

/** The answer for people. */
export function renderProbed(probed: Probed): string {
  const blocks = BLOCKS[probed.topic](probed).filter(lines => lines.length > 0)
  return `${blocks.map(lines => lines.map(printable).join('\n')).join('\n\n')}\n`
}

type Lines = readonly string[]

type Item = readonly [string, Cell]

const BLOCKS: Readonly<Record<ProbeTopic, (probed: Probed) => readonly Lines[]>> = {
  pmus: probed => [
    ...withHost(probed, pmuTable),
    ...withPart(probed, 'pmus', pmuBlocks),
    ...withHost(probed, uncoveredLine),
    withoutKvm(probed),
  ],
  cpus: probed => [
    ...withHost(probed, host => renderList(cpuItems(host))),
    ...withHost(probed, cpuTable),
  ],
  caps: probed => withPart(probed, 'capabilities', capabilities => [capabilityTable(capabilities)]),
  gic: probed => withPart(probed, 'vms', vms => [gicTable(vms), renderList(limits(vms))]),
  all: probed => [
    ...withHost(probed, host => clusterTable(host, goodPart(probed, 'pmus'))),
    ...withHost(probed, host => renderList([...cpuItems(host), ...kvmItems(probed)])),
    withoutKvm(probed),
  ],
}

function withHost({ host }: Probed, render: (host: HostFacts) => Lines): readonly Lines[] {
  return host === undefined ? [] : [render(host)]
}

function goodPart<Part extends KvmPart>(
  { kvm }: Probed,
  part: Part,
): Exclude<KvmFacts[Part], TsvmmError | undefined> | undefined {
  const answer = partOf(kvm, part)
  return answer instanceof TsvmmError
    ? undefined
    : (answer as Exclude<KvmFacts[Part], TsvmmError | undefined> | undefined)
}

function withPart<Part extends KvmPart>(
  probed: Probed,
  part: Part,
  render: (answer: Exclude<KvmFacts[Part], TsvmmError | undefined>) => readonly Lines[],
): readonly Lines[] {
  const answer = goodPart(probed, part)
  return answer === undefined ? [] : render(answer)
}

/** One line for each reason why KVM did not say everything. */
function withoutKvm({ topic, source, kvm }: Probed): Lines {
  if (source !== undefined) return [`KVM was not asked: ${source} is a saved tree`]
  const errors = NEEDS[topic].kvm.flatMap(part => {
    const answer = partOf(kvm, part)
    return answer instanceof TsvmmError ? [answer] : []
  })
  return [...new Set(errors)].map(error => {
    const why = error.why === undefined ? '' : `, since ${error.why}`
    const remedy = error.try[0] === undefined ? '' : `; try: ${error.try[0]}`
    return `KVM could not be asked: ${error.message}${why}${remedy}`
  })
}

function pmuTable(host: HostFacts): Lines {
  if (host.pmus.length === 0) return ['This host has no core PMU.']
  return renderTable(
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

function pmuBlocks(probe: PmuProbe): readonly Lines[] {
  const guests = renderTable(
    ['GUESTS WITH', 'SET_PMU', 'COUNTERS', 'SET_NR_COUNTERS', 'DEFAULT'],
    probe.pmus.map(probed => {
      const [setPmu, counters, isDefault] = guestCells(probed)
      return [probed.pmu.name, setPmu, counters, counterRange(probed), isDefault]
    }),
  )
  return [
    probe.pmus.length > 0 ? guests : [],
    probe.pmus.flatMap(({ pmu, setPmu }) =>
      setPmu.ok ? [] : [`${pmu.name}: ${renderAnswer(setPmu)}`],
    ),
    renderTable(
      ['KVM', 'IS', 'ANSWER'],
      abilities(probe).map(({ name, is, detail, answers }) => [
        name,
        [is, ...detail].join(', '),
        answers.map(renderAnswer).join('; '),
      ]),
    ),
    [`KVM was asked on VMs made for it, which took ${probe.milliseconds} ms.`],
  ]
}

function verdict({ ok, errno }: Answer): string {
  return ok ? 'accepted' : (errno ?? 'no')
}

/** `0-6`: the most is taken, and one more is not. */
function counterRange({ counters, setNrCounters }: ProbedPmu): string | undefined {
  if (setNrCounters === undefined || counters === undefined) return undefined
  const { most, beyond } = setNrCounters
  if (!most.ok) return verdict(most)
  return beyond.ok ? `0-${counters + 1} or more` : `0-${counters}`
}

interface Ability {
  readonly name: string
  readonly is: 'available' | 'absent' | 'something else'
  readonly detail: readonly string[]
  readonly answers: readonly Answer[]
}

function abilities(probe: PmuProbe): Ability[] {
  const { strict, filter, filterEvents, setPmu, setNrCounters, fixedCountersOnly } = probe
  const ability = (name: string, answer: Answer, detail: readonly string[] = []): Ability => ({
    name,
    is: answer.ok ? 'available' : 'absent',
    detail: answer.ok ? detail : [],
    answers: [answer],
  })
  return [
    ability('SET_PMU', setPmu),
    ability('STRICT', strict),
    ability('FILTER', filter, filterEvents === undefined ? [] : [`${filterEvents} events`]),
    ability('SET_NR_COUNTERS', setNrCounters),
    {
      name: 'FIXED_COUNTERS_ONLY',
      is: fixedCountersOnly.is === 'something-else' ? 'something else' : fixedCountersOnly.is,
      detail: [],
      answers: fixedCountersOnly.answers,
    },
  ]
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

function cpuTable(host: HostFacts): Lines {
  return renderTable(
    ['CPU', 'STATE', 'CORE', 'MIDR', 'CAPACITY', 'PMU'],
    host.cores.map(({ cpu, midr, capacity }) => [
      cpu,
      stateOf(host, cpu),
      midr === undefined ? undefined : renderMidr(midr),
      midr === undefined ? undefined : hex(midr),
      capacity,
      pmuOf(host, cpu)?.name,
    ]),
  )
}

function stateOf({ online, present }: HostFacts, cpu: number): string {
  if (online.includes(cpu)) return 'online'
  return present.includes(cpu) ? 'offline' : 'absent'
}

/** One row for all CPUs of which the same is to be said. */
function clusterTable(host: HostFacts, probe: PmuProbe | undefined): Lines {
  const isMixed = host.offline.length > 0
  const clusters = new Map<string, { readonly cpus: number[]; readonly cells: readonly Cell[] }>()
  for (const { cpu, midr, capacity } of host.cores) {
    const pmu = pmuOf(host, cpu)
    const cells = [
      isMixed ? stateOf(host, cpu) : undefined,
      midr === undefined ? undefined : renderMidr(midr),
      capacity,
      pmu?.name,
      pmu?.type,
      ...guestCells(probe?.pmus.find(probed => probed.pmu.type === pmu?.type)),
    ]
    const key = JSON.stringify(cells)
    const cluster = clusters.get(key) ?? { cpus: [], cells }
    clusters.set(key, cluster)
    cluster.cpus.push(cpu)
  }
  return renderTable(
    ['CPUS', 'STATE', 'CORE', 'CAPACITY', 'PMU', 'TYPE', 'SET_PMU', 'COUNTERS', 'DEFAULT'],
    [...clusters.values()].map(({ cpus, cells }) => [renderCpuList(cpus), ...cells]),
  )
}

/** What KVM says of a PMU: whether a guest can have it, its counters, whether it is the default. */
function guestCells(probed: ProbedPmu | undefined): readonly Cell[] {
  if (probed === undefined) return [undefined, undefined, undefined]
  const { setPmu, counters, isDefault } = probed
  return [verdict(setPmu), counters, isDefault && (isDefault.ok ? 'yes' : 'no')]
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

function capabilityTable(capabilities: readonly Capability[]): Lines {
  return renderTable(
    ['NUMBER', 'CAPABILITY', 'VALUE', 'BITS'],
    capabilities.map(({ name, number, value, errno }) => [
      number,
      name,
      value ?? errno,
      value !== undefined && value > 0xffff ? hex(BigInt(value)) : '',
    ]),
  )
}

function gicTable({ gics }: VmFacts): Lines {
  return renderTable(
    ['GIC', 'KVM', 'VCPUS', 'DEVICE'],
    gics.map(({ name, device, available, maxVcpus }) => [
      name,
      available ? 'available' : 'absent',
      maxVcpus,
      device,
    ]),
  )
}
