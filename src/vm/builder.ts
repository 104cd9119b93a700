import type { GuestFile } from '../boot/guest-file.ts'
import type { GuestImage } from '../boot/image.ts'
import { BugError, UsageError } from '../errors/index.ts'
import { encodeFdt } from '../fdt/index.ts'
import { Gic, irqsFor, type GicLayout } from '../gic/gic.ts'
import { checkGicVcpus, chooseGic, type GicKind } from '../gic/kinds.ts'
import {
  CORE_REGISTERS,
  featureWords,
  SYSTEM_REGISTERS,
  xRegister,
  type KvmFd,
  type VcpuFd,
  type VcpuFeatureName,
  type VmFd,
} from '../ioctl/index.ts'
import { onCpus, type NativeMemory, type System } from '../native/index.ts'
import { attachPmu, type PmuAttachment } from '../pmu/attach.ts'
import { chooseFeatures, finalizeSve, type CpuRequest } from '../vcpu/features.ts'
import { createVm, DEFAULT_IPA_BITS, ipaLimit } from './create-vm.ts'
import { lastGicSpi, layOutGic } from './gic-layout.ts'
import { mapRam, type RamPages } from './guest-ram.ts'
import { placeInitrd, type Extent } from './initrd.ts'
import { describeMachine } from './machine.ts'
import { FDT_MAX_SIZE, FIRST_SPI, fdtOffset, RAM_BASE, RAM_SLOT, UART_SPI } from './memory-map.ts'
import { randomBytes } from './random-bytes.ts'
import { attachStolenTime, hasStolenTime } from './stolen-time.ts'

/** What to build; everything in it was checked against the host. */
export interface VmPlan {
  readonly vcpus: number
  /** Bytes. */
  readonly ramSize: number
  readonly ramPages: RamPages
  readonly image: GuestImage
  readonly initrd?: GuestFile | undefined
  readonly bootArgs: string
  /** Whether the guest has a device by which it ends with a status of its own. */
  readonly exitDevice?: boolean | undefined
  /** Left out, what the host gives. */
  readonly irqchip?: GicKind | 'auto' | undefined
  /** Left out, random. */
  readonly kaslrSeed?: bigint | undefined
  readonly cpu: CpuRequest
  /** Left out, the guest has no PMU. */
  readonly pmu?: PmuPlan | undefined
  /** So many bytes for the guest's seeds; left out, random ones. */
  readonly random?: ((bytes: number) => Buffer) | undefined
}

/** A blob in the guest's RAM. */
export interface LoadedFdt {
  /** Guest physical. */
  readonly address: bigint
  readonly bytes: Uint8Array
}

export interface PmuPlan extends PmuAttachment {
  /** CPUs that have the PMU: KVM_ARM_VCPU_INIT must be issued on one of them. */
  readonly cpus: readonly number[]
  /** KVM_ARM_VCPU_PMU_V3_STRICT. */
  readonly strict: boolean
}

/** EL1h with D, A, I and F masked: how Linux wants to be entered. Arm DDI 0487, C5.2.19. */
const PSTATE_EL1H_DAIF = 0x3c5n

/** A VM that is ready to run, and the owner of all it is made of. */
export class Vm implements Disposable {
  readonly #owned: Disposable[] = []
  #gic: GicKind = 'gicv3'
  #fd: VmFd | undefined
  #ram: NativeMemory | undefined
  #deviceTree: LoadedFdt | undefined
  #vcpus: readonly { readonly fd: VcpuFd; readonly run: NativeMemory }[] = []

  private constructor() {
    // Only build() makes one, and only whole.
  }

  get gic(): GicKind {
    return this.#gic
  }

  get vcpus(): readonly { readonly fd: VcpuFd; readonly run: NativeMemory }[] {
    return this.#vcpus
  }

  /**
   * Builds a VM: the one order the kernel accepts.
   *
   * @throws {ImageError} the image does not fit
   * @throws {HostError} `TSVMM_HOST_MEMORY`, `TSVMM_HOST_CAPABILITY`
   * @throws {IoctlError} the kernel refused a step
   */
  static build(system: System, kvm: KvmFd, plan: VmPlan): Vm {
    const vm = new Vm()
    try {
      vm.#build(system, kvm, plan)
      return vm
    } catch (error) {
      vm[Symbol.dispose]()
      throw error
    }
  }

  #build(system: System, kvm: KvmFd, plan: VmPlan): void {
    // The image first: what it does not fit into need not be built.
    const ram = this.#own(mapRam(system, plan.ramSize, plan.ramPages))
    this.#ram = ram
    const initrd = loadImages(plan, ram)
    const vm = this.#own(createVm(kvm, ipaBits(kvm, plan.ramSize)))
    this.#fd = vm
    wantNoSyndromeExits(vm)
    addRam(vm, ram)
    this.#gic = chooseGic(vm, plan.irqchip ?? 'auto')
    checkGicVcpus(this.#gic, plan.vcpus)
    const layout = layOutGic(this.#gic, plan.vcpus)
    const gic = this.#own(new Gic(vm, layout))
    const fds = range(plan.vcpus).map(id => this.#own(vm.createVcpu(id)))
    initializeVcpus(system, vm, fds, plan)
    plan.image.checkPageSize(() => fds[0]?.getOneReg(SYSTEM_REGISTERS.ID_AA64MMFR0_EL1) ?? 0n)
    // After the last vCPU was created, which is refused from here on; before the PMU's INIT, which
    // takes an interrupt of an initialized GIC.
    gic.initialize(irqsFor(Math.max(lastSpi(plan), lastGicSpi(this.#gic))))
    attach(system, fds, plan.pmu)
    if (plan.cpu.stolenTime && hasStolenTime(fds)) this.#own(attachStolenTime(system, vm, fds))
    const mpidrs = fds.map(vcpu => vcpu.getOneReg(SYSTEM_REGISTERS.MPIDR_EL1))
    const fdt = loadFdt(plan, { layout, mpidrs, initrd }, ram)
    this.#deviceTree = fdt
    setBootRegisters(fds[0], RAM_BASE + BigInt(plan.image.layout.loadOffset), fdt.address)
    const runSize = kvm.getVcpuMmapSize()
    this.#vcpus = fds.map(fd => ({ fd, run: this.#own(fd.mmapRun(runSize)) }))
  }

  /** What the guest finds where x0 points. */
  get deviceTree(): LoadedFdt {
    if (this.#deviceTree === undefined)
      throw new BugError('a VM has no device tree before it is built')
    return this.#deviceTree
  }

  /** Bytes of RAM at this guest physical address; nothing if not all of them are RAM. */
  readRam(address: bigint, length: number): Buffer | undefined {
    const ram = this.#ram
    const end = RAM_BASE + BigInt(ram?.byteLength ?? 0)
    if (address < RAM_BASE || address + BigInt(length) > end) return undefined
    return ram?.readBytes(Number(address - RAM_BASE), length)
  }

  /** Drives the line of a shared interrupt; `number` counts from 0. */
  setSpi(number: number, level: boolean): void {
    this.#fd?.irqLine({ kind: 'spi', intid: FIRST_SPI + number }, level ? 1 : 0)
  }

  /** Releases everything, the last made first. No vCPU thread may be left. */
  [Symbol.dispose](): void {
    while (this.#owned.length > 0) this.#owned.pop()?.[Symbol.dispose]()
  }

  #own<T extends Disposable>(resource: T): T {
    this.#owned.push(resource)
    return resource
  }
}

/**
 * The initrd has its place in RAM by its size alone; the kernel must end below it.
 *
 * @returns where the initrd lies: offset and size in RAM
 * @throws {@link ImageError} one of them does not fit
 */
function loadImages({ image, initrd, ramSize }: VmPlan, ram: NativeMemory): Extent | undefined {
  const placed = initrd && placeInitrd(initrd, ramSize)
  const below = placed === undefined || placed.offset > fdtOffset(ramSize) ? undefined : placed
  image.load(ram, {
    ramSize,
    end: below?.offset ?? fdtOffset(ramSize),
    maxEnd: fdtOffset(Number.MAX_SAFE_INTEGER),
  })
  if (placed) initrd.load(ram, placed.offset)
  return placed
}

/** Enough address bits for the end of RAM, and no more than the usual without need. */
function ipaBits(kvm: KvmFd, ramSize: number): number {
  const limit = ipaLimit(kvm)
  const needed = Math.ceil(Math.log2(Number(RAM_BASE) + ramSize))
  if (needed > limit)
    throw new UsageError(
      `--mem ${ramSize / 2 ** 20}M reaches beyond the ${limit} address bits a guest can have on this host`,
      { try: [`--mem ${2 ** (limit - 20) - Number(RAM_BASE) / 2 ** 20}M    # the most`] },
    )
  return Math.max(needed, Math.min(DEFAULT_IPA_BITS, limit))
}

/** Instead of an ENOSYS that does not say where, from Linux 5.5 on. */
function wantNoSyndromeExits(vm: VmFd): void {
  const capability = 'KVM_CAP_ARM_NISV_TO_USER'
  if (vm.checkExtension(capability) > 0) vm.enableCap(capability)
}

function addRam(vm: VmFd, ram: NativeMemory): void {
  vm.setUserMemoryRegion({
    slot: RAM_SLOT,
    guest_phys_addr: RAM_BASE,
    memory_size: BigInt(ram.byteLength),
    userspace_addr: ram.address,
  })
}

/** The highest SPI of the devices. */
function lastSpi({ pmu, vcpus }: VmPlan): number {
  const ofPmu = pmu?.interrupt.kind === 'spi' ? pmu.interrupt.first + vcpus - 1 : 0
  return Math.max(UART_SPI, ofPmu)
}

/** All vCPUs get the same features; the secondaries wait for PSCI CPU_ON. */
function initializeVcpus(
  system: System,
  vm: VmFd,
  vcpus: readonly VcpuFd[],
  { cpu, pmu }: VmPlan,
): void {
  const { target } = vm.armPreferredTarget()
  const chosen = chooseFeatures(cpu, capability => vm.checkExtension(capability) > 0)
  const features: VcpuFeatureName[] = ['KVM_ARM_VCPU_PSCI_0_2', ...chosen]
  if (pmu !== undefined) features.push('KVM_ARM_VCPU_PMU_V3')
  if (pmu?.strict) features.push('KVM_ARM_VCPU_PMU_V3_STRICT')
  const initialize = () =>
    vcpus.forEach(vcpu => {
      const own: VcpuFeatureName[] = vcpu.id > 0 ? ['KVM_ARM_VCPU_POWER_OFF'] : []
      vcpu.init({ target, features: featureWords([...features, ...own]) })
      if (chosen.includes('KVM_ARM_VCPU_SVE')) finalizeSve(vcpu, cpu.sveMaxVl)
    })
  // KVM takes the PMU of the CPU we are on as the VM's default, and fails where there is none.
  if (pmu === undefined) initialize()
  else onCpus(system, pmu.cpus, initialize)
}

/** On a CPU with the PMU too: Linux 6.3 to 6.7 take the default only when the first attribute is set. */
function attach(system: System, vcpus: readonly VcpuFd[], pmu: PmuPlan | undefined): void {
  if (pmu !== undefined) onCpus(system, pmu.cpus, () => attachPmu(vcpus, pmu))
}

/** What was decided while the VM was built. */
interface LaidOut {
  readonly layout: GicLayout
  readonly mpidrs: readonly bigint[]
  readonly initrd: Extent | undefined
}

function loadFdt(plan: VmPlan, { layout, mpidrs, initrd }: LaidOut, ram: NativeMemory): LoadedFdt {
  const random = plan.random ?? randomBytes
  const fdt = encodeFdt(
    describeMachine({
      ramSize: plan.ramSize,
      mpidrs,
      gic: layout,
      initrd: initrd && {
        base: RAM_BASE + BigInt(initrd.offset),
        size: BigInt(initrd.size),
      },
      pmuInterrupt: plan.pmu?.interrupt,
      exitDevice: plan.exitDevice,
      bootArgs: plan.bootArgs,
      kaslrSeed: plan.kaslrSeed ?? random(8).readBigUInt64LE(),
      rngSeed: random(64),
    }),
  )
  if (fdt.length > FDT_MAX_SIZE) throw new BugError(`the device tree has ${fdt.length} bytes`)
  const offset = fdtOffset(plan.ramSize)
  ram.writeBytes(offset, fdt)
  return { address: RAM_BASE + BigInt(offset), bytes: fdt }
}

/** As Documentation/arch/arm64/booting.rst wants it: x0 = device tree, x1 to x3 = 0 (as after reset). */
function setBootRegisters(vcpu: VcpuFd | undefined, entry: bigint, fdt: bigint): void {
  vcpu?.setOneReg(CORE_REGISTERS.PSTATE(), PSTATE_EL1H_DAIF)
  vcpu?.setOneReg(CORE_REGISTERS.PC(), entry)
  vcpu?.setOneReg(xRegister(0), fdt)
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
