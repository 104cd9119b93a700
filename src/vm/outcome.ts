import {
  GuestError,
  GuestPanicError,
  GuestResetError,
  IoctlError,
  TimeoutError,
  type Explanation,
  type TsvmmError,
} from '../errors/index.ts'
import { refusalError, type CpuRefusal } from './unsupported-cpu.ts'
import type { Whereabouts } from './whereabouts.ts'

/** How a run ended. docs/exit-codes.md has the status of each. */
export type Outcome =
  /** PSCI SYSTEM_OFF. */
  | { readonly kind: 'powered-off' }
  /** The guest ended with a status of its own (`--exit-code-from-guest`). */
  | { readonly kind: 'exited'; readonly status: number }
  /** PSCI SYSTEM_RESET or SYSTEM_RESET2. */
  | { readonly kind: 'reset' }
  /** The guest said that it panicked: by the device pvpanic, or by the crash event of KVM. */
  | { readonly kind: 'guest-panic'; readonly by: 'pvpanic' | 'kvm' }
  /** A vCPU thread was on a CPU that the VM's PMU does not cover, and is not to or cannot go back. */
  | ({ readonly kind: 'cpu-unsupported' } & CpuRefusal)
  /** The guest did what nobody can go on from; `address` is a guest physical one. */
  | {
      readonly kind: 'guest-error'
      readonly vcpu: number
      readonly problem: string
      readonly address?: bigint
    }
  /** KVM_RUN failed; `errno` is positive. */
  | { readonly kind: 'kvm-error'; readonly vcpu: number; readonly errno: number }
  | { readonly kind: 'timeout'; readonly seconds: number }
  /** Somebody ended the run from outside: what `AbortSignal` gave as its reason. */
  | { readonly kind: 'interrupted'; readonly reason: TsvmmError }

/** What is known of a guest that has ended. */
interface Testimony {
  readonly vcpus?: readonly Whereabouts[] | undefined
  readonly panicMessage?: string | undefined
}

/**
 * The error an outcome amounts to; none if the guest ended the way a guest should. It says where the
 * vCPUs were, and what the guest said, as far as that is given.
 */
export function outcomeError(
  outcome: Outcome,
  { vcpus = [], panicMessage }: Testimony = {},
): TsvmmError | undefined {
  switch (outcome.kind) {
    case 'powered-off':
    case 'exited':
      return undefined
    case 'reset':
      return new GuestResetError('the guest asked for a reset', {
        ...(panicMessage !== undefined && { why: said(panicMessage) }),
        try: ['--on-reset=restart    # boot it again'],
      })
    case 'guest-panic':
      return new GuestPanicError('the guest panicked', {
        why: panicMessage === undefined ? PANIC_REPORTS[outcome.by] : said(panicMessage),
      })
    case 'cpu-unsupported':
      return refusalError(outcome)
    case 'guest-error': {
      const at = outcome.address === undefined ? '' : ` at 0x${outcome.address.toString(16)}`
      return new GuestError(
        `vcpu ${outcome.vcpu} stopped: ${outcome.problem}${at}`,
        explain(vcpus, outcome.vcpu),
      )
    }
    case 'kvm-error':
      return new IoctlError({
        request: 'KVM_RUN',
        on: `vcpu ${outcome.vcpu}`,
        errno: outcome.errno,
      })
    case 'timeout':
      return new TimeoutError(
        `the guest had not ended after ${outcome.seconds} s (--timeout)`,
        panicMessage === undefined ? explain(vcpus) : { why: said(panicMessage) },
      )
    case 'interrupted':
      return outcome.reason
  }
}

const PANIC_REPORTS = {
  pvpanic: 'its kernel said so by the device pvpanic',
  kvm: 'KVM reported its crash event',
} as const

function said(panicMessage: string): string {
  return `its console said before: ${panicMessage}`
}

/** More vCPUs than these are left to `--json`. */
const VCPUS_SHOWN = 4

/** Where the vCPUs were, or this one. */
function explain(places: readonly Whereabouts[], vcpu?: number): Explanation {
  const shown = places
    .map((place, index) => ({ place, index }))
    .filter(({ index }) => (vcpu === undefined ? index < VCPUS_SHOWN : index === vcpu))
  if (shown.length === 0) return {}
  return {
    why: shown.map(({ place, index }) => `vcpu ${index} was ${renderPlace(place)}`).join('; '),
  }
}

/** `at PC 0x80080000, ldp x0, x1, [x2] (no exception yet)`. */
function renderPlace({ registers, next, exception }: Whereabouts): string {
  const hex = (value: bigint) => `0x${value.toString(16)}`
  const at = `at PC ${hex(registers.PC)}${next.text === undefined ? '' : `, ${next.text}`}`
  if (exception === undefined) return `${at} (no exception yet)`
  return `${at} (last exception: ${exception.text}, ELR_EL1 ${hex(exception.at.address)}, FAR_EL1 ${hex(registers.FAR_EL1)})`
}
