import { TsvmmError } from '../errors/index.ts'
import type { DoctorFacts, Known } from './facts.ts'

/** PASS: nothing to do. WARN: guests run, but. FAIL: none does. SKIP: not judged. */
export type Verdict = 'PASS' | 'WARN' | 'FAIL' | 'SKIP'

/** What a check found. */
export interface Finding {
  readonly verdict: Verdict
  /** What is there, in a line. */
  readonly found: string
  readonly why?: string | undefined
  /** Commands to paste, or one sentence each. */
  readonly remedy?: readonly string[]
  /** Kernel file and section, or Arm document. */
  readonly see?: readonly string[]
}

/** One precondition. */
export interface Check<Id extends string = string> {
  /** Stable: part of the interface. */
  readonly id: Id
  /** What it is about, for the documentation. */
  readonly about: string
  /** Ids of earlier checks without which this one has nothing to judge. */
  readonly needs: readonly string[]
  readonly judge: (facts: DoctorFacts) => Finding
}

/** A check and what it found. */
export interface Checked extends Finding {
  readonly id: string
  /** The check that is to be mended before this one can be judged. */
  readonly blockedBy?: string
}

/** All checks in their order; one whose precondition failed or was skipped is skipped and says so. */
export function runChecks(checks: readonly Check[], facts: DoctorFacts): Checked[] {
  const checked: Checked[] = []
  for (const { id, needs, judge } of checks) {
    const missing = checked.find(
      ({ id, verdict }) => needs.includes(id) && (verdict === 'FAIL' || verdict === 'SKIP'),
    )
    checked.push({ id, ...(missing ? skipped(missing) : judge(facts)) })
  }
  return checked
}

function skipped({ id, blockedBy = id }: Checked): Omit<Checked, 'id'> {
  return { verdict: 'SKIP', found: `needs ${blockedBy}`, blockedBy }
}

export function pass(found: string): Finding {
  return { verdict: 'PASS', found }
}

/** A judgement of a fact; where that is not known, the check says why. */
export function withKnown<T>(fact: Known<T>, judge: (fact: T) => Finding): Finding {
  return fact instanceof TsvmmError ? unknown(fact) : judge(fact)
}

/** What an error says is wrong. */
export function failed({ message, why, try: remedy, see }: TsvmmError): Finding {
  return { verdict: 'FAIL', found: message, why, remedy, see }
}

/** What cannot be judged since it cannot be read. */
export function unknown(error: TsvmmError): Finding {
  return { ...failed(error), verdict: 'SKIP', found: `not known: ${error.message}` }
}

/** A fact that only adds to what a check says. */
export function known<T>(fact: Known<T>): T | undefined {
  return fact instanceof TsvmmError ? undefined : fact
}
