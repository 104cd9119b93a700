import { HostError } from '../errors/index.ts'
import { KVM_API_VERSION, KvmFd } from '../ioctl/index.ts'
import type { System } from '../native/index.ts'

/**
 * Arm64 guests run only on arm64 hosts. Ask before native code is loaded: there may be none for
 * this machine.
 *
 * @throws {HostError} `TSVMM_HOST_ARCH`
 */
export function requireArm64(arch: string = process.arch): void {
  if (arch !== 'arm64')
    throw new HostError('ARCH', `tsvmm runs guests on arm64 hosts, and this machine is ${arch}`, {
      try: ['tsvmm lab -- COMMAND …    # the same on an emulated arm64 host'],
    })
}

/**
 * Opens `/dev/kvm` and makes sure that it speaks the interface everybody knows.
 *
 * @throws {HostError} `TSVMM_HOST_NO_KVM`, `TSVMM_HOST_KVM_ACCESS`, `TSVMM_HOST_KVM_API`
 */
export function openKvm(system: System): KvmFd {
  const kvm = KvmFd.open(system)
  const version = kvm.getApiVersion()
  if (version === KVM_API_VERSION) return kvm
  kvm.close()
  throw new HostError(
    'KVM_API',
    `/dev/kvm speaks version ${version} of the KVM interface, tsvmm speaks ${KVM_API_VERSION}`,
    {
      why: 'no released Linux since 2007 has another version: this is not the KVM of Linux',
      see: ['Documentation/virt/kvm/api.rst, 4.1 KVM_GET_API_VERSION (v7.3)'],
    },
  )
}
