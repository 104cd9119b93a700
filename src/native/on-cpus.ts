import { SyscallError } from '../errors/index.ts'
import type { System } from './system.ts'

/**
 * Does something with the calling thread on one of `cpus`, and lets the thread go where it could
 * before. For what KVM makes depend on the CPU it is asked on: KVM_ARM_VCPU_INIT takes the PMU of
 * that CPU as the VM's default, and fails with ENODEV where there is none.
 *
 * A CPU that is offline meanwhile is not among those it can go back to: sched_getaffinity does not
 * name it.
 *
 * `action` must not wait for anything: the thread is back where it was when this returns.
 *
 * @throws {@link SyscallError} EINVAL: none of `cpus` is online and within the cpuset
 * @see arch/arm64/kvm/pmu-emul.c, kvm_arm_set_default_pmu() (v6.12)
 */
export function onCpus<T>(system: System, cpus: readonly number[], action: () => T): T {
  const before = system.getAffinity(0)
  if (typeof before === 'number') throw new SyscallError('sched_getaffinity', -before)
  const moved = system.setAffinity(0, cpus)
  if (moved < 0) throw new SyscallError('sched_setaffinity', -moved)
  try {
    return action()
  } finally {
    // Refused only if all CPUs of before went offline or out of the cpuset: the kernel moved us then.
    system.setAffinity(0, before)
  }
}
