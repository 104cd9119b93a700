import { BugError, SyscallError } from '../errors/index.ts'
import type { NativeMemory } from '../native/memory.ts'
import type { System } from '../native/system.ts'
import { AttributeFd } from './attribute-fd.ts'
import { cameOfMapping } from './came-of.ts'
import { i32 } from './field-types.ts'
import { renderFeatures } from './constants.ts'
import { Fd, PAYLOAD } from './fd.ts'
import { observed } from './observe.ts'
import { registerName, registerSize } from './registers.ts'
import type { GivenOf, ValueOf } from './struct.ts'
import * as s from './structs.ts'

/**
 * A vCPU, made by {@link VmFd.createVcpu}. KVM_RUN is not here: it blocks, so the vCPU's thread
 * issues it on {@link fd}. While it runs, every request here waits for it.
 */
export class VcpuFd extends AttributeFd {
  readonly id: number

  constructor(system: System, fd: number, id: number) {
    super(system, fd, `vcpu ${id}`)
    this.id = id
  }

  /**
   * Resets the vCPU and gives it its features, the same for all vCPUs of a VM. Without
   * KVM_ARM_VCPU_PMU_V3_STRICT the first call of a VM with the PMU feature also chooses a default
   * PMU: that of the CPU the calling thread happens to be on.
   *
   * @throws {@link IoctlError} ENOENT: a feature bit the kernel does not know; EINVAL: one the host
   * does not have, a bad combination, a bad target, or features other than before; ENODEV: no PMU
   * @see Documentation/virt/kvm/api.rst 4.82 (v7.3)
   */
  init(init: GivenOf<typeof s.kvm_vcpu_init>): void {
    const { target = 0, features = [] } = init
    this.send('KVM_ARM_VCPU_INIT', s.kvm_vcpu_init, init, {
      argument: `target ${target}, features ${renderFeatures(features)}`,
    })
  }

  /**
   * Settles a feature that has more to configure after {@link init}.
   *
   * @param feature KVM_ARM_VCPU_SVE
   * @throws {@link IoctlError} EPERM: done before; EINVAL: the vCPU does not have the feature, or it
   * has nothing to settle; ENOEXEC: before {@link init}
   */
  finalize(feature: number): void {
    i32.write(this.system.scratch, 0, feature, 'KVM_ARM_VCPU_FINALIZE')
    this.request('KVM_ARM_VCPU_FINALIZE', this.system.scratch.address, {
      argument: `feature ${feature}`,
    })
  }

  /** Ids of the registers the vCPU has. */
  getRegList(): bigint[] {
    const { scratch } = this.system
    s.kvm_reg_list.encode(scratch, 0, {})
    // Asked with room for none, the kernel writes how many there are and answers E2BIG.
    const result = this.try('KVM_GET_REG_LIST', scratch.address)
    if (result < 0 && !this.errnoIs(result, 'E2BIG'))
      throw this.failure('KVM_GET_REG_LIST', -result)
    const { n } = s.kvm_reg_list.decode(scratch, 0)
    this.request('KVM_GET_REG_LIST', scratch.address, { argument: `${n} registers` })
    const ids = s.kvm_reg_list.size
    return Array.from({ length: Number(n) }, (_, i) => scratch.readU64(ids + 8 * i))
  }

  /**
   * Reads a register of up to 64 bits.
   *
   * @throws {@link IoctlError} ENOENT: the vCPU has no such register; ENOEXEC: before {@link init}
   */
  getOneReg(id: bigint): bigint {
    const bytes = this.getOneRegBytes(id)
    if (bytes.byteLength > 8) throw tooWide(id)
    return BigInt(hexOf(bytes))
  }

  /** Reads a register of any width, little-endian. See {@link getOneReg}. */
  getOneRegBytes(id: bigint): Buffer {
    const value = () => this.system.scratch.readBytes(PAYLOAD, registerSize(id))
    this.#oneReg('KVM_GET_ONE_REG', id, { answer: () => hexOf(value()) })
    return value()
  }

  /**
   * Writes a register of up to 64 bits.
   *
   * @throws {@link IoctlError} ENOENT: the vCPU has no such register; EINVAL: not a value it takes;
   * EBUSY: too late, the VM has run; ENOEXEC: before {@link init}
   */
  setOneReg(id: bigint, value: bigint): void {
    const size = registerSize(id)
    if (size > 8) throw tooWide(id)
    if (BigInt.asUintN(8 * size, value) !== value)
      throw new BugError(`${registerName(id)}: ${value} does not fit ${8 * size} bits`)
    this.system.scratch.writeU64(PAYLOAD, value)
    this.#oneReg('KVM_SET_ONE_REG', id, { value })
  }

  /** Writes a register of any width, little-endian. See {@link setOneReg}. */
  setOneRegBytes(id: bigint, value: Uint8Array): void {
    if (value.byteLength !== registerSize(id))
      throw new BugError(`${registerName(id)}: ${value.byteLength} bytes for ${registerSize(id)}`)
    this.system.scratch.writeBytes(PAYLOAD, value)
    this.#oneReg('KVM_SET_ONE_REG', id)
  }

  #oneReg(
    request: 'KVM_GET_ONE_REG' | 'KVM_SET_ONE_REG',
    id: bigint,
    { value, answer }: { readonly value?: bigint; readonly answer?: () => string } = {},
  ): void {
    const name = registerName(id)
    this.send(
      request,
      s.kvm_one_reg,
      { id, addr: this.payloadAddress },
      {
        argument: value === undefined ? name : `${name} = 0x${value.toString(16)}`,
        ...(answer && { answer }),
      },
    )
  }

  /** @returns a KVM_MP_STATE */
  getMpState(): number {
    return this.fetch('KVM_GET_MP_STATE', s.kvm_mp_state).mp_state
  }

  /** @param mp_state KVM_MP_STATE_RUNNABLE, _STOPPED or _SUSPENDED */
  setMpState(mp_state: number): void {
    this.send('KVM_SET_MP_STATE', s.kvm_mp_state, { mp_state }, { argument: `state ${mp_state}` })
  }

  getVcpuEvents(): ValueOf<typeof s.kvm_vcpu_events> {
    return this.fetch('KVM_GET_VCPU_EVENTS', s.kvm_vcpu_events)
  }

  setVcpuEvents(events: GivenOf<typeof s.kvm_vcpu_events>): void {
    this.send('KVM_SET_VCPU_EVENTS', s.kvm_vcpu_events, events)
  }

  /** @throws {@link IoctlError} EINVAL: a control bit the kernel does not know */
  setGuestDebug(debug: GivenOf<typeof s.kvm_guest_debug>): void {
    this.send('KVM_SET_GUEST_DEBUG', s.kvm_guest_debug, debug, {
      argument: `control 0x${(debug.control ?? 0).toString(16)}`,
    })
  }

  /**
   * The signals blocked while the vCPU runs.
   *
   * @param mask bit n-1 is signal n; none: the thread's own mask stays
   */
  setSignalMask(mask: bigint | undefined): void {
    if (mask === undefined) {
      this.request('KVM_SET_SIGNAL_MASK', 0)
      return
    }
    const { scratch } = this.system
    s.kvm_signal_mask.encode(scratch, 0, { len: 8 })
    // The mask follows the 4-byte length directly.
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(mask)
    scratch.writeBytes(s.kvm_signal_mask.size, bytes)
    this.request('KVM_SET_SIGNAL_MASK', scratch.address)
  }

  /** Opens the vCPU's binary statistics. */
  getStatsFd(): Fd {
    return new Fd(this.system, this.request('KVM_GET_STATS_FD'), `stats of ${this.name}`)
  }

  /**
   * Maps `struct kvm_run` (see kvm-run.ts). The caller owns the mapping; it may outlive this fd.
   *
   * @param length from {@link KvmFd.getVcpuMmapSize}
   */
  mmapRun(length: number): NativeMemory {
    const { fd, system } = this
    const mapping = observed(
      { on: this.name, request: 'mmap', argument: `${length} bytes` },
      () => system.mmap({ length, fd }),
      cameOfMapping,
    )
    if (typeof mapping === 'number') throw new SyscallError('mmap', -mapping, this.name)
    return mapping
  }
}

function tooWide(id: bigint): BugError {
  return new BugError(
    `${registerName(id)} has ${registerSize(id)} bytes: read and write it as bytes`,
  )
}

/** Of little-endian bytes. */
function hexOf(bytes: Buffer): string {
  return `0x${bytes
    .reverse()
    .toString('hex')
    .replace(/^0+(?=.)/, '')}`
}
