import { statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { TsvmmError, UsageError } from '../errors/index.ts'
import { DiskTree } from '../host/index.ts'
import {
  lookAt,
  NEEDS,
  PROBE_TOPICS,
  reasonForNothing,
  type AskKvm,
  type Probed,
  type ProbeTopic,
} from '../look/facts.ts'
import { probedToJson, renderJson } from '../look/json.ts'
import { renderProbed, type TextStyle } from '../look/text.ts'
import { didYouMean } from '../pmu/did-you-mean.ts'
import type { CliContext } from './context.ts'
import { OutputFile } from './output-file.ts'
import { openPicture } from './probe-picture.ts'
import type { ProbeOptions } from './probe.ts'

/** `tsvmm probe`, with its options parsed. */
export async function probe(
  word: string | undefined,
  options: ProbeOptions,
  context: CliContext,
): Promise<void> {
  const { topic, json } = readWords(word, options.json)
  const { sysroot } = options
  if (sysroot !== undefined) checkSysroot(topic, sysroot)
  using picture = openPicture(topic, options, json, context)
  using file = typeof json === 'string' ? new OutputFile('--json', json) : undefined
  const writeJson = (text: string) => {
    if (json === true) context.stdout.write(text)
    file?.commit(text)
  }
  let probed: Probed
  try {
    const machine = await lookAt(
      topic,
      new DiskTree(sysroot),
      sysroot === undefined ? askKvm : undefined,
    )
    probed = { topic, source: sysroot, ...machine }
    await picture?.draw(probed)
  } catch (error) {
    if (error instanceof TsvmmError) writeJson(renderJson({ topic }, error))
    throw error
  }
  context.log.info({ topic, sysroot }, 'probed')
  const nothing = reasonForNothing(probed)
  const isText = json !== true && picture?.isStdout !== true
  if (isText && nothing === undefined)
    context.stdout.write(renderProbed(probed, textStyle(context)))
  writeJson(renderJson(probedToJson(probed), nothing))
  if (nothing !== undefined) throw nothing
}

/** Strokes outside ASCII only where the locale has them, as the C library reads it. */
function textStyle({ paint, env }: CliContext): TextStyle {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(value => (value ?? '') !== '')
  return {
    paint: (style, text) => paint.stdout(style, text),
    branches: /utf-?8/i.test(locale ?? '') ? 'unicode' : 'ascii',
  }
}

/** Loaded late: without KVM nothing of it is wanted. */
export const askKvm: AskKvm = async parts => (await import('../vm/look.ts')).lookAtKvm(parts)

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
export function checkSysroot(topic: ProbeTopic, sysroot: string): void {
  const option = `--sysroot ${sysroot}`
  if (!NEEDS[topic].host)
    throw new UsageError(`${option}: ${topic} is what KVM says, and a saved tree has no KVM`, {
      try: ['leave --sysroot out', `tsvmm probe --sysroot ${sysroot}`],
    })
  if (!isDirectory(option, sysroot)) throw new UsageError(`${option} is no directory`)
  const cpus = 'devices/system/cpu'
  if (isDirectory(option, join(sysroot, 'sys', cpus))) return
  const isSys = basename(resolve(sysroot)) === 'sys' && isDirectory(option, join(sysroot, cpus))
  throw new UsageError(`${option} holds no sysfs: there is no ${join(sysroot, 'sys', cpus)}`, {
    why: 'the directory is to hold sys and proc as a machine has them in /',
    try: isSys ? [`--sysroot ${dirname(resolve(sysroot))}`] : [],
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
