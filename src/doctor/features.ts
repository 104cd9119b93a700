import { isAtLeast, type KernelVersion } from '../host/kernel.ts'
import { known, pass, type Finding } from './check.ts'
import type { DoctorFacts } from './facts.ts'
import { KERNEL_FEATURES, type KernelFeature } from './kernel-features.ts'
import { answerOf } from './kvm-part.ts'

/** Why a feature may be absent, in the order in which it is said. */
const REASONS = [
  'came with later kernels',
  'in no released kernel',
  'not on this machine',
  'absent',
  'missing',
] as const

/** What KVM has of the table, and where that is more or less than its version promises. */
export function judgeFeatures(facts: DoctorFacts): Finding {
  const version = known(facts.kernel)?.version
  const having = (wanted: boolean) =>
    KERNEL_FEATURES.filter(feature => has(feature, facts.kvm) === wanted)
  const absent = (reason: (typeof REASONS)[number]) =>
    having(false).filter(feature => whyAbsent(feature, version) === reason)
  const early = having(true).filter(({ since }) => version && !isIn(version, since))
  const less = absent('missing')
  const found = [
    `${having(true).length} of ${KERNEL_FEATURES.length}`,
    ...list('earlier than in Linux of that version', early),
    ...REASONS.flatMap(reason => list(reason, absent(reason))),
  ].join('; ')
  if (less.length === 0) return pass(found)
  return {
    verdict: 'WARN',
    found,
    why: 'a kernel of this version has what is missing: this one is not the Linux its version says',
    remedy: ['tsvmm probe caps', 'boot a kernel of the distribution, or ask who made this one'],
    see: ['docs/kernel-features.md'],
  }
}

/** Whether KVM has it; undefined where it could not be asked. */
function has({ ask }: KernelFeature, kvm: DoctorFacts['kvm']): boolean | undefined {
  if ('capability' in ask) {
    const capabilities = answerOf(kvm, 'capabilities')
    return (
      capabilities && (capabilities.find(({ name }) => name === ask.capability)?.value ?? 0) > 0
    )
  }
  if ('gic' in ask)
    return answerOf(kvm, 'vms')?.gics.some(({ name, available }) => name === ask.gic && available)
  const pmus = answerOf(kvm, 'pmus')
  if (pmus === undefined || pmus.unasked || !pmus.pmuV3) return undefined
  if ('attribute' in ask) return pmus[ask.attribute].ok
  return ask.only === 'strict' ? pmus.strict.ok : pmus.fixedCountersOnly.is === 'available'
}

function whyAbsent(
  { since, takes }: KernelFeature,
  version: KernelVersion | undefined,
): (typeof REASONS)[number] {
  if (since === undefined) return 'in no released kernel'
  if (version === undefined) return 'absent'
  if (!isIn(version, since)) return 'came with later kernels'
  return takes === undefined ? 'missing' : 'not on this machine'
}

/** Whether Linux of a version has what came with another. */
function isIn(version: KernelVersion, since: KernelVersion | undefined): boolean {
  return since !== undefined && isAtLeast(version, since)
}

function list(words: string, features: readonly KernelFeature[]): string[] {
  return features.length === 0 ? [] : [`${words}: ${features.map(renderFeature).join(', ')}`]
}

/** `SET_NR_COUNTERS (6.16)`. */
function renderFeature({ symbol, since }: KernelFeature): string {
  const name = symbol.replace(/^KVM_(CAP_(ARM_)?|ARM_VCPU_PMU_V3_|DEV_TYPE_ARM_)/, '')
  return since === undefined ? name : `${name} (${since.join('.')})`
}
