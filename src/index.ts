/**
 * tsvmm as a library. Nothing native is loaded before something is asked of KVM.
 *
 * {@link runGuest} runs a guest; {@link choosePmu} decides which host PMU one can have; {@link Lab}
 * is an emulated arm64 host; `ioctl` is the KVM interface itself, {@link native} what it needs.
 */
export * from './errors/index.ts'
export * from './host/index.ts'
export * as ioctl from './ioctl/index.ts'
export { Lab, type BootOptions, type ExecOptions, type ExecResult } from './lab/index.ts'
export { native, type Native, type NativeMemory, type System } from './native/index.ts'
export { attachPmu } from './pmu/attach.ts'
export { choosePmu, type PmuDecision, type PmuQuestion, type PmuRequest } from './pmu/choose.ts'
export { outcomeError, type Outcome } from './vm/outcome.ts'
export { runGuest, type RunRequest, type RunResult, type RunSurroundings } from './vm/run.ts'
export type { RunStatistics } from './vm/run-loop.ts'
