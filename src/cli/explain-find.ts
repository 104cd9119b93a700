import { UsageError } from '../errors/index.ts'
import { editDistance } from '../pmu/did-you-mean.ts'
import type { Row, Topic } from './explain-topics.ts'

const MAX_SUGGESTIONS = 5

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
  if (narrowed.length === 0) throw noSuchRow(words, things)
  return narrowed
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
  return new UsageError(`there is nothing called ${word}`, {
    ...(near.length > 0 && { why: `did you mean ${near.join(', ')}?` }),
    try: [
      ...near.slice(0, 1).map(name => `tsvmm explain ${name}`),
      'tsvmm explain    # what can be explained',
    ],
  })
}

/**
 * Names that contain all parts of the word, shortest first; then those a few typing errors away (one
 * in three letters, three at most).
 */
function nearest(wanted: string, topics: readonly Topic[]): string[] {
  // Beyond any name: comparing takes time in proportion to the length of both.
  if (wanted.length > 100 || !/[A-Z]/.test(wanted)) return []
  const named = topics.filter(({ name }) => !name.includes(' '))
  const slips = named
    .map(({ name, aliases }) => ({
      name,
      distance: Math.min(...[name, ...aliases].map(each => slipsBetween(wanted, each))),
    }))
    .filter(({ distance }) => distance < Infinity)
    .sort((a, b) => a.distance - b.distance)
  const parts = wanted.split(/[_/]+/).filter(part => !/^(|KVM|ARM|VCPU)$/.test(part))
  const containing = named
    .map(({ name }) => name)
    .filter(name => parts.length > 0 && parts.every(part => name.includes(part)))
    .sort((a, b) => a.length - b.length)
  const slipped = slips.map(({ name }) => name)
  return [...new Set([...containing, ...slipped])].slice(0, MAX_SUGGESTIONS)
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
