import { constants } from 'node:os'
import type { NativeMemory } from '../native/index.ts'
import { describeAccess } from '../vcpu/esr.ts'
import { isFailEntry, type SystemEvent, type VcpuExit } from '../vcpu/exit.ts'
import type { Outcome } from './outcome.ts'

/** The exits that the run loop answers; every other one ends the run. */
type Answered = 'mmio-read' | 'mmio-write' | 'cpu-unsupported'

/** An exit that the guest does not come back from. */
type LastExit = Exclude<VcpuExit, { kind: Answered }>

/** How a run ends with this exit of a vCPU. */
export function outcomeOfExit(vcpu: number, exit: LastExit): Outcome {
  switch (exit.kind) {
    case 'system-event':
      return outcomeOfEvent(vcpu, exit.event)
    case 'fail-entry':
      return guestError(vcpu, `KVM_EXIT_FAIL_ENTRY, reason 0x${exit.reason.toString(16)}`)
    case 'internal-error':
      return guestError(vcpu, `KVM_EXIT_INTERNAL_ERROR, suberror ${exit.suberror}`)
    case 'no-syndrome':
      return {
        ...guestError(vcpu, untakeable(describeAccess(exit.iss))),
        address: exit.address,
      }
    case 'other':
      return guestError(vcpu, exit.name)
  }
}

/** What a failed KVM_RUN means: two errnos are about what the guest did, not about what we did. */
export function outcomeOfFailure(vcpu: number, run: NativeMemory, errno: number): Outcome {
  // Of a KVM without KVM_CAP_ARM_NISV_TO_USER, before Linux 5.5.
  if (errno === constants.errno.ENOSYS)
    return guestError(vcpu, `${untakeable('access')}: KVM_RUN failed with ENOSYS`)
  if (errno === constants.errno.EINVAL && isFailEntry(run))
    return guestError(
      vcpu,
      "the guest's state is illegal, such as after a bad exception return (KVM_RUN failed with EINVAL and KVM_EXIT_FAIL_ENTRY)",
    )
  return { kind: 'kvm-error', vcpu, errno }
}

function outcomeOfEvent(vcpu: number, event: SystemEvent): Outcome {
  switch (event) {
    case 'shutdown':
      return { kind: 'powered-off' }
    case 'reset':
      return { kind: 'reset' }
    case 'crash':
      return { kind: 'guest-panic', by: 'kvm' }
    // Only with capabilities that tsvmm does not switch on.
    case 'wakeup':
    case 'suspend':
    case 'unknown':
      return guestError(vcpu, `KVM_EXIT_SYSTEM_EVENT "${event}"`)
  }
}

function guestError(vcpu: number, problem: string) {
  return { kind: 'guest-error', vcpu, problem } as const
}

/** An access outside RAM that KVM cannot emulate, since the CPU does not say what it consists of. */
function untakeable(access: string): string {
  return (
    `${access} of a device, or of memory that is not there, by an instruction that KVM cannot take ` +
    'apart (a pair, a write-back, a vector)'
  )
}
