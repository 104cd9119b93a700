import { constants, createReadStream, openSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { addAbortSignal, type Readable } from 'node:stream'
import { UsageError } from '../errors/index.ts'
import { MemoryTree, RecordingTree } from '../host/index.ts'
import { answeredBefore, lookAt, NEEDS, partOf, type ProbeTopic } from '../look/facts.ts'
import { decodeMachine, encodeMachine, MAX_SAVED_SIZE } from '../look/saved.ts'
import type { CliContext } from './context.ts'
import { wordsOf } from './open-output.ts'
import { packageJson } from './package-json.ts'
import { isDirectory, type ProbeSource } from './probe-source.ts'

/** All there is of a machine, asked once: the same answers again, and the text of `--save`. */
export async function lookAtAll(
  source: ProbeSource,
): Promise<{ readonly source: ProbeSource; readonly saved: string }> {
  const tree = new RecordingTree(source.tree)
  const { kvm } = await lookAt('all', tree, source.askKvm)
  const { about } = source
  const saved = encodeMachine({
    tsvmm: packageJson.version,
    ...(about && { about }),
    files: tree.files,
    ...(kvm && { kvm }),
  })
  return { source: { ...source, askKvm: kvm && answeredBefore(kvm) }, saved }
}

/**
 * A machine that was saved.
 *
 * @throws {UsageError} it is none, or has no answer
 */
export async function openSaved(
  topic: ProbeTopic,
  from: string,
  context: CliContext,
): Promise<ProbeSource> {
  const option = `--from ${from}`
  const name = from === '-' ? 'stdin' : from
  const { files, kvm, about } = decodeMachine(await readSaved(option, from, context), option)
  const isAnswered = NEEDS[topic].kvm.some(part => partOf(kvm, part) !== undefined)
  if (!NEEDS[topic].host && !isAnswered)
    throw new UsageError(`${option}: ${topic} is what KVM says, and no answers of it were saved`)
  return {
    tree: new MemoryTree(files, name),
    askKvm: kvm && answeredBefore(kvm),
    name,
    ...(about && { about }),
  }
}

async function readSaved(option: string, from: string, context: CliContext): Promise<string> {
  if (from === '') throw new UsageError('--from names no file', { try: ['--from FILE'] })
  if (from !== '-' && isDirectory(option, from))
    throw new UsageError(`${option} is a directory`, { try: [`--sysroot ${from}`] })
  try {
    const stream = from === '-' ? context.stdin : openStream(from)
    return await readAll(addAbortSignal(context.signal, stream), option)
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    context.signal.throwIfAborted()
    throw new UsageError(`${option} cannot be read`, {
      why: wordsOf(cause),
      try: ['--from FILE    # one that tsvmm probe --save wrote'],
      cause,
    })
  }
}

/** Opening a pipe waits for who writes to it, and Node cannot be ended meanwhile. */
function openStream(path: string): Readable {
  if (!statSync(path).isFIFO()) return createReadStream(path)
  return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) })
}

async function readAll(stream: Readable, option: string): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MAX_SAVED_SIZE)
      throw new UsageError(
        `${option} has more than ${MAX_SAVED_SIZE / 2 ** 20} MiB, which no saved machine has`,
      )
  }
  return Buffer.concat(chunks).toString()
}
