import { BugError, PmuError } from '../errors/index.ts'
import type { KvmFd } from '../ioctl/index.ts'
import type { System } from '../native/index.ts'
import { choosePmu } from '../pmu/choose.ts'
import type { PmuDecision } from '../pmu/decision.ts'
import { checkFilter } from '../pmu/filter.ts'
import { renderPmuMode, type PmuRequest } from '../pmu/request.ts'
import type { AllowedCpus } from './allowed-cpus.ts'
import type { PmuPlan } from './builder.ts'
import { probeWith } from './probe-host.ts'

/**
 * What PMU the guest gets on this host, after asking KVM on scratch VMs what it takes.
 *
 * @throws {PmuError} what was asked for cannot be had
 * @throws {UsageError} the filter names events that no PMU of the host has
 */
export function decidePmu(
  request: PmuRequest,
  allowed: AllowedCpus,
  system: System,
  kvm: KvmFd,
): PmuDecision {
  if (request.mode.kind === 'off')
    return { kind: 'off', reason: 'no PMU was asked for', notices: [] }
  const probe = probeWith(system, kvm)
  if (request.filter !== undefined && probe.filterEvents !== undefined)
    checkFilter(request.filter, probe.filterEvents)
  const decision = choosePmu({
    allowedCpus: allowed.cpus,
    affinityGiven: allowed.given,
    probe,
    request,
  })
  if (decision.kind === 'refused') throw refusal(decision, request)
  return decision
}

function refusal(
  decision: Extract<PmuDecision, { kind: 'refused' }>,
  { mode, counters, filter, strict }: PmuRequest,
): PmuError {
  const wished = counters !== undefined || filter !== undefined || strict === 'on'
  const others = decision.perPmu.filter(({ reason }) => reason !== decision.reason)
  return new PmuError(decision.problem, `${renderPmuMode(mode)}: ${decision.reason}`, {
    ...(others.length > 0 && { why: others.map(({ reason }) => reason).join('; ') }),
    // Beside these wishes it would be a contradiction.
    try: wished ? decision.suggestions : [...decision.suggestions, '--pmu=off'],
  })
}

/** What the builder has to do for a decision; nothing where the guest gets no PMU. */
export function planPmu(decision: PmuDecision, request: PmuRequest): PmuPlan | undefined {
  const { counters, filter, interrupt } = request
  switch (decision.kind) {
    case 'off':
    case 'none':
      return undefined
    case 'refused':
      throw new BugError(`a refused PMU was to be attached: ${decision.reason}`)
    case 'host-pmu':
    case 'fixed':
    case 'default':
      return {
        selection:
          decision.kind === 'host-pmu'
            ? { kind: decision.kind, type: decision.pmu.type }
            : { kind: decision.kind },
        cpus: decision.cpus,
        strict: decision.strict,
        counters,
        filter,
        interrupt,
      }
  }
}
