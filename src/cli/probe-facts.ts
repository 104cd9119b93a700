import { join } from 'node:path'
import { BugError, TsvmmError } from '../errors/index.ts'
import { readAffinity } from '../host/affinity.ts'
import {
  describeHost,
  readHostCpus,
  type HostFacts,
  type HostPmu,
  type HostPmuDetails,
} from '../host/index.ts'
import { renderPart } from '../host/midr.ts'
import type { KvmFacts, KvmPart } from '../vm/look.ts'
import type { ProbeTopic } from './probe.ts'

/** All that was found out. What a topic does not need is not there. */
export interface Probed {
  readonly topic: ProbeTopic
  readonly sysroot?: string | undefined
  readonly host?: HostFacts | undefined
  /** The error: why KVM could not be asked. Undefined: it was not to be asked. */
  readonly kvm?: KvmFacts | TsvmmError | undefined
}

/** What a topic is about. */
export const NEEDS: Readonly<Record<ProbeTopic, { host: boolean; kvm: readonly KvmPart[] }>> = {
  pmus: { host: true, kvm: ['pmus'] },
  cpus: { host: true, kvm: [] },
  caps: { host: false, kvm: ['capabilities'] },
  gic: { host: false, kvm: ['vms'] },
  all: { host: true, kvm: ['pmus', 'capabilities', 'vms'] },
}

/** @throws {HostError} `TSVMM_HOST_SYSFS` */
export async function look(topic: ProbeTopic, sysroot: string | undefined): Promise<Probed> {
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
export function reasonForNothing({ topic, host, kvm }: Probed): TsvmmError | undefined {
  if (host !== undefined) return undefined
  const answers = NEEDS[topic].kvm.map(part => partOf(kvm, part))
  return answers.find(answer => answer instanceof TsvmmError)
}

/** What KVM said in a part, or why it did not. */
export function partOf<Part extends KvmPart>(
  kvm: Probed['kvm'],
  part: Part,
): KvmFacts[Part] | TsvmmError | undefined {
  return kvm instanceof TsvmmError ? kvm : kvm?.[part]
}

/** The PMU of a CPU. */
export function pmuOf({ pmus }: HostFacts, cpu: number): HostPmuDetails | undefined {
  return pmus.find(({ cpus }) => cpus.includes(cpu))
}

/** The kinds of core that have a PMU, as far as they are known. */
export function coresOf({ cores }: HostFacts, { cpus }: HostPmu): string[] {
  const midrs = cores.flatMap(({ cpu, midr }) =>
    midr !== undefined && cpus.includes(cpu) ? [renderPart(midr)] : [],
  )
  return [...new Set(midrs)]
}
