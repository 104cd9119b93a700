import { GuestImage } from '../boot/image.ts'
import { checkGicVcpus, chooseGic } from '../gic/kinds.ts'
import type { KvmFd } from '../ioctl/index.ts'
import { createVm, DEFAULT_IPA_BITS, ipaLimit } from './create-vm.ts'
import type { RunRequest } from './run.ts'

/**
 * Opens the guest's image. If it cannot be opened, what the host lacks is said before that: test
 * runners ask whether a test can run here by a kernel that is not there.
 *
 * @throws {ImageError} the image cannot be loaded
 * @throws {HostError} nor has this host the interrupt controller that was asked for
 */
export function openImage(request: RunRequest, kvm: KvmFd): GuestImage {
  try {
    return new GuestImage(request.image)
  } catch (error) {
    using vm = createVm(kvm, Math.min(DEFAULT_IPA_BITS, ipaLimit(kvm)))
    checkGicVcpus(chooseGic(vm, request.irqchip ?? 'auto'), request.vcpus)
    throw error
  }
}
