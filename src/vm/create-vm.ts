import { IoctlError } from '../errors/index.ts'
import type { KvmFd, VmFd } from '../ioctl/index.ts'

/** IPA bits a VM has unless it asks for more. */
export const DEFAULT_IPA_BITS = 40

/** Even a profiler's thousand signals a second leave room between them. */
const ATTEMPTS = 1000

/** The most IPA bits a guest can have on this host. */
export function ipaLimit(kvm: KvmFd): number {
  return kvm.checkExtension('KVM_CAP_ARM_VM_IPA_SIZE') || DEFAULT_IPA_BITS
}

/**
 * KVM_CREATE_VM waits for locks and gives up with EINTR when a signal arrives (a profiler's, a
 * resized terminal's). Nothing has happened then.
 */
export function createVm(kvm: KvmFd, ipaBits: number): VmFd {
  for (let attempt = 1; ; attempt++) {
    try {
      return kvm.createVm(ipaBits)
    } catch (error) {
      const again = error instanceof IoctlError && error.errnoName === 'EINTR'
      if (!again || attempt === ATTEMPTS) throw error
    }
  }
}
