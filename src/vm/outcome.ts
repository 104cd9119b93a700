import { GuestError, IoctlError, TimeoutError, type TsvmmError } from '../errors/index.ts'

/** How a run ended. */
export type Outcome =
  /** PSCI SYSTEM_OFF. */
  | { readonly kind: 'powered-off' }
  /** PSCI SYSTEM_RESET. */
  | { readonly kind: 'reset' }
  /** The guest said that it crashed. */
  | { readonly kind: 'crashed' }
  /** A vCPU thread was on a CPU that the VM's PMU does not cover. */
  | { readonly kind: 'cpu-unsupported'; readonly vcpu: number; readonly cpu: number }
  /** KVM_RUN came back with something tsvmm cannot go on from. */
  | { readonly kind: 'unhandled-exit'; readonly vcpu: number; readonly exit: string }
  /** KVM_RUN failed; `errno` is positive. */
  | { readonly kind: 'kvm-error'; readonly vcpu: number; readonly errno: number }
  | { readonly kind: 'timeout'; readonly seconds: number }
  /** Somebody ended the run from outside: what `AbortSignal` gave as its reason. */
  | { readonly kind: 'interrupted'; readonly reason: TsvmmError }

/** The error an outcome amounts to; none if the guest ended the way a guest should. */
export function outcomeError(outcome: Outcome): TsvmmError | undefined {
  switch (outcome.kind) {
    case 'powered-off':
    case 'reset':
      return undefined
    case 'crashed':
      return new GuestError('the guest reported that it crashed', {
        why: 'it raised the PSCI crash event',
      })
    case 'cpu-unsupported':
      return new GuestError(
        `vcpu ${outcome.vcpu} was refused on CPU ${outcome.cpu} (KVM_EXIT_FAIL_ENTRY, CPU_UNSUPPORTED)`,
        {
          why: "the VM's PMU does not exist on that CPU, so KVM does not run the guest there",
          try: ['keep the vCPUs to the CPUs of one PMU: --vcpu-affinity LIST'],
          see: ['Documentation/virt/kvm/devices/vcpu.rst, 1.4 KVM_ARM_VCPU_PMU_V3_SET_PMU (v7.3)'],
        },
      )
    case 'unhandled-exit':
      return new GuestError(`vcpu ${outcome.vcpu} stopped: ${outcome.exit}`, {
        why: 'KVM handed over an exit that tsvmm has no answer to',
      })
    case 'kvm-error':
      return new IoctlError({
        request: 'KVM_RUN',
        on: `vcpu ${outcome.vcpu}`,
        errno: outcome.errno,
      })
    case 'timeout':
      return new TimeoutError(`the guest had not ended after ${outcome.seconds} s (--timeout)`)
    case 'interrupted':
      return outcome.reason
  }
}
