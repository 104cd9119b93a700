import { BugError, HostError, PmuError, TsvmmError } from '../errors/index.ts'
import { coreTypeOf, readCores, readHostCpus, readHostPmus, type HostTree } from '../host/index.ts'
import { choosePmu } from '../pmu/choose.ts'
import type { PmuDecision } from '../pmu/decision.ts'
import { checkFilter } from '../pmu/filter.ts'
import type { PmuProbe } from '../pmu/probe.ts'
import { isWished, renderPmuMode, type PmuRequest } from '../pmu/request.ts'
import type { AllowedCpus } from './allowed-cpus.ts'
import type { PmuPlan } from './builder.ts'
import { probeWith, type ProbedHost } from './probe-host.ts'

/**
 * What PMU the guest gets on this host, after asking KVM on scratch VMs what it takes; `onProbe` is
 * told what it said.
 *
 * @throws {PmuError} what was asked for cannot be had
 * @throws {UsageError} the filter names events that no PMU of the host has
 */
export function decidePmu(
  request: PmuRequest,
  allowed: AllowedCpus,
  host: ProbedHost,
  onProbe: (probe: PmuProbe) => void = () => undefined,
): PmuDecision {
  if (request.mode.kind === 'off')
    return { kind: 'off', reason: 'no PMU was asked for', notices: [] }
  const probe = tryToProbe(request, host)
  if ('kind' in probe) return probe
  onProbe(probe)
  if (request.filter !== undefined && probe.filterEvents !== undefined)
    checkFilter(request.filter, probe.filterEvents)
  const decision = choosePmu({
    allowedCpus: allowed.cpus,
    affinityGiven: allowed.given,
    offlineCpus: offlineCpus(host.tree),
    probe,
    request,
  })
  if (decision.kind === 'refused') throw refusal(decision, request)
  return decision
}

/** Nothing where sysfs does not say: it is for better advice only. */
function offlineCpus(tree?: HostTree): readonly number[] {
  try {
    const { possible, online } = readHostCpus(tree)
    return possible.filter(cpu => !online.includes(cpu))
  } catch (error) {
    if (error instanceof HostError) return []
    throw error
  }
}

/** Who did not ask for a PMU gets a guest without one rather than no guest. */
function tryToProbe(request: PmuRequest, host: ProbedHost): PmuProbe | PmuDecision {
  try {
    return probeWith(host)
  } catch (error) {
    const optional = request.mode.kind === 'auto' && request.fallback === 'none'
    if (!optional || isWished(request) || !(error instanceof TsvmmError)) throw error
    if (error instanceof BugError) throw error
    return {
      kind: 'none',
      problem: 'UNSUPPORTED',
      reason: `what PMU a guest can have could not be found out: ${error.message}`,
      notices: [],
      perPmu: [],
      suggestions: [],
    }
  }
}

function refusal(
  decision: Extract<PmuDecision, { kind: 'refused' }>,
  request: PmuRequest,
): PmuError {
  const others = decision.perPmu.filter(({ reason }) => reason !== decision.reason)
  return new PmuError(decision.problem, `${renderPmuMode(request.mode)}: ${decision.reason}`, {
    ...(others.length > 0 && { why: others.map(({ reason }) => reason).join('; ') }),
    // Beside these wishes it would be a contradiction.
    try: isWished(request) ? decision.suggestions : [...decision.suggestions, '--pmu=off'],
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

/** For a sentence only: what sysfs does not say must not end a run. */
function describeCpu(cpu: number): string | undefined {
  try {
    return coreTypeOf({ cores: readCores(), pmus: readHostPmus() }, cpu)
  } catch (error) {
    if (error instanceof HostError) return undefined
    throw error
  }
}

/** What the run loop needs to know of the PMU when a vCPU is on a CPU without it. */
export function describePmu(pmu: PmuDecision) {
  if (!('cpus' in pmu)) return {}
  return {
    supportedCpus: pmu.cpus,
    describeCpu,
    ...('pmu' in pmu && { pmuName: pmu.pmu.name, pmuCpus: pmu.pmu.cpus }),
  }
}
