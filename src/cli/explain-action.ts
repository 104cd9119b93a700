import { constants } from 'node:os'
import { errnoText, UsageError } from '../errors/index.ts'
import type { CliContext } from './context.ts'
import type { ExplainOptions } from './explain.ts'
import { findTopics } from './explain-find.ts'
import { namesOf, renderOverview, renderTopics } from './explain-text.ts'
import { KINDS, type Row, type Topic } from './explain-topic.ts'
import { allTopics } from './explain-topics.ts'
import { widthOf } from './wrap.ts'

/** Version of the object that `--json` writes; raised when a field changes its meaning or goes. */
const SCHEMA_VERSION = 1

/** `tsvmm explain`: asks nobody but our own tables, so that it works on any machine. */
export function explain(
  args: readonly string[],
  options: ExplainOptions,
  { stdout }: CliContext,
): void {
  const topics = allTopics()
  const width = widthOf(stdout)
  const json = (fields: object) => {
    const object = { schemaVersion: SCHEMA_VERSION, command: 'explain', ...fields }
    return `${JSON.stringify(object, null, 2)}\n`
  }
  if (args.length === 0) {
    const kinds = KINDS.map(kind => ({ kind, names: namesOf(kind, topics) }))
    stdout.write(options.json ? json({ kinds }) : renderOverview(topics, width))
    return
  }
  const found = findTopics(toWords(args, topics), topics)
  stdout.write(options.json ? json({ topics: found.map(topicObject) }) : renderTopics(found, width))
}

/** Names as they are copied: with the comma behind them, several in one argument, or with spaces. */
function toWords(args: readonly string[], topics: readonly Topic[]): string[] {
  const isName = (arg: string) => topics.some(({ name }) => name === arg)
  const words = args
    .flatMap(arg => (isName(arg) ? arg : arg.split(/[\s,;]+/)))
    .filter(word => word !== '')
  if (words.length === 0)
    throw new UsageError('no name was given', { try: ['tsvmm explain EBUSY'] })
  return words
}

function topicObject({
  kind,
  name,
  what,
  when,
  facts,
  see,
  rows,
  members,
  ...rest
}: Topic): object {
  return {
    kind,
    name,
    what,
    ...(when !== undefined && { when }),
    facts: facts.map(([fact, value]) => ({ name: fact, value })),
    try: rest.try ?? [],
    see: see ?? [],
    ...(members && { members }),
    errnos: rows.map(rowObject),
  }
}

function rowObject(row: Row): object {
  const number = (constants.errno as Readonly<Record<string, number>>)[row.errno] ?? 0
  const { of, errno, why } = row
  return { of, errno, number, text: errnoText(number), why, try: row.try ?? [], see: row.see ?? [] }
}
