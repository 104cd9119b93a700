import { expect, it } from 'vitest'
import { GIC_KINDS, type GicKind } from '../../../src/gic/kinds.ts'
import type { GuestPmu, PmuDecision, Refusal } from '../../../src/pmu/decision.ts'
import type { Outcome } from '../../../src/vm/outcome.ts'
import type { CpuRefusal } from '../../../src/vm/unsupported-cpu.ts'
import { complaints } from '../../schemas.ts'

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

const OUTCOMES: readonly Exclude<Outcome, { kind: 'interrupted' }>[] = [
  { kind: 'powered-off' },
  { kind: 'reset' },
  { kind: 'crashed' },
  { kind: 'cpu-unsupported', ...cpuRefusal },
  { kind: 'unhandled-exit', vcpu: 0, exit: 'KVM_EXIT_DEBUG' },
  { kind: 'kvm-error', vcpu: 1, errno: 22 },
  { kind: 'timeout', seconds: 0.5 },
]

const DECISIONS: readonly Exclude<PmuDecision, { kind: 'refused' }>[] = [
  { kind: 'off', reason: 'no PMU was asked for', notices: [] },
  { kind: 'host-pmu', pmu, ...guestPmu },
  { kind: 'default', pmu, ...guestPmu },
  { kind: 'fixed', ...guestPmu },
  { kind: 'none', ...refusal },
]

const run = (outcome: Outcome, decision: PmuDecision, gic: GicKind, isGood = true) => ({
  schemaVersion: 1,
  command: 'run',
  exitStatus: isGood ? 0 : 122,
  outcome,
  pmu: decision,
  gic,
  exits: { mmio: 1 },
  unmappedAccesses: 0,
  repins: { total: 0, perVcpu: [0] },
  ...(!isGood && { error: { code: 'TSVMM_GUEST', message: 'it ended', try: [], see: [] } }),
})

it.each(GIC_KINDS)('the schema of runs takes a %s', gic => {
  const [[outcome], [decision]] = [OUTCOMES, DECISIONS]
  expect(complaints('run.schema.json', run(outcome!, decision!, gic))).toEqual([])
})

it.each(OUTCOMES.flatMap(outcome => DECISIONS.map(decision => [outcome, decision] as const)))(
  'the schema of runs takes $0.kind with $1.kind',
  (outcome, decision) => {
    const isGood = outcome.kind === 'powered-off' || outcome.kind === 'reset'
    expect(complaints('run.schema.json', run(outcome, decision, 'gicv3', isGood))).toEqual([])
  },
)
