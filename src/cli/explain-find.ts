import { UsageError } from '../errors/index.ts'
import { editDistance } from '../pmu/did-you-mean.ts'
import type { Kind, Row, Topic } from './explain-topic.ts'

const MAX_SUGGESTIONS = 5

/** Beyond any name: comparing takes time in proportion to the length of both. */
const MAX_LENGTH = 100

/** Of equally good suggestions the names of the kernel go first, what sets something up before all. */
const RANKS: Readonly<Partial<Record<Kind, number>>> = {
  'vCPU feature': 0,
  'device attribute': 0,
  term: 2,
  'check of doctor': 3,
  'error code': 3,
  'exit status': 3,
}

/**
 * What is asked for by these words. Names of things: each of them. With an errno among them: only
 * what the catalogue says about that errno of those things.
 *
 * @throws {UsageError} a word names nothing, or no row has the combination
 */
export function findTopics(words: readonly string[], topics: readonly Topic[]): Topic[] {
  const found = words.map(word => find(word, topics))
  // A number may be an errno nobody knows and an exit reason.
  const isErrno = (named: readonly Topic[]) =>
    named[0]?.kind === 'errno' && (named[0].rows.length > 0 || named.length === 1)
  const errnos = found
    .filter(isErrno)
    .flatMap(named => named.filter(({ kind }) => kind === 'errno'))
  const things = found.filter(named => !isErrno(named))
  if (errnos.length === 0 || things.length === 0) return [...new Set(found.flat())]
  const narrowed = errnos
    .map(errno => ({
      ...errno,
      rows: errno.rows.filter(row => things.every(named => named.some(hasRow(row)))),
    }))
    .filter(({ rows }) => rows.length > 0)
  if (narrowed.length > 0) return narrowed
  throw new Set(things.map(([thing]) => thing)).size > 1
    ? tooMany(
        words.filter((_, i) => things.includes(found[i] ?? [])),
        things,
        errnos,
      )
    : noSuchRow(words, things)
}

function hasRow({ of, errno }: Row) {
  return ({ rows }: Topic) => rows.some(row => row.of === of && row.errno === errno)
}

/** By full name; else by a short name or number; else by the end of a name, if it has parts. */
function find(word: string, topics: readonly Topic[]): Topic[] {
  const wanted = normalise(word)
  const tiers: ((topic: Topic) => boolean)[] = [
    ({ name }) => normalise(name) === wanted,
    ({ aliases }) => aliases.some(alias => normalise(alias) === wanted),
    ({ name }) => /[A-Z]_/.test(wanted) && normalise(name).endsWith(`_${wanted}`),
  ]
  for (const isMeant of tiers) {
    const meant = topics.filter(isMeant)
    if (meant.length > 0) return meant
  }
  throw unknown(word, topics)
}

/** Case does not count, `-EBUSY` is what system calls return, and set-pmu is a slip. */
function normalise(word: string): string {
  return word.toUpperCase().replace(/^-/, '').replaceAll('-', '_')
}

function unknown(word: string, topics: readonly Topic[]): UsageError {
  const near = nearest(normalise(word), topics)
  return new UsageError(`there is nothing called ${shorten(word)}`, {
    ...(near.length > 0 && { why: `did you mean ${near.join(', ')}?` }),
    try: [
      ...near.slice(0, 1).map(name => `tsvmm explain ${name}`),
      'tsvmm explain    # what can be explained',
    ],
  })
}

/**
 * Names that contain all parts of the word, the shortest names something goes by first; then those
 * a few typing errors away (one in three letters, three at most).
 */
function nearest(wanted: string, topics: readonly Topic[]): string[] {
  if (wanted.length > MAX_LENGTH || !/[A-Z]/.test(wanted)) return []
  const named = topics.filter(({ name }) => !name.includes(' '))
  const parts = wanted.split(/[_/.]+/).filter(part => !/^(|KVM|ARM|VCPU)$/.test(part))
  const hasParts = (name: string) => parts.every(part => name.toUpperCase().includes(part))
  const containing = ranked(named, (name, rank) =>
    parts.length > 0 && hasParts(name) ? rank * MAX_LENGTH + name.length : Infinity,
  )
  const slips = ranked(named, (name, rank) => slipsBetween(wanted, name) + rank / 10)
  return [...new Set([...containing, ...slips])].slice(0, MAX_SUGGESTIONS)
}

/** Names of topics by the least that one of their names scores; not those that score infinity. */
function ranked(
  topics: readonly Topic[],
  scoreOf: (name: string, rank: number) => number,
): string[] {
  return topics
    .map(({ kind, name, aliases }) => ({
      name,
      score: Math.min(...[name, ...aliases].map(each => scoreOf(each, RANKS[kind] ?? 1))),
    }))
    .filter(({ score }) => score < Infinity)
    .sort((a, b) => a.score - b.score)
    .map(({ name }) => name)
}

function slipsBetween(wanted: string, name: string): number {
  if (!/[A-Z]/i.test(name)) return Infinity
  const distance = editDistance(wanted, name.toUpperCase())
  return distance <= Math.min(3, Math.floor(Math.min(wanted.length, name.length) / 3))
    ? distance
    : Infinity
}

function noSuchRow(words: readonly string[], things: readonly (readonly Topic[])[]): UsageError {
  const [named = []] = things
  const known = [...new Set(named.flatMap(({ rows }) => rows.map(({ errno }) => errno)))]
  const names = named.map(({ name }) => name).join(', ')
  return new UsageError(`the catalogue has nothing about ${words.join(' ')}`, {
    why:
      known.length === 0
        ? `${names} fails with no errno that it knows`
        : `of ${names} it knows ${known.join(', ')}`,
    try: named.slice(0, 1).map(({ name }) => `tsvmm explain ${name}`),
  })
}

/** Several things, and no row that is about all of them. */
function tooMany(
  names: readonly string[],
  things: readonly (readonly Topic[])[],
  errnos: readonly Topic[],
): UsageError {
  const errno = errnos[0]?.name ?? ''
  const known = names.filter((_, i) =>
    things[i]?.some(({ rows }) => rows.some(row => row.errno === errno)),
  )
  return new UsageError(`an errno is explained of one thing, not of ${names.join(' and ')}`, {
    why: 'with an errno, explain takes one name',
    try:
      known.length > 0
        ? known.map(name => `tsvmm explain ${name} ${errno}`)
        : [`tsvmm explain ${names.join(' ')}`],
  })
}

function shorten(word: string): string {
  return word.length > MAX_LENGTH ? `${word.slice(0, MAX_LENGTH)}…` : word
}
