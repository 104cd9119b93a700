/**
 * tsvmm as a library. Nothing native is loaded before something is asked of KVM.
 *
 * {@link runGuest} runs a guest; {@link probeHostPmus} asks what PMUs guests can have
 * here and {@link choosePmu} decides which one gets; {@link Lab}
 * is an emulated arm64 host; `ioctl` is the KVM interface itself, {@link native} what it needs.
 */
export * from './errors/index.ts'
export { GIC_KINDS, type GicKind } from './gic/kinds.ts'
export * from './host/index.ts'
export * as ioctl from './ioctl/index.ts'
export { Lab, type BootOptions, type ExecOptions, type ExecResult } from './lab/index.ts'
export { native, onCpus, type Native, type NativeMemory, type System } from './native/index.ts'
export { attachPmu, type PmuAttachment, type PmuSelection } from './pmu/attach.ts'
export { choosePmu, type PmuQuestion } from './pmu/choose.ts'
export type { GuestPmu, PmuDecision, Refusal } from './pmu/decision.ts'
export * from './pmu/events.ts'
export * from './pmu/filter.ts'
export * from './pmu/interrupt.ts'
export {
  probePmus,
  type Answer,
  type FixedCountersOnly,
  type PmuProbe,
  type PmuProbing,
  type ProbedPmu,
} from './pmu/probe.ts'
export * from './pmu/request.ts'
export { planPmu } from './vm/guest-pmu.ts'
export type { PmuPlan } from './vm/builder.ts'
export { probeHostPmus } from './vm/probe-host.ts'
export { outcomeError, type Outcome } from './vm/outcome.ts'
export { runGuest, type RunRequest, type RunResult, type RunSurroundings } from './vm/run.ts'
export type { RunStatistics } from './vm/run-loop.ts'
