import { BugError } from '../errors/index.ts'
import { renderHostPmu } from '../host/index.ts'
import { grant, refuse, refuseCounters, without } from './answers.ts'
import { chooseDefault, chooseFixed, chooseNamed } from './choose-explicit.ts'
import type { PmuDecision } from './decision.ts'
import { bareCpus, covers, inOrder, objectionTo, renderAnswer, renderUsed, share } from './judge.ts'
import type { PmuQuestion } from './question.ts'

export type { PmuQuestion } from './question.ts'

/**
 * Decides what PMU a guest gets. `auto`: the host PMU that covers all CPUs the vCPUs may use; else
 * FIXED_COUNTERS_ONLY; else, as the fallback says, the PMU with the most of these CPUs and the
 * vCPUs kept to them, or none. Any other mode is a wish that is met or refused. With a PMU that
 * does not cover a vCPU's CPU, KVM_RUN fails there with CPU_UNSUPPORTED.
 *
 * The same question always has the same answer; the order of CPUs and PMUs does not matter.
 *
 * @throws {@link BugError} if no CPU is allowed
 * @see docs/pmu.md; Documentation/virt/kvm/devices/vcpu.rst 1.4 (v7.3)
 */
export function choosePmu(given: PmuQuestion): PmuDecision {
  if (given.allowedCpus.length === 0) throw new BugError('a PMU was to be chosen for no CPU')
  const question = {
    ...given,
    allowedCpus: [...new Set(given.allowedCpus)].sort((a, b) => a - b),
    probe: { ...given.probe, pmus: inOrder(given.probe.pmus) },
  }
  const { mode } = question.request
  if (mode.kind === 'off') return { kind: 'off', reason: 'no PMU was asked for', notices: [] }
  const missing = noPmuAtAll(question) ?? unmetWish(question)
  if (missing !== undefined) return missing
  switch (mode.kind) {
    case 'auto':
      return chooseAuto(question)
    case 'fixed':
      return chooseFixed(question)
    case 'default':
      return chooseDefault(question)
    case 'named':
      return chooseNamed(question, mode.name)
  }
}

function noPmuAtAll(question: PmuQuestion): PmuDecision | undefined {
  const { probe } = question
  if (probe.pmus.length === 0)
    return without(
      question,
      'NONE_ON_HOST',
      'the host has no core PMU: no entry of /sys/bus/event_source/devices has CPUs',
    )
  if (!probe.pmuV3)
    return without(
      question,
      'UNSUPPORTED',
      'KVM of this host has no PMU for guests (KVM_CAP_ARM_PMU_V3 is 0)',
    )
  const { mode } = question.request
  if ((mode.kind === 'auto' || mode.kind === 'default') && isNowhere(question))
    return without(
      question,
      'NO_COMMON',
      `no PMU of the host covers any of the ${renderUsed(question)}`,
    )
  return undefined
}

/** Whether no allowed CPU has a PMU. */
function isNowhere(question: PmuQuestion): boolean {
  return bareCpus(question).length === question.allowedCpus.length
}

/** What the kernel lacks of a wish, whichever PMU is taken. */
function unmetWish(question: PmuQuestion): PmuDecision | undefined {
  const { probe, request } = question
  if (request.counters !== undefined && !probe.setNrCounters.ok)
    return refuse(question, 'COUNTERS', {
      reason: `this kernel cannot limit the counters (--pmu-counters ${request.counters}): ${renderAnswer(probe.setNrCounters)}`,
      suggestions: [`leave --pmu-counters ${request.counters} out`],
    })
  if (request.filter !== undefined && !probe.filter.ok)
    return refuse(question, 'FILTER', {
      reason: `this kernel takes no event filter (--pmu-filter): ${renderAnswer(probe.filter)}`,
      suggestions: ['leave --pmu-filter out'],
    })
  if (request.strict === 'on' && !probe.strict.ok)
    return refuse(question, 'STRICT', {
      reason: `this kernel has no STRICT (--pmu-strict=on): ${renderAnswer(probe.strict)}`,
      suggestions: ['--pmu-strict=auto'],
    })
  return undefined
}

function chooseAuto(question: PmuQuestion): PmuDecision {
  const { allowedCpus, probe, request } = question
  const judged = probe.pmus.map(probed => ({
    probed,
    objection: objectionTo(question, probed),
  }))
  const best = judged.find(({ objection }) => objection === undefined)?.probed
  if (best !== undefined)
    return grant(question, best, `${renderHostPmu(best.pmu)} covers all ${renderUsed(question)}`)

  const uncovered = `no PMU of the host covers all ${renderUsed(question)}`
  const fixed = chooseFixed(question)
  // Worth a word only where the kernel has it.
  const none =
    probe.fixedCountersOnly.is === 'available' ? `${uncovered}, and ${fixed.reason}` : uncovered
  if (fixed.kind === 'fixed')
    return { ...fixed, reason: `${uncovered}, and FIXED_COUNTERS_ONLY works on each of them` }

  const widest = judged
    .filter(({ objection }) => objection?.kind === 'cpus')
    .map(({ probed }) => ({ probed, size: share(probed.pmu, allowedCpus).length }))
    .sort((a, b) => b.size - a.size)[0]
  const short = judged.filter(({ objection }) => objection?.kind === 'counters')
  const few =
    short.find(({ probed }) => covers(probed.pmu, allowedCpus)) ??
    (widest === undefined
      ? short.find(({ probed }) => share(probed.pmu, allowedCpus).length > 0)
      : undefined)
  if (few?.objection !== undefined) return refuseCounters(question, few.probed, few.objection)
  if (request.fallback === 'pin' && widest !== undefined && widest.size > 0)
    return grant(
      question,
      widest.probed,
      `${none}, and of those that would do ${renderHostPmu(widest.probed.pmu)} covers the most`,
    )
  return without(question, 'NO_COMMON', none)
}
