import { constants } from 'node:os'
import {
  CAPABILITIES,
  DEVICE_TYPES,
  KVM_API_VERSION,
  KVM_ARM_TARGET_GENERIC_V8,
  KVM_ARM_VCPU_PMU_V3_CTRL,
  KVM_ARM_VCPU_PVTIME_CTRL,
  kvm_create_device,
  KVM_CREATE_DEVICE_TEST,
  kvm_device_attr,
  kvm_enable_cap,
  kvm_one_reg,
  KVM_REG_ARM64_SVE_VLS,
  kvm_reg_list,
  kvm_vcpu_init,
  nameIn,
  registerSize,
  requestName,
  SYSTEM_REGISTERS,
  VCPU_FEATURES,
  type CapabilityName,
  type FdKind,
  type RequestName,
} from '../../ioctl/index.ts'
import type { NativeMemory } from '../../native/index.ts'
import type { AssumedKvm } from './assumed-kvm.ts'
import { PmuModel, type VmPmu } from './pmu-model.ts'

const { EBADF, EINVAL, ENODEV, ENXIO } = constants.errno

/** What a descriptor of KVM stands for. */
interface KvmObject {
  readonly kind: FdKind
  /** The VM it is or belongs to. */
  readonly vm: VmPmu
  /** Of a vCPU. */
  readonly id: number
}

/** What an ioctl has to go on. */
interface Call {
  readonly object: KvmObject
  /** A number, or where in the memory its struct is. */
  readonly argument: number
  readonly memory: NativeMemory
  /** Where in the memory an address is. */
  readonly offsetOf: (address: bigint) => number
}

/** An mmap of a vCPU: `struct kvm_run` and the ring of coalesced MMIO, on a host with 4 KiB pages. */
const VCPU_MMAP_SIZE = 8192

/** 48 bits of address and every size of page. Arm DDI 0487, ID_AA64MMFR0_EL1. */
const EVERY_PAGE_SIZE = 0x10_1125n

/** A bit for each 128 bits of vector, up to 2048. */
const EVERY_VECTOR_LENGTH = 0xffffn

/**
 * A KVM that does nothing but answer: as far as tsvmm asks, what the kernel would say. What it does
 * not know it answers with 0, which is yes.
 */
export class KvmModel {
  readonly #kvm: AssumedKvm
  readonly #pmus: PmuModel
  readonly #objects = new Map<number, KvmObject>()
  readonly #newFd: () => number
  /** CPUs of the thread that asks. */
  readonly #cpus: () => readonly number[]

  constructor(kvm: AssumedKvm, newFd: () => number, cpus: () => readonly number[]) {
    this.#kvm = kvm
    this.#pmus = new PmuModel(kvm.pmus)
    this.#newFd = newFd
    this.#cpus = cpus
  }

  /** `/dev/kvm`, opened. */
  open(): number {
    return this.#add('kvm', { selected: undefined, filtered: false })
  }

  ioctl(fd: number, request: number, argument: number | bigint, memory: NativeMemory): number {
    const object = this.#objects.get(fd)
    if (object === undefined) return -EBADF
    const name = requestName(request, object.kind)
    const offsetOf = (address: bigint) => Number(address - memory.address)
    const given = typeof argument === 'bigint' ? offsetOf(argument) : argument
    const handle = name && this.#handlers[name]
    return handle?.({ object, argument: given, memory, offsetOf }) ?? 0
  }

  readonly #handlers: Readonly<Partial<Record<RequestName, (call: Call) => number>>> = {
    KVM_GET_API_VERSION: () => KVM_API_VERSION,
    KVM_CREATE_VM: () => this.#add('vm', { selected: undefined, filtered: false }),
    KVM_CHECK_EXTENSION: ({ argument }) => this.#capability(argument),
    KVM_ENABLE_CAP: ({ argument, memory }) =>
      this.#capability(kvm_enable_cap.decode(memory, argument).cap) > 0 ? 0 : -EINVAL,
    KVM_GET_VCPU_MMAP_SIZE: () => VCPU_MMAP_SIZE,
    KVM_CREATE_VCPU: ({ object, argument }) => this.#add('vcpu', object.vm, argument),
    KVM_CREATE_DEVICE: call => this.#createDevice(call),
    KVM_ARM_PREFERRED_TARGET: ({ argument, memory }) => {
      kvm_vcpu_init.encode(memory, argument, { target: KVM_ARM_TARGET_GENERIC_V8 })
      return 0
    },
    KVM_ARM_VCPU_INIT: call => this.#initialize(call),
    KVM_GET_ONE_REG: call => this.#getOneReg(call),
    KVM_GET_REG_LIST: ({ argument, memory }) => {
      kvm_reg_list.encode(memory, argument, { n: 0n })
      return 0
    },
    KVM_GET_STATS_FD: () => this.#newFd(),
    KVM_HAS_DEVICE_ATTR: call => this.#attribute(call, ({ attr }) => this.#pmus.has(attr)),
    KVM_GET_DEVICE_ATTR: call => this.#attribute(call, ({ attr }) => this.#pmus.get(attr)),
    KVM_SET_DEVICE_ATTR: call =>
      this.#attribute(call, ({ attr, addr }) =>
        this.#pmus.set(call.object.vm, { attr, memory: call.memory, at: call.offsetOf(addr) }),
      ),
  }

  #add(kind: FdKind, vm: VmPmu, id = 0): number {
    const fd = this.#newFd()
    this.#objects.set(fd, { kind, vm, id })
    return fd
  }

  #capability(number: number): number {
    return this.#kvm.capability(nameIn(CAPABILITIES, number) as CapabilityName)
  }

  #createDevice({ object, argument, memory }: Call): number {
    const { type, flags } = kvm_create_device.decode(memory, argument)
    if (!this.#kvm.devices.some(device => DEVICE_TYPES[device] === type)) return -ENODEV
    if (flags & KVM_CREATE_DEVICE_TEST) return 0
    kvm_create_device.encode(memory, argument, { type, flags, fd: this.#add('device', object.vm) })
    return 0
  }

  #initialize({ object, argument, memory }: Call): number {
    const [features = 0] = kvm_vcpu_init.decode(memory, argument).features
    const has = (bit: number) => (features & (1 << bit)) !== 0
    if (!has(VCPU_FEATURES.KVM_ARM_VCPU_PMU_V3)) return 0
    const isStrict = has(VCPU_FEATURES.KVM_ARM_VCPU_PMU_V3_STRICT)
    return this.#pmus.initialize(object.vm, this.#cpus(), isStrict)
  }

  #getOneReg({ object, argument, memory, offsetOf }: Call): number {
    const { id, addr } = kvm_one_reg.decode(memory, argument)
    const values = new Map([
      [SYSTEM_REGISTERS.MPIDR_EL1, mpidrOf(object.id)],
      [SYSTEM_REGISTERS.PMCR_EL0, this.#pmus.pmcr(object.vm)],
      [SYSTEM_REGISTERS.ID_AA64DFR0_EL1, this.#pmus.idAa64dfr0],
      [SYSTEM_REGISTERS.ID_AA64MMFR0_EL1, EVERY_PAGE_SIZE],
      [KVM_REG_ARM64_SVE_VLS, EVERY_VECTOR_LENGTH],
    ])
    memory.fill(0, offsetOf(addr), registerSize(id))
    memory.writeU64(offsetOf(addr), values.get(id) ?? 0n)
    return 0
  }

  /** Of those beside the PMU's, what takes a capability is there with it. */
  #attribute(
    { object, argument, memory }: Call,
    ofPmu: (attribute: ReturnType<typeof kvm_device_attr.decode>) => number,
  ): number {
    const attribute = kvm_device_attr.decode(memory, argument)
    if (object.kind !== 'vcpu') return 0
    if (attribute.group === KVM_ARM_VCPU_PMU_V3_CTRL) return ofPmu(attribute)
    const isThere =
      attribute.group !== KVM_ARM_VCPU_PVTIME_CTRL || this.#kvm.capability('KVM_CAP_STEAL_TIME') > 0
    return isThere ? 0 : -ENXIO
  }
}

/**
 * MPIDR_EL1 of a vCPU: 16 of them in a cluster, 256 clusters in the next.
 *
 * @see arch/arm64/kvm/sys_regs.c, reset_mpidr() (v6.12)
 */
export function mpidrOf(id: number): bigint {
  const aff0 = id & 0xf
  const aff1 = (id >> 4) & 0xff
  const aff2 = (id >> 12) & 0xff
  return 0x8000_0000n | BigInt((aff2 << 16) | (aff1 << 8) | aff0)
}
