import { statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { UsageError } from '../errors/index.ts'
import { DiskTree, type HostTree } from '../host/index.ts'
import { NEEDS, type AskKvm, type ProbeTopic } from '../look/facts.ts'
import type { SavedAbout } from '../look/saved.ts'
import type { CliContext } from './context.ts'
import { requireName, wordsOf } from './open-output.ts'
import type { ProbeOptions } from './probe.ts'
import { keepInputs } from './taken-files.ts'

/** A machine to look at. */
export interface ProbeSource {
  readonly tree: HostTree
  /** Undefined if KVM is not to be asked. */
  readonly askKvm: AskKvm | undefined
  /** What `--sysroot` or `--from` named; undefined for this machine. */
  readonly name?: string
  readonly about?: SavedAbout
}

/**
 * The machine that the options mean.
 *
 * @throws {UsageError} `--sysroot` or `--from` is none, or cannot answer
 */
export async function openSource(
  topic: ProbeTopic,
  { sysroot, from }: ProbeOptions,
  context: CliContext,
): Promise<ProbeSource> {
  if (sysroot !== undefined && from !== undefined)
    throw new UsageError('--sysroot and --from name a machine each', {
      try: [`--sysroot ${sysroot}`, `--from ${from}`],
    })
  if (sysroot !== undefined) {
    requireName('--sysroot', sysroot, 'directory')
    checkSysroot(topic, sysroot)
    return { tree: new DiskTree(sysroot), askKvm: undefined, name: sysroot }
  }
  if (from !== undefined) {
    keepInputs({ '--from': from })
    return (await import('./probe-saved.ts')).openSaved(topic, from, context)
  }
  return { tree: new DiskTree(), askKvm }
}

/** Loaded late: without KVM nothing of it is wanted. */
const askKvm: AskKvm = async parts => (await import('../vm/look.ts')).lookAtKvm(parts)

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
  const isSys = basename(resolve(sysroot)) === 'sys' && isDirectory(option, join(sysroot, cpus))
  throw new UsageError(`${option} holds no sysfs: there is no ${join(sysroot, 'sys', cpus)}`, {
    why: 'the directory is to hold sys and proc as a machine has them in /',
    try: isSys ? [`--sysroot ${dirname(resolve(sysroot))}`] : [],
  })
}

/** @throws {UsageError} nobody can tell */
export function isDirectory(option: string, path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
  } catch (cause) {
    throw new UsageError(`${option} cannot be looked at`, {
      why: wordsOf(cause),
      try: [`ls -ld ${path}`],
      cause,
    })
  }
}
