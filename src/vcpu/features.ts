import { HostError, UsageError } from '../errors/index.ts'
import {
  KVM_REG_ARM64_SVE_VLS,
  VCPU_FEATURES,
  type CapabilityName,
  type VcpuFd,
  type VcpuFeatureName,
} from '../ioctl/index.ts'

/** What of the host's CPUs a guest's are to have. */
export interface CpuRequest {
  /** Scalable vectors, where the host has them. */
  readonly sve: boolean
  /** The longest vectors, bits. Left out: the host's. */
  readonly sveMaxVl?: number | undefined
  /** Pointer authentication, where the host has it. */
  readonly pointerAuth: boolean
  /** That they are told what time was taken from them, where KVM of the host can tell. */
  readonly stolenTime: boolean
}

/** All that the host has. */
export const WHOLE_CPU: CpuRequest = { sve: true, pointerAuth: true, stolenTime: true }

/** Vectors are multiples of it, bits. */
const SVE_STEP = 128
/** The longest the architecture has, bits. Arm DDI 0487, A1.4. */
const SVE_MAX = 2048

/**
 * Refuses lengths of vectors that no host has.
 *
 * @throws {UsageError}
 */
export function checkCpuRequest({ sve, sveMaxVl }: CpuRequest): void {
  if (sveMaxVl === undefined) return
  if (!sve)
    throw new UsageError(`--sve-max-vl ${sveMaxVl} and --disable-sve contradict each other`, {
      try: ['one of them'],
    })
  if (sveMaxVl % SVE_STEP !== 0 || sveMaxVl < SVE_STEP || sveMaxVl > SVE_MAX)
    throw new UsageError(`--sve-max-vl ${sveMaxVl}: SVE has no vectors of ${sveMaxVl} bits`, {
      why: `they have ${SVE_STEP} to ${SVE_MAX} bits, in steps of ${SVE_STEP}`,
      try: ['--sve-max-vl 256'],
    })
}

/**
 * The vCPU features that give a guest what is asked for, as far as the host has it.
 *
 * @param has whether KVM has a capability
 * @throws {@link HostError} `CAPABILITY`: vectors of a certain length are asked for, and there are none
 */
export function chooseFeatures(
  request: CpuRequest,
  has: (capability: CapabilityName) => boolean,
): VcpuFeatureName[] {
  const sve = request.sve && has('KVM_CAP_ARM_SVE')
  if (request.sveMaxVl !== undefined && !sve)
    throw new HostError('CAPABILITY', `--sve-max-vl ${request.sveMaxVl}: KVM here has no SVE`, {
      why: 'the CPUs of this host or its kernel have none (KVM_CAP_ARM_SVE is 0)',
      try: ['without --sve-max-vl'],
    })
  // KVM takes both or none.
  const pointerAuth =
    request.pointerAuth && has('KVM_CAP_ARM_PTRAUTH_ADDRESS') && has('KVM_CAP_ARM_PTRAUTH_GENERIC')
  return [
    ...(sve ? (['KVM_ARM_VCPU_SVE'] as const) : []),
    ...(pointerAuth
      ? (['KVM_ARM_VCPU_PTRAUTH_ADDRESS', 'KVM_ARM_VCPU_PTRAUTH_GENERIC'] as const)
      : []),
  ]
}

/**
 * Settles the SVE of a vCPU that was initialized with it, to vectors of at most `maxVl` bits.
 *
 * @throws {@link HostError} `CAPABILITY`: this host has no vectors of that length
 * @throws {@link IoctlError} the kernel refused a step
 * @see Documentation/virt/kvm/api.rst 4.68, KVM_REG_ARM64_SVE_VLS (v6.12)
 */
export function finalizeSve(vcpu: VcpuFd, maxVl: number | undefined): void {
  if (maxVl !== undefined) {
    const lengths = vcpu.getOneRegBytes(KVM_REG_ARM64_SVE_VLS)
    vcpu.setOneRegBytes(KVM_REG_ARM64_SVE_VLS, limitLengths(lengths, maxVl))
  }
  vcpu.finalize(VCPU_FEATURES.KVM_ARM_VCPU_SVE)
}

/**
 * Leaves out the vectors that are longer than `maxVl` bits.
 *
 * @param lengths a KVM_REG_ARM64_SVE_VLS
 * @throws {@link HostError} `CAPABILITY`: there are none of `maxVl` bits, and KVM takes no gaps
 */
export function limitLengths(lengths: Uint8Array, maxVl: number): Buffer {
  const there = [...lengths].flatMap((byte, index) =>
    [0, 1, 2, 3, 4, 5, 6, 7]
      .filter(bit => (byte & (1 << bit)) !== 0)
      .map(bit => (8 * index + bit + 1) * SVE_STEP),
  )
  if (!there.includes(maxVl))
    throw new HostError('CAPABILITY', `--sve-max-vl ${maxVl}: KVM here has no such vectors`, {
      why: `there are vectors of ${there.join(', ')} bits`,
      try: there.slice(-1).map(bits => `--sve-max-vl ${bits}    # the longest`),
    })
  const limited = Buffer.alloc(lengths.byteLength)
  for (const bits of there.filter(bits => bits <= maxVl)) {
    const bit = bits / SVE_STEP - 1
    limited.writeUInt8(limited.readUInt8(bit >> 3) | (1 << (bit & 7)), bit >> 3)
  }
  return limited
}
