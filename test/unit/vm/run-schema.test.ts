import { expect, it } from 'vitest'
import { renderRunJson } from '../../../src/cli/run-json.ts'
import { InterruptedError } from '../../../src/errors/index.ts'
import { GIC_KINDS } from '../../../src/gic/kinds.ts'
import type { GuestPmu, PmuDecision, Refusal } from '../../../src/pmu/decision.ts'
import { outcomeError, type Outcome } from '../../../src/vm/outcome.ts'
import type { RunResult } from '../../../src/vm/run.ts'
import type { CpuRefusal } from '../../../src/vm/unsupported-cpu.ts'
import { locate } from '../../../src/vm/whereabouts.ts'
import { complaints } from '../../schemas.ts'
import { madeState } from '../vcpu/made-state.ts'

/* With all fields that the types have, so that the schema cannot forget one. */

const pmu = { name: 'armv8_cortex_a53', type: 8, cpus: [0, 1] }

const cpuRefusal: Required<CpuRefusal> = {
  vcpu: 0,
  cpu: 2,
  core: 'Cortex-A72',
  pmu: pmu.name,
  pmuCpus: pmu.cpus,
  supportedCpus: [0],
  repinProblem: 'it is offline',
}

const guestPmu: Required<GuestPmu> = {
  reason: 'it was asked for',
  notices: ['one'],
  cpus: [0, 1],
  pinned: true,
  strict: false,
  counters: 6,
}

const refusal: Required<Refusal> = {
  reason: 'none covers all',
  notices: [],
  problem: 'NO_COMMON',
  perPmu: [{ pmu, reason: 'it lacks CPU 2' }],
  suggestions: ['--vcpu-affinity 0-1'],
}

const OUTCOMES: readonly Outcome[] = [
  { kind: 'powered-off' },
  { kind: 'exited', status: 255 },
  { kind: 'reset' },
  { kind: 'guest-panic', by: 'kvm' },
  { kind: 'cpu-unsupported', ...cpuRefusal },
  { kind: 'guest-error', vcpu: 0, problem: 'KVM_EXIT_DEBUG', address: 0x0100_0000n },
  { kind: 'kvm-error', vcpu: 1, errno: 22 },
  { kind: 'timeout', seconds: 0.5 },
  { kind: 'interrupted', reason: new InterruptedError('SIGTERM') },
]

const DECISIONS: readonly Exclude<PmuDecision, { kind: 'refused' }>[] = [
  { kind: 'off', reason: 'no PMU was asked for', notices: [] },
  { kind: 'host-pmu', pmu, ...guestPmu },
  { kind: 'default', pmu, ...guestPmu },
  { kind: 'fixed', ...guestPmu },
  { kind: 'none', ...refusal },
]

/** One that has taken an exception, of an instruction that is known; one that has nothing. */
const PLACES = [
  locate(madeState({ ESR_EL1: 0x9600_0010n }), () => Buffer.from('e00340f9e00340f9', 'hex')),
  locate(madeState({}), () => undefined),
]

const good: RunResult = {
  outcome: { kind: 'powered-off' },
  pmu: { kind: 'off', reason: 'no PMU was asked for', notices: [] },
  gic: 'gicv3',
  resets: 0,
  statistics: {
    exits: { mmio: 1 },
    perVcpu: [{ exits: { mmio: 1 }, cpuMs: 7 }, { exits: {} }],
    unmappedAccesses: 0,
    repins: { total: 0, perVcpu: [0] },
  },
  vcpus: [],
}

/** What the schema has against the JSON of a run. */
function complaintsOf(result: RunResult): string[] {
  const json = renderRunJson(result, outcomeError(result.outcome, result))
  return complaints('run.schema.json', JSON.parse(json))
}

it.each(GIC_KINDS)('the schema of runs takes a %s', gic => {
  expect(complaintsOf({ ...good, gic })).toEqual([])
})

it.each(OUTCOMES.flatMap(outcome => DECISIONS.map(decision => [outcome, decision] as const)))(
  'the schema of runs takes $0.kind with $1.kind',
  (outcome, decision) => {
    const vcpus = outcome.kind === 'powered-off' ? [] : PLACES
    expect(
      complaintsOf({ ...good, outcome, pmu: decision, vcpus, panicMessage: 'Kernel panic' }),
    ).toEqual([])
  },
)
