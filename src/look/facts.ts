import { BugError, TsvmmError } from '../errors/index.ts'
import {
  describeHost,
  type HostFacts,
  type HostPmu,
  type HostPmuDetails,
  type HostTree,
} from '../host/index.ts'
import { renderPart } from '../host/midr.ts'
import type { KvmFacts, KvmPart } from '../vm/look.ts'
import type { SavedAbout } from './saved.ts'

/** What can be asked for. */
export const PROBE_TOPICS = ['pmus', 'cpus', 'caps', 'gic', 'all'] as const

export type ProbeTopic = (typeof PROBE_TOPICS)[number]

/** What is known of a machine, as far as it was asked for: plain data, but for the errors. */
export interface Machine {
  readonly host?: HostFacts | undefined
  /** The error: why KVM could not be asked. Undefined: it was not to be asked. */
  readonly kvm?: KvmFacts | TsvmmError | undefined
}

/** The answer to a question. */
export interface Probed extends Machine {
  readonly topic: ProbeTopic
  /** Where it is read from, if it is not this machine: `--sysroot`, `--from`. */
  readonly source?: string | undefined
  /** What a saved machine says of itself. */
  readonly about?: SavedAbout | undefined
}

/** What a topic is about. */
export const NEEDS: Readonly<Record<ProbeTopic, { host: boolean; kvm: readonly KvmPart[] }>> = {
  pmus: { host: true, kvm: ['pmus', 'guests'] },
  cpus: { host: true, kvm: [] },
  caps: { host: false, kvm: ['capabilities'] },
  gic: { host: false, kvm: ['vms'] },
  all: { host: true, kvm: ['pmus', 'guests', 'capabilities', 'vms'] },
}

/** Asks the KVM of the machine we run on. */
export type AskKvm = (parts: readonly KvmPart[]) => KvmFacts | Promise<KvmFacts>

/**
 * Looks at a machine.
 *
 * @param askKvm left out: the machine is not this one
 * @throws {HostError} `TSVMM_HOST_SYSFS`
 */
export async function lookAt(
  topic: ProbeTopic,
  tree: HostTree,
  askKvm: AskKvm | undefined,
): Promise<Machine> {
  const { host, kvm } = NEEDS[topic]
  return {
    host: host ? describeHost(tree) : undefined,
    kvm: askKvm && kvm.length > 0 ? await tryKvm(askKvm, kvm) : undefined,
  }
}

/** The half that needs KVM: what it says, or why it does not. */
export async function tryKvm(
  askKvm: AskKvm,
  parts: readonly KvmPart[],
): Promise<KvmFacts | TsvmmError> {
  try {
    return await askKvm(parts)
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
  kvm: Machine['kvm'],
  part: Part,
): KvmFacts[Part] | TsvmmError | undefined {
  return kvm instanceof TsvmmError ? kvm : kvm?.[part]
}

/** What KVM said in a part, if it did. */
export function goodPart<Part extends KvmPart>(
  { kvm }: Machine,
  part: Part,
): Exclude<KvmFacts[Part], TsvmmError | undefined> | undefined {
  const answer = partOf(kvm, part)
  return answer instanceof TsvmmError
    ? undefined
    : (answer as Exclude<KvmFacts[Part], TsvmmError | undefined> | undefined)
}

/** Answers that were given already, as if KVM was asked now. */
export function answeredBefore(kvm: KvmFacts | TsvmmError): AskKvm {
  return parts => {
    if (kvm instanceof TsvmmError) return Promise.reject(kvm)
    const wanted = parts.flatMap(part => (kvm[part] === undefined ? [] : [[part, kvm[part]]]))
    return Promise.resolve({ apiVersion: kvm.apiVersion, ...Object.fromEntries(wanted) })
  }
}

/** The PMU of a CPU. */
export function pmuOf({ pmus }: HostFacts, cpu: number): HostPmuDetails | undefined {
  return pmus.find(({ cpus }) => cpus.includes(cpu))
}

/** The kinds of core that have a PMU, as far as they are known. */
export function coresOf({ cores }: HostFacts, pmu: Pick<HostPmu, 'cpus'>): string[] {
  const cpus = new Set(pmu.cpus)
  const midrs = cores.flatMap(({ cpu, midr }) =>
    midr !== undefined && cpus.has(cpu) ? [renderPart(midr)] : [],
  )
  return [...new Set(midrs)]
}
