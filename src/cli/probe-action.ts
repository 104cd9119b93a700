import { TsvmmError, UsageError } from '../errors/index.ts'
import {
  lookAt,
  PROBE_TOPICS,
  reasonForNothing,
  type Probed,
  type ProbeTopic,
} from '../look/facts.ts'
import { probedToJson, renderJson } from '../look/json.ts'
import type { TextStyle } from '../look/text.ts'
import { didYouMean } from '../pmu/did-you-mean.ts'
import type { CliContext } from './context.ts'
import { OutputFile } from './output-file.ts'
import { openPicture } from './probe-picture.ts'
import { openSource, type ProbeSource } from './probe-source.ts'
import type { ProbeOptions } from './probe.ts'

/** `tsvmm probe`, with its options parsed. */
export async function probe(
  word: string | undefined,
  options: ProbeOptions,
  context: CliContext,
): Promise<void> {
  const { topic, json } = readWords(word, options.json)
  const save = options.save === '-' ? true : options.save
  const other = json === true ? '--json' : '--svg'
  if (save === true && (json === true || options.svg === '-'))
    throw new UsageError(`${other} and --save - both want stdout`, {
      try: [`${other} FILE`, '--save FILE'],
    })
  const opened = await openSource(topic, options, context)
  const { name, about } = opened
  using picture = openPicture(topic, options, json, context)
  using jsonFile = typeof json === 'string' ? new OutputFile('--json', json) : undefined
  using saveFile = typeof save === 'string' ? new OutputFile('--save', save) : undefined
  const write = (to: OutputFile | true | undefined, text: string) => {
    if (to === true) context.answer(text)
    else to?.commit(text)
  }
  const writeJson = (text: string) => write(jsonFile ?? (json === true ? json : undefined), text)
  let probed: Probed
  try {
    const source =
      save === undefined ? opened : await saveAll(opened, text => write(saveFile ?? true, text))
    probed = { topic, source: name, about, ...(await lookAt(topic, source.tree, source.askKvm)) }
    await picture?.draw(probed)
  } catch (error) {
    if (error instanceof TsvmmError) writeJson(renderJson({ topic }, error))
    throw error
  }
  context.log.info({ topic, source: name }, 'probed')
  const nothing = reasonForNothing(probed)
  const isText = json !== true && save !== true && picture?.isStdout !== true
  if (isText && nothing === undefined) context.answer(await renderText(probed, context))
  writeJson(renderJson(probedToJson(probed), nothing))
  if (nothing !== undefined) throw nothing
}

async function renderText(probed: Probed, context: CliContext): Promise<string> {
  const { renderProbed } = await import('../look/text.ts')
  return renderProbed(probed, textStyle(context))
}

/** Strokes outside ASCII only where the locale has them, as the C library reads it. */
function textStyle({ paint, env }: CliContext): TextStyle {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(value => (value ?? '') !== '')
  return {
    paint: (style, text) => paint.stdout(style, text),
    branches: /utf-?8/i.test(locale ?? '') ? 'unicode' : 'ascii',
  }
}

/** Looks at all there is once, and answers from that. */
async function saveAll(source: ProbeSource, write: (text: string) => void): Promise<ProbeSource> {
  const { lookAtAll } = await import('./probe-saved.ts')
  const all = await lookAtAll(source)
  write(all.saved)
  return all.source
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
