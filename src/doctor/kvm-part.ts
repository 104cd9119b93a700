import { TsvmmError } from '../errors/index.ts'
import { partOf } from '../look/facts.ts'
import type { KvmFacts, KvmPart } from '../vm/look.ts'
import { unknown, type Finding } from './check.ts'
import type { DoctorFacts } from './facts.ts'

/** What KVM said in a part. */
type Said<Part extends KvmPart> = Exclude<NonNullable<KvmFacts[Part]>, TsvmmError>

/** What KVM said in a part; undefined if it did not. */
export function answerOf<Part extends KvmPart>(
  kvm: DoctorFacts['kvm'],
  part: Part,
): Said<Part> | undefined {
  const answer = partOf(kvm, part)
  return answer instanceof TsvmmError ? undefined : (answer as Said<Part> | undefined)
}

export const NOT_ASKED: Finding = { verdict: 'SKIP', found: 'not known: KVM was not asked' }

/** A judgement of a part of what KVM said; where it did not say it, the check says why. */
export function withPart<Part extends KvmPart>(
  { kvm }: DoctorFacts,
  part: Part,
  judge: (answer: Said<Part>) => Finding,
): Finding {
  const error = partOf(kvm, part)
  if (error instanceof TsvmmError) return unknown(error)
  const answer = answerOf(kvm, part)
  return answer === undefined ? NOT_ASKED : judge(answer)
}
