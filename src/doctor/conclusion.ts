import { EXIT_CODES } from '../errors/index.ts'
import { renderHostPmu } from '../host/index.ts'
import { decide } from './choice.ts'
import { known, runChecks, type Checked } from './check.ts'
import { CHECKS } from './checks.ts'
import type { DoctorFacts } from './facts.ts'
import { answerOf } from './kvm-part.ts'

/** What all checks come to. */
export interface Diagnosis {
  readonly checks: readonly Checked[]
  readonly exitStatus: number
  readonly canRunGuests: boolean
  /** In a sentence without its full stop. */
  readonly conclusion: string
  /** The command to type next. */
  readonly next: string
}

/** If one of these fails, there is nothing here that could be mended to run guests on. */
const WITHOUT_HOPE: readonly string[] = ['host.arch', 'kvm.present']

/** Judges the facts. The same facts always come to the same. */
export function diagnose(facts: DoctorFacts): Diagnosis {
  const checks = runChecks(CHECKS, facts)
  const failed = checks.filter(({ verdict }) => verdict === 'FAIL')
  const hopeless = failed.find(({ id }) => WITHOUT_HOPE.includes(id))
  if (hopeless !== undefined)
    return {
      checks,
      exitStatus: EXIT_CODES.skipped.status,
      canRunGuests: false,
      conclusion: `There is nothing here to run guests on: ${hopeless.found}`,
      next: 'tsvmm lab -- doctor',
    }
  if (failed.length > 0)
    return {
      checks,
      exitStatus: EXIT_CODES.failed.status,
      canRunGuests: false,
      conclusion: `No guest runs here until this is mended: ${failed.map(({ id }) => id).join(', ')}`,
      next: failed[0]?.remedy?.[0] ?? 'tsvmm doctor --json',
    }
  const { words, next } = pmuForGuests(facts)
  return {
    checks,
    exitStatus: EXIT_CODES.ok.status,
    canRunGuests: true,
    conclusion: `This machine can run guests, ${words}`,
    next,
  }
}

function pmuForGuests(facts: DoctorFacts): { words: string; next: string } {
  const host = known(facts.host)
  const probe = answerOf(facts.kvm, 'pmus')
  const cpus = host?.affinity ?? host?.online ?? []
  if (probe?.unasked)
    return {
      words: `without a PMU${probe.pmus.length === 0 ? '' : ' on the CPUs this process may use'}`,
      next: RUN_WITHOUT,
    }
  if (probe === undefined || cpus.length === 0)
    return { words: 'with which PMU is not known', next: 'tsvmm probe pmus' }
  const decision = decide(probe, cpus, host?.offline ?? [])
  switch (decision.kind) {
    case 'host-pmu':
    case 'default': {
      const others = probe.pmus.filter(({ pmu, setPmu }) => setPmu.ok && pmu !== decision.pmu)
      const names = [decision.pmu, ...others.map(({ pmu }) => pmu)].map(pmu => renderHostPmu(pmu))
      return { words: `with the PMU ${names.join(' or ')}`, next: RUN }
    }
    case 'fixed':
      return { words: 'with the cycle counter alone for a PMU', next: RUN }
    case 'none':
    case 'refused':
    case 'off':
      return { words: 'without a PMU', next: RUN_WITHOUT }
  }
}

const RUN = 'tsvmm run --pmu IMAGE'
const RUN_WITHOUT = 'tsvmm run IMAGE'
