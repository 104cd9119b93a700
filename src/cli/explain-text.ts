import { constants } from 'node:os'
import { errnoText, type CatalogueEntry } from '../errors/index.ts'
import { KINDS, type Kind, type Row, type Topic } from './explain-topic.ts'
import { wrap } from './wrap.ts'

/** The topics as a person reads them, in lines of at most `width` columns where words allow it. */
export function renderTopics(topics: readonly Topic[], width: number): string {
  return `${topics.map(topic => renderTopic(topic, width).join('\n')).join('\n\n\n')}\n`
}

function renderTopic(topic: Topic, width: number): string[] {
  const { kind, what, members, rows } = topic
  const isErrno = kind === 'errno'
  const facts = isErrno ? [] : topic.facts
  const lines = [
    ...wrap(title(topic), width),
    ...(isErrno ? [] : wrap(sentence(what), width, '  ')),
    ...section(facts, width),
    ...entryLines({ why: topic.when, try: topic.try, see: topic.see }, 'when', width),
  ]
  if (members !== undefined) return [...lines, ...memberLines(members, rows, width)]
  const rowTitle = isErrno ? ({ of }: Row) => of : ({ errno }: Row) => errnoTitle(errno)
  for (const [titles, row] of merged(rows, rowTitle))
    lines.push('', ...wrap(titles.join(', '), width), ...entryLines(row, 'why', width))
  return lines
}

function title({ kind, name }: Topic): string {
  if (kind === 'errno') return errnoTitle(name)
  return name.startsWith(kind) ? name : `${name}: ${kind}`
}

function errnoTitle(errno: string): string {
  const number = (constants.errno as Readonly<Record<string, number>>)[errno] ?? 0
  return `${errno} (${number}): ${errnoText(number)}`
}

/** Rows that say the same are one, with the titles of all. */
function merged(rows: readonly Row[], title: (row: Row) => string): [string[], Row][] {
  const found = new Map<string, [string[], Row]>()
  for (const row of rows) {
    const text = JSON.stringify([row.why, row.try, row.see])
    const same = found.get(text)
    if (same) same[0].push(title(row))
    else found.set(text, [[title(row)], row])
  }
  return [...found.values()]
}

function memberLines(members: readonly string[], rows: readonly Row[], width: number): string[] {
  const errnos = [...new Set(rows.map(({ errno }) => errno))]
  return [
    '',
    ...wrap('The errnos are those of the attribute: tsvmm explain ATTRIBUTE, for one of', width),
    ...members.flatMap(name => wrap(name, width, '  ')),
    ...(errnos.length > 0
      ? ['', ...wrap(`or of all at once, by errno: ${errnos.join(', ')}`, width)]
      : []),
  ]
}

function section(facts: Topic['facts'], width: number): string[] {
  const column = Math.max(0, ...facts.map(([name]) => name.length)) + 2
  const lines = facts.flatMap(([name, value]) =>
    wrap(value, width, `  ${name.padEnd(column)}`, ' '.repeat(column + 2)),
  )
  return lines.length > 0 ? ['', ...lines] : []
}

interface Explained {
  readonly why?: string | undefined
  readonly try?: CatalogueEntry['try'] | undefined
  readonly see?: CatalogueEntry['see'] | undefined
}

function entryLines(entry: Explained, whyIs: 'why' | 'when', width: number): string[] {
  const labelled = (label: string, texts: readonly string[]) =>
    texts.flatMap(text => wrap(text, width, `  ${`${label}:`.padEnd(6)}`, ' '.repeat(8)))
  const lines = [
    ...labelled(whyIs, entry.why === undefined ? [] : [entry.why]),
    ...labelled('try', entry.try ?? []),
    ...labelled('see', entry.see ?? []),
  ]
  return lines.length > 0 && whyIs === 'when' ? ['', ...lines] : lines
}

function sentence(text: string): string {
  return /^[a-z]/.test(text) ? `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.` : `${text}.`
}

/** Names that show what is meant by a kind; without, the first three are given. */
const EXAMPLES: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  'device attribute': ['SET_PMU', 'KVM_ARM_VCPU_PMU_V3_INIT'],
  'attribute group': ['KVM_ARM_VCPU_PMU_V3_CTRL'],
  ioctl: ['KVM_RUN', 'KVM_CREATE_VCPU'],
  capability: ['KVM_CAP_ARM_PMU_V3_STRICT'],
  'vCPU feature': ['KVM_ARM_VCPU_PMU_V3'],
  'KVM exit reason': ['KVM_EXIT_FAIL_ENTRY', 'CPU_UNSUPPORTED'],
  term: ['VHE', 'GICv3', 'big.LITTLE', 'PMCEID'],
  'check of doctor': ['pmu.choice'],
  'error code': ['TSVMM_PMU_LOTTERY'],
  'exit status': ['193'],
  'system call': ['/dev/kvm'],
}

/** What can be explained, by kind. */
export function renderOverview(topics: readonly Topic[], width: number): string {
  const lines = ['tsvmm explain NAME... tells what it is, when it happens and what to try.', '']
  for (const kind of KINDS) {
    const names = namesOf(kind, topics)
    const examples = EXAMPLES[kind] ?? names.slice(0, 3)
    const more = names.length > examples.length ? `, … (${names.length})` : ''
    lines.push(
      ...wrap(`${examples.join(', ')}${more}`, width, `  ${kind.padEnd(18)}`, ' '.repeat(20)),
    )
  }
  lines.push(
    '',
    ...wrap(
      'Upper or lower case, with or without the prefix, or a number: 16, 0x4018aee1. ' +
        'With an errno, only what it means there: tsvmm explain SET_PMU EBUSY. ' +
        'All names: tsvmm explain --json.',
      width,
    ),
  )
  return `${lines.join('\n')}\n`
}

/** Names of all topics of a kind; of errnos those the catalogue knows, the most frequent first. */
export function namesOf(kind: Kind, topics: readonly Topic[]): string[] {
  const own = topics.filter(topic => topic.kind === kind)
  const known = kind === 'errno' ? own.filter(({ rows }) => rows.length > 0) : own
  const sorted = kind === 'errno' ? known.sort((a, b) => b.rows.length - a.rows.length) : known
  return sorted.map(({ name }) => name)
}
