import { TsvmmError } from '../errors/index.ts'
import type { HostFacts } from '../host/index.ts'
import type { PmuProbe } from '../pmu/probe.ts'
import { decide } from './advice/ground.ts'
import { coresOf, partOf, type Machine } from './facts.ts'
import { problemLines } from './problems.ts'
import { printable } from './printable.ts'

/** The one namespace that NFD takes from everybody, in all versions and settings. */
const NAMESPACE = 'feature.node.kubernetes.io'

/** Of the name of a label, and of its value. */
const MOST_LETTERS = 63

/**
 * A feature file for the `local` source of Kubernetes' Node Feature Discovery: labels that say what
 * PMU guests on this node can have. What is not known has no label.
 *
 * @see https://kubernetes-sigs.github.io/node-feature-discovery, "Local feature source"
 */
export function renderFeatureFile(machine: Machine & { readonly host: HostFacts }): string {
  const answer = partOf(machine.kvm, 'pmus')
  const unasked =
    answer instanceof TsvmmError
      ? [`KVM could not be asked: ${[answer.message, answer.why].filter(Boolean).join(', since ')}`]
      : []
  const comments = [...unasked, ...problemLines(machine.host)]
  const labels = labelsOf(machine).map(([name, value]) => `${NAMESPACE}/${name}=${value}`)
  return [...comments.map(words => `# ${printable(words)}`), ...labels, ''].join('\n')
}

/** Names without their namespace, and values. */
export function labelsOf(
  machine: Machine & { readonly host: HostFacts },
): (readonly [name: string, value: string])[] {
  const { host } = machine
  const kvm = partOf(machine.kvm, 'pmus')
  const probe = kvm instanceof TsvmmError ? undefined : kvm
  const labels: [string, string | number | boolean | undefined][] = [
    ['tsvmm-kvm', kvm && probe !== undefined],
    ...(probe?.unasked === true ? [] : pmuLabels(host, probe, kvm !== undefined)),
    ...countLabels(
      'tsvmm-core.',
      host.online.flatMap(cpu => coresOf(host, { cpus: [cpu] })),
    ),
  ]
  return labels.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, `${value}`] as const],
  )
}

function pmuLabels(
  host: HostFacts,
  probe: PmuProbe | undefined,
  isAsked: boolean,
): [string, string | number | boolean | undefined][] {
  const { online, pmus } = host
  const ours = pmus
    .map(pmu => ({ pmu, cpus: online.filter(cpu => pmu.cpus.includes(cpu)) }))
    .filter(({ cpus }) => cpus.length > 0)
  const can =
    probe !== undefined && online.length > 0
      ? decide({ host, probe }, online, { kind: 'auto' }).kind !== 'refused'
      : false
  const counters = probe?.pmus.flatMap(({ counters }) => counters ?? []) ?? []
  const defaults = probe?.pmus.map(({ isDefault }) => isDefault?.ok) ?? []
  return [
    ['tsvmm-pmu', isAsked ? can : undefined],
    ['tsvmm-pmu.count', ours.length],
    ['tsvmm-pmu.all-cpus', ours.some(({ cpus }) => cpus.length === online.length)],
    ['tsvmm-pmu.most-cpus', Math.max(0, ...ours.map(({ cpus }) => cpus.length))],
    ['tsvmm-pmu.counters-min', counters.length > 0 ? Math.min(...counters) : undefined],
    ['tsvmm-pmu.counters-max', counters.length > 0 ? Math.max(...counters) : undefined],
    ['tsvmm-pmu.default-follows-cpu', defaults.includes(undefined) ? undefined : all(defaults)],
    ['tsvmm-pmu.set-pmu', probe?.setPmu.ok],
    ['tsvmm-pmu.set-nr-counters', probe?.setNrCounters.ok],
    ['tsvmm-pmu.filter', probe?.filter.ok],
    ['tsvmm-pmu.strict', probe?.strict.ok],
    [
      'tsvmm-pmu.fixed-counters-only',
      probe ? probe.fixedCountersOnly.is === 'available' : undefined,
    ],
    ...countLabels(
      'tsvmm-pmu-cpus.',
      ours.flatMap(({ pmu, cpus }) => cpus.map(() => pmu.name)),
    ),
  ]
}

/** Undefined of nothing. */
function all(answers: readonly (boolean | undefined)[]): boolean | undefined {
  return answers.length === 0 ? undefined : answers.every(answer => answer === true)
}

/** How often each word is there, under a name made of it; alike ones are added up. */
function countLabels(prefix: string, words: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const word of words) {
    const name = labelName(prefix, word)
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts]
}

/**
 * The name of a label: letters, digits and `-_.`, a letter or digit last, no more than 63 in all.
 * Nothing for a word that has none of them.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
function labelName(prefix: string, word: string): string | undefined {
  const name = word.replace(/[^A-Za-z0-9_.]+/g, '-').replace(/^[-_.]+/, '')
  const whole = (prefix + name).slice(0, MOST_LETTERS).replace(/[-_.]+$/, '')
  return whole.length > prefix.length ? whole : undefined
}
