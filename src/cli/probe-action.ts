import { statSync } from 'node:fs'
import { join } from 'node:path'
import { BugError, EXIT_CODES, TsvmmError, UsageError } from '../errors/index.ts'
import { readAffinity } from '../host/affinity.ts'
import {
  describeHost,
  readHostCpus,
  renderCpuList,
  renderMidr,
  type HostFacts,
  type HostPmu,
  type HostPmuDetails,
} from '../host/index.ts'
import { renderPart } from '../host/midr.ts'
import { didYouMean } from '../pmu/did-you-mean.ts'
import { renderAnswer } from '../pmu/judge.ts'
import type { Answer, PmuProbe, ProbedPmu } from '../pmu/probe.ts'
import type { Capability, KvmFacts, KvmPart, VmFacts } from '../vm/look.ts'
import type { CliContext } from './context.ts'
import { OutputFile } from './output-file.ts'
import { PROBE_TOPICS, type ProbeOptions, type ProbeTopic } from './probe.ts'
import { printable, renderList, renderTable, type Cell } from './table.ts'

/** Version of the object that `--json` writes; raised when a field changes its meaning or goes. */
const SCHEMA_VERSION = 1

/** All that was found out. What a topic does not need is not there. */
export interface Probed {
  readonly topic: ProbeTopic
  readonly sysroot?: string | undefined
  readonly host?: HostFacts | undefined
  /** The error: why KVM could not be asked. Undefined: it was not to be asked. */
  readonly kvm?: KvmFacts | TsvmmError | undefined
}

/** What a topic is about. */
const NEEDS: Readonly<Record<ProbeTopic, { host: boolean; kvm: readonly KvmPart[] }>> = {
  pmus: { host: true, kvm: ['pmus'] },
  cpus: { host: true, kvm: [] },
  caps: { host: false, kvm: ['capabilities'] },
  gic: { host: false, kvm: ['vms'] },
  all: { host: true, kvm: ['pmus', 'capabilities', 'vms'] },
}

/** `tsvmm probe`, with its options parsed. */
export async function probe(
  word: string | undefined,
  options: ProbeOptions,
  context: CliContext,
): Promise<void> {
  const { topic, json } = readWords(word, options.json)
  const { sysroot } = options
  if (sysroot !== undefined) checkSysroot(topic, sysroot)
  using file = typeof json === 'string' ? new OutputFile('--json', json) : undefined
  const writeJson = (text: string) => {
    if (json === true) context.stdout.write(text)
    file?.commit(text)
  }
  let probed: Probed
  try {
    probed = await look(topic, sysroot)
  } catch (error) {
    if (error instanceof TsvmmError) writeJson(renderJson({ topic }, error))
    throw error
  }
  context.log.info({ topic, sysroot }, 'probed')
  const nothing = reasonForNothing(probed)
  if (json !== true && nothing === undefined) context.stdout.write(renderProbed(probed))
  writeJson(renderJson(jsonFields(probed), nothing))
  if (nothing !== undefined) throw nothing
}

interface Words {
  readonly topic: ProbeTopic
  /** `true`: on stdout. */
  readonly json: string | true | undefined
}

/**
 * `--json` takes the next word for its file, which in `tsvmm probe --json pmus` is meant as the
 * topic. A file of such a name has a path.
 *
 * @throws {UsageError} no topic, or nobody can tell what is a topic and what a file
 */
export function readWords(word: string | undefined, json: string | true | undefined): Words {
  const topic = word === undefined ? undefined : toTopic(word)
  if (json === undefined || json === true || json === '-')
    return { topic: topic ?? 'all', json: json === '-' ? true : json }
  if (topic === undefined && isTopic(json)) return { topic: json, json: true }
  if (json === '')
    throw new UsageError('--json names no file: it is empty', { try: ['--json FILE'] })
  const meant = /[./]/.test(json) ? undefined : didYouMean(json, PROBE_TOPICS)
  if (meant === undefined) return { topic: topic ?? 'all', json }
  throw new UsageError(`--json ${json}: is that a file or a topic?`, {
    try: [`tsvmm probe ${topic ?? meant} --json`, `tsvmm probe ${topic ?? 'all'} --json ./${json}`],
  })
}

function toTopic(word: string): ProbeTopic {
  if (isTopic(word)) return word
  const meant = didYouMean(word, PROBE_TOPICS)
  const question = meant === undefined ? '' : `; did you mean ${meant}?`
  throw new UsageError(`tsvmm probe ${word}: there is no such topic${question}`, {
    try: meant === undefined ? [`one of ${PROBE_TOPICS.join(', ')}`] : [`tsvmm probe ${meant}`],
  })
}

function isTopic(word: string): word is ProbeTopic {
  return PROBE_TOPICS.some(topic => topic === word)
}

/** @throws {UsageError} it is no saved tree, or not one that could answer */
function checkSysroot(topic: ProbeTopic, sysroot: string): void {
  const option = `--sysroot ${sysroot}`
  if (!NEEDS[topic].host)
    throw new UsageError(`${option}: ${topic} is what KVM says, and a saved tree has no KVM`, {
      try: ['leave --sysroot out', `tsvmm probe --sysroot ${sysroot}`],
    })
  if (!isDirectory(option, sysroot)) throw new UsageError(`${option} is no directory`)
  const cpus = 'devices/system/cpu'
  if (isDirectory(option, join(sysroot, 'sys', cpus))) return
  throw new UsageError(`${option} holds no sysfs: there is no ${join(sysroot, 'sys', cpus)}`, {
    why: 'the directory is to hold sys and proc as the machine has them in /',
    try: isDirectory(option, join(sysroot, cpus)) ? [`--sysroot ${join(sysroot, '..')}`] : [],
  })
}

function isDirectory(option: string, path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  } catch (cause) {
    throw new UsageError(`${option} cannot be looked at`, {
      why: cause instanceof Error ? cause.message : String(cause),
      cause,
    })
  }
}

async function look(topic: ProbeTopic, sysroot: string | undefined): Promise<Probed> {
  const needs = NEEDS[topic]
  const asksKvm = sysroot === undefined && needs.kvm.length > 0
  return {
    topic,
    sysroot,
    host: needs.host ? lookAtHost(sysroot) : undefined,
    kvm: asksKvm ? await tryKvm(needs.kvm) : undefined,
  }
}

function lookAtHost(sysroot = '/'): HostFacts {
  const sysfsRoot = join(sysroot, 'sys')
  const procRoot = join(sysroot, 'proc')
  const affinity = readAffinity(readHostCpus(sysfsRoot).online, procRoot)
  return describeHost({ sysfsRoot, procRoot, affinity })
}

async function tryKvm(parts: readonly KvmPart[]): Promise<KvmFacts | TsvmmError> {
  const { lookAtKvm } = await import('../vm/look.ts')
  try {
    return lookAtKvm(parts)
  } catch (error) {
    if (error instanceof TsvmmError && !(error instanceof BugError)) return error
    throw error
  }
}

/** Why there is no answer at all. */
function reasonForNothing({ topic, host, kvm }: Probed): TsvmmError | undefined {
  if (host !== undefined) return undefined
  const answers = NEEDS[topic].kvm.map(part => partOf(kvm, part))
  return answers.find(answer => answer instanceof TsvmmError)
}

/** What KVM said in a part, or why it did not. */
function partOf<Part extends KvmPart>(
  kvm: Probed['kvm'],
  part: Part,
): KvmFacts[Part] | TsvmmError | undefined {
  return kvm instanceof TsvmmError ? kvm : kvm?.[part]
}

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
function withoutKvm({ topic, sysroot, kvm }: Probed): Lines {
  if (sysroot !== undefined) return [`KVM was not asked: ${sysroot} is a saved tree`]
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

/** The kinds of core that have a PMU, as far as they are known. */
function coresOf({ cores }: HostFacts, { cpus }: HostPmu): string[] {
  const midrs = cores.flatMap(({ cpu, midr }) =>
    midr !== undefined && cpus.includes(cpu) ? [renderPart(midr)] : [],
  )
  return [...new Set(midrs)]
}

function renderCaps({ caps }: HostPmuDetails): string | undefined {
  const words = Object.entries(caps).map(([name, value]) => `${name}=${value ?? ''}`)
  return words.length > 0 ? words.join(' ') : undefined
}

function pmuBlocks(probe: PmuProbe): readonly Lines[] {
  return [
    renderTable(
      ['GUESTS WITH', 'SET_PMU', 'COUNTERS', 'SET_NR_COUNTERS', 'DEFAULT'],
      probe.pmus.map(probed => [
        probed.pmu.name,
        verdict(probed.setPmu),
        probed.counters,
        counterRange(probed),
        probed.isDefault && (probed.isDefault.ok ? 'yes' : 'no'),
      ]),
    ),
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
  readonly is: string
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
      is: fixedCountersOnly.is.replace('-', ' '),
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

function pmuOf({ pmus }: HostFacts, cpu: number): HostPmuDetails | undefined {
  return pmus.find(({ cpus }) => cpus.includes(cpu))
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
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
  const list = (names: readonly string[]) => names.join(', ') || 'none'
  const pmu = probe && abilities(probe)
  const are = (state: string) => pmu?.filter(({ is }) => is === state).map(({ name }) => name)
  const available = pmu
    ?.filter(({ is }) => is === 'available')
    .map(({ name, detail }) => [name, ...detail.map(words => `(${words})`)].join(' '))
  const unclear = are('something else')
  return [
    ['PMU abilities of KVM', available && list(available)],
    ['  absent', pmu && list(are('absent') ?? [])],
    ['  something else', unclear && unclear.length > 0 ? list(unclear) : undefined],
    [
      'capabilities of KVM',
      capabilities &&
        `${capabilities.filter(({ value = 0 }) => value !== 0).length} of ${capabilities.length}`,
    ],
    ...(vms ? limits(vms) : []),
    [
      'GICs for guests',
      vms && list(vms.gics.filter(({ available }) => available).map(({ name }) => name)),
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

/** What of it goes into JSON. */
function jsonFields({ topic, sysroot, host, kvm }: Probed): object {
  return {
    topic,
    sysroot,
    host: host && jsonHost(host),
    kvm: kvm instanceof TsvmmError ? { error: jsonError(kvm) } : kvm && jsonKvm(kvm),
  }
}

function jsonHost(host: HostFacts): object {
  const { possible, present, online, offline, uncovered, affinity, cpuset } = host
  return {
    cpus: { possible, present, online, offline, uncovered },
    affinity,
    cpuset,
    cores: host.cores.map(({ cpu, midr, capacity }) => ({
      cpu,
      ...(midr !== undefined && { midr: hex(midr), core: renderMidr(midr) }),
      capacity,
      pmu: pmuOf(host, cpu)?.name,
    })),
    pmus: host.pmus.map(pmu => ({ ...pmu, cores: coresOf(host, pmu) })),
  }
}

function jsonKvm({ apiVersion, pmus, capabilities, vms }: KvmFacts): object {
  return {
    apiVersion,
    pmus: orError(pmus),
    capabilities:
      capabilities instanceof TsvmmError
        ? orError(capabilities)
        : capabilities &&
          Object.fromEntries(capabilities.map(({ name, value }) => [name, value ?? null])),
    vms: orError(vms),
  }
}

function orError(part: object | undefined): object | undefined {
  return part instanceof TsvmmError ? { error: jsonError(part) } : part
}

function jsonError({ code, message, why, try: steps, see }: TsvmmError): object {
  return { code, message, why, try: steps, see }
}

function renderJson(fields: object, error: TsvmmError | undefined): string {
  const object = {
    schemaVersion: SCHEMA_VERSION,
    command: 'probe',
    exitStatus: error?.exitStatus ?? EXIT_CODES.ok.status,
    ...fields,
    ...(error && { error: jsonError(error) }),
  }
  return `${JSON.stringify(object, null, 2)}\n`
}
