import {
  GuestError,
  IoctlError,
  TimeoutError,
  type Explanation,
  type TsvmmError,
} from '../errors/index.ts'
import type { VcpuState } from '../vcpu/state.ts'
import { refusalError, type CpuRefusal } from './unsupported-cpu.ts'

/** How a run ended. */
export type Outcome =
  /** PSCI SYSTEM_OFF. */
  | { readonly kind: 'powered-off' }
  /** PSCI SYSTEM_RESET. */
  | { readonly kind: 'reset' }
  /** The guest said that it crashed. */
  | { readonly kind: 'crashed' }
  /** A vCPU thread was on a CPU that the VM's PMU does not cover, and is not to or cannot go back. */
  | ({ readonly kind: 'cpu-unsupported' } & CpuRefusal)
  /** KVM_RUN came back with something tsvmm cannot go on from. */
  | { readonly kind: 'unhandled-exit'; readonly vcpu: number; readonly exit: string }
  /** KVM_RUN failed; `errno` is positive. */
  | { readonly kind: 'kvm-error'; readonly vcpu: number; readonly errno: number }
  | { readonly kind: 'timeout'; readonly seconds: number }
  /** Somebody ended the run from outside: what `AbortSignal` gave as its reason. */
  | { readonly kind: 'interrupted'; readonly reason: TsvmmError }

/**
 * The error an outcome amounts to; none if the guest ended the way a guest should. With `vcpus` it
 * says where they were.
 */
export function outcomeError(
  outcome: Outcome,
  vcpus: readonly VcpuState[] = [],
): TsvmmError | undefined {
  switch (outcome.kind) {
    case 'powered-off':
    case 'reset':
      return undefined
    case 'crashed':
      return new GuestError('the guest reported that it crashed', {
        why: 'it raised the PSCI crash event',
      })
    case 'cpu-unsupported':
      return refusalError(outcome)
    case 'unhandled-exit':
      return new GuestError(`vcpu ${outcome.vcpu} stopped: ${outcome.exit}`, whereabouts(vcpus))
    case 'kvm-error':
      return new IoctlError({
        request: 'KVM_RUN',
        on: `vcpu ${outcome.vcpu}`,
        errno: outcome.errno,
      })
    case 'timeout':
      return new TimeoutError(
        `the guest had not ended after ${outcome.seconds} s (--timeout)`,
        whereabouts(vcpus),
      )
    case 'interrupted':
      return outcome.reason
  }
}

/** What KVM resets such registers to. arch/arm64/kvm/sys_regs.c, reset_unknown() (v6.12). */
const NEVER_WRITTEN = 0x1de7ec7edbadc0den

/** More vCPUs than these are left to `--json`. */
const VCPUS_SHOWN = 4

function whereabouts(vcpus: readonly VcpuState[]): Explanation {
  if (vcpus.length === 0) return {}
  const hex = (value: bigint) => `0x${value.toString(16)}`
  const places = vcpus.slice(0, VCPUS_SHOWN).map(({ PC, ESR_EL1 }, index) => {
    const esr = ESR_EL1 === NEVER_WRITTEN ? 'no exception yet' : `ESR_EL1 ${hex(ESR_EL1)}`
    return `vcpu ${index} was at PC ${hex(PC)} (${esr})`
  })
  return { why: places.join(', ') }
}
