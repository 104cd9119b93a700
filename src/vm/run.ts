import { totalmem } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { completeBootArgs } from '../boot/boot-args.ts'
import { GuestFile } from '../boot/guest-file.ts'
import type { GuestImage } from '../boot/image.ts'
import { MmioBus, RtcPl031 } from '../devices/index.ts'
import { UsageError } from '../errors/index.ts'
import { MAX_IRQS } from '../gic/gic.ts'
import { checkGicVcpus, type GicKind } from '../gic/kinds.ts'
import { readHostCpus, THIS_HOST, type HostTree } from '../host/index.ts'
import type { KvmFd } from '../ioctl/index.ts'
import { native, type Native, type System } from '../native/index.ts'
import type { PmuDecision } from '../pmu/decision.ts'
import { checkPmuInterrupt } from '../pmu/interrupt.ts'
import type { PmuProbe } from '../pmu/probe.ts'
import { checkPmuRequest, type PmuRequest } from '../pmu/request.ts'
import { checkCpuRequest, WHOLE_CPU, type CpuRequest } from '../vcpu/features.ts'
import { readVcpuState } from '../vcpu/state.ts'
import { Vm, type VmPlan } from './builder.ts'
import { ConsoleOutput } from './console.ts'
import { allowedCpus } from './allowed-cpus.ts'
import { attachEndingDevices } from './ending-devices.ts'
import { attachMsiFrame, spisOfGic } from './gic-layout.ts'
import { decidePmu, describePmu, planPmu } from './guest-pmu.ts'
import type { RamPages } from './guest-ram.ts'
import { RAM_MIN, RAM_STEP, RTC_BASE, RTC_SIZE, UART_SPI } from './memory-map.ts'
import { ObservedSystem } from './observed-system.ts'
import { onceEach } from './once-each.ts'
import { openImage } from './open-image.ts'
import { openKvm, requireArm64 } from './open-kvm.ts'
import type { Outcome } from './outcome.ts'
import { RunLoop, type RunStatistics } from './run-loop.ts'
import { runUntil, type Limits } from './run-until.ts'
import { SerialConsole } from './serial-console.ts'
import { locate, type Whereabouts } from './whereabouts.ts'

/** What somebody wants run. */
export interface RunRequest {
  /** Path of the guest image. */
  readonly image: string
  /** Path of what the guest's kernel unpacks as its first file system. */
  readonly initrd?: string | undefined
  readonly vcpus: number
  /** Bytes. */
  readonly ramSize: number
  /** Left out, pages of any size. */
  readonly ramPages?: RamPages | undefined
  /** The guest's command line. */
  readonly bootArgs: string
  /** Left out, what the host gives, as `auto`. */
  readonly irqchip?: GicKind | 'auto' | undefined
  /** Whether a kernel hears what it needs on this machine before that (left out, it does): see {@link completeBootArgs}. */
  readonly defaultBootArgs?: boolean | undefined
  /** Left out, another one each time. */
  readonly kaslrSeed?: bigint | undefined
  /** Left out, all that the host has. */
  readonly cpu?: CpuRequest | undefined
  readonly pmu: PmuRequest
  /** What to do about a vCPU that landed on a CPU the VM's PMU does not cover. */
  readonly onUnsupportedCpu: 'repin' | 'fail'
  /** CPUs the vCPU threads are kept to; left out, all that this process may use. */
  readonly affinity?: readonly number[] | undefined
  /** Of all boots of the guest together. */
  readonly timeoutSeconds?: number | undefined
  /** Whether a guest that asks for a reset ends the run, which it does if this is left out, or boots again. */
  readonly onReset?: 'exit' | 'restart' | undefined
  /** Whether the guest has a device by which it ends with a status of its own. */
  readonly exitCodeFromGuest?: boolean | undefined
}

export interface RunSurroundings {
  /** Where the guest's UART output goes. */
  readonly console: Writable
  /** Where its input comes from: read as fast as the guest takes it, and destroyed at the end. */
  readonly input?: Readable | undefined
  /** Ends the run when it is aborted. */
  readonly signal: AbortSignal
  /** Told what PMU the guest gets, before it runs. */
  readonly onPmuDecision: (decision: PmuDecision) => void
  /** Told what KVM said about the PMUs of the host, where it was asked. */
  readonly onPmuProbe?: ((probe: PmuProbe) => void) | undefined
  /** Told the device tree's blob, before the guest runs. */
  readonly onDeviceTree?: ((blob: Uint8Array) => void) | undefined
  /** Told when the guest starts, with what says at any time what it has done so far. */
  readonly onStart?: ((statistics: () => RunStatistics) => void) | undefined
  /** Told what happened that the guest's owner should know, while it runs. */
  readonly onNotice: (sentence: string) => void
}

export interface RunResult {
  readonly outcome: Outcome
  readonly pmu: PmuDecision
  readonly gic: GicKind
  /** Of the last boot. */
  readonly statistics: RunStatistics
  /** How often the guest was booted again. */
  readonly resets: number
  /** Where each vCPU was, if the guest did not end by itself. */
  readonly vcpus: readonly Whereabouts[]
  /** What the console said of a panic of Linux. */
  readonly panicMessage?: string | undefined
}

/**
 * Runs a guest to its end on this host's `/dev/kvm`.
 *
 * @throws {UsageError} the request asks for what cannot be, here or anywhere
 * @throws {ImageError} the image cannot be loaded
 * @throws {HostError} this host has no KVM for us, or lacks what a guest needs
 * @throws {PmuError} the PMU asked for cannot be had
 * @throws {IoctlError} the kernel refused a step of the construction
 */
export async function runGuest(
  request: RunRequest,
  surroundings: RunSurroundings,
): Promise<RunResult> {
  checkRequest(request, totalmem())
  requireArm64()
  const loaded = native()
  const system = ObservedSystem.around(loaded.system)
  const host = { system, tree: THIS_HOST }
  return withGuest(request, host, surroundings, guest =>
    runWithResets(guest, request, surroundings, { ...loaded, system }),
  )
}

async function runWithResets(
  guest: BuiltGuest,
  request: RunRequest,
  surroundings: RunSurroundings,
  loaded: Native,
): Promise<RunResult> {
  const { input, signal } = surroundings
  const onNotice = onceEach(surroundings.onNotice)
  // Not by `performance`, which Node loads when asked for: docs/architecture.md, "Start-up".
  const since = process.hrtime.bigint()
  const limits = { signal, timeoutSeconds: request.timeoutSeconds, since }
  // Input that cannot be read has ended.
  input?.on('error', () => undefined)
  try {
    for (let resets = 0; ; resets++) {
      const result = await runBuilt(guest, request, { ...surroundings, onNotice }, limits, loaded)
      const isReset = result.outcome.kind === 'reset'
      if (!isReset || request.onReset !== 'restart') return { ...result, resets }
      onNotice('the guest asked for a reset, and boots again (--on-reset=restart)')
      guest.rebuild()
    }
  } finally {
    input?.destroy()
  }
}

/** A machine to make guests on. */
export interface GuestHost {
  readonly system: System
  readonly tree: HostTree
  /** So many bytes for the guest's seeds; left out, random ones. */
  readonly random?: (bytes: number) => Buffer
}

/** A guest that is ready to run. */
export interface BuiltGuest {
  /** That of the last {@link rebuild}. */
  readonly vm: Vm
  /** Makes it anew from the same images. No vCPU thread may be left. */
  readonly rebuild: () => void
  readonly image: GuestImage
  readonly pmu: PmuDecision
}

/**
 * Makes a guest, which is gone when `use` is through with it. See {@link runGuest} for what it
 * throws.
 */
export async function withGuest<T>(
  request: RunRequest,
  { system, tree, random }: GuestHost,
  { onPmuDecision, onPmuProbe }: Pick<RunSurroundings, 'onPmuDecision' | 'onPmuProbe'>,
  use: (guest: BuiltGuest) => T | Promise<T>,
): Promise<T> {
  using kvm = openKvm(system)
  checkVcpus(request, kvm)
  const allowed = allowedCpus(request.affinity, system, () => readHostCpus(tree))
  const pmu = decidePmu(request.pmu, allowed, { system, tree, kvm }, onPmuProbe)
  using image = openImage(request, kvm)
  using initrd =
    request.initrd === undefined ? undefined : new GuestFile(request.initrd, 'an initrd')
  onPmuDecision(pmu)

  const plan: VmPlan = {
    vcpus: request.vcpus,
    ramSize: request.ramSize,
    ramPages: request.ramPages ?? { kind: 'any' },
    image,
    initrd,
    irqchip: request.irqchip,
    bootArgs:
      (request.defaultBootArgs ?? true)
        ? completeBootArgs(request.bootArgs, image.layout)
        : request.bootArgs,
    kaslrSeed: request.kaslrSeed,
    cpu: request.cpu ?? WHOLE_CPU,
    exitDevice: request.exitCodeFromGuest,
    pmu: planPmu(pmu, request.pmu),
    random,
  }
  let vm = Vm.build(system, kvm, plan)
  const rebuild = () => {
    vm[Symbol.dispose]()
    vm = Vm.build(system, kvm, plan)
  }
  try {
    return await use({
      get vm() {
        return vm
      },
      rebuild,
      image,
      pmu,
    })
  } finally {
    vm[Symbol.dispose]()
  }
}

async function runBuilt(
  { vm, pmu }: BuiltGuest,
  request: RunRequest,
  { console, input, onDeviceTree, onStart, onNotice }: RunSurroundings,
  limits: Limits,
  loaded: Native,
): Promise<Omit<RunResult, 'resets'>> {
  onDeviceTree?.(vm.deviceTree.bytes)
  const output = new ConsoleOutput(console)
  const mmio = new MmioBus()
  attachMsiFrame(vm, mmio)
  mmio.attach(new RtcPl031(() => Date.now() / 1000), RTC_BASE, RTC_SIZE)
  const loop = new RunLoop({
    native: loaded,
    vcpus: vm.vcpus.map(({ fd, run }) => ({ fd: fd.fd, run })),
    cpus: 'cpus' in pmu && pmu.pinned ? pmu.cpus : request.affinity,
    mmio,
    console: output,
    onUnsupportedCpu: request.onUnsupportedCpu,
    ...describePmu(pmu),
    onNotice,
  })
  attachEndingDevices(mmio, {
    end: outcome => loop.end(outcome),
    onNotice,
    exitCodeFromGuest: request.exitCodeFromGuest ?? false,
  })
  using serial = new SerialConsole({ vm, loop, mmio, output })
  if (input) serial.attachInput(input)
  onStart?.(() => loop.statistics)
  const outcome = await runUntil(loop, limits)
  const ended = ['powered-off', 'exited', 'reset'].includes(outcome.kind)
  const vcpus = ended
    ? []
    : vm.vcpus.map(({ fd }) => locate(readVcpuState(fd), vm.readRam.bind(vm)))
  const { panicMessage } = output
  return { outcome, pmu, gic: vm.gic, statistics: loop.statistics, vcpus, panicMessage }
}

/**
 * Refuses what no host could do, before anything is touched. `hostMemory` is in bytes.
 *
 * @throws {UsageError}
 */
export function checkRequest(request: RunRequest, hostMemory: number): void {
  checkPmuRequest(request.pmu)
  if (request.cpu !== undefined) checkCpuRequest(request.cpu)
  if (request.pmu.mode.kind !== 'off')
    checkPmuInterrupt(request.pmu.interrupt, {
      vcpus: request.vcpus,
      nrIrqs: MAX_IRQS,
      taken: [{ spi: UART_SPI, by: 'the UART' }, ...spisOfGic(request.irqchip)],
    })
  if (request.irqchip !== undefined && request.irqchip !== 'auto')
    checkGicVcpus(request.irqchip, request.vcpus)
  if (request.affinity?.length === 0)
    throw new UsageError('the vCPUs are to be kept to no CPU at all (--vcpu-affinity)')
  const mib = (bytes: number) => Math.floor(bytes / 2 ** 20)
  if (request.ramSize < RAM_MIN)
    throw new UsageError(`--mem ${renderMem(request.ramSize)} is too little for a guest`, {
      try: [`--mem ${mib(RAM_MIN)}M    # the least`],
    })
  if (request.ramSize % RAM_STEP !== 0)
    throw new UsageError(`--mem ${request.ramSize / 1024}k is no multiple of 64 KiB`, {
      why: "that is the largest page a host's kernel may have",
      try: [`--mem ${mib(request.ramSize)}M`],
    })
  if (request.ramSize > hostMemory)
    throw new UsageError(
      `--mem ${mib(request.ramSize)}M is more than this machine has (${mib(hostMemory)} MiB)`,
      { try: [`--mem ${mib(hostMemory / 2)}M    # half of it`] },
    )
}

/** As `--mem` takes it. */
function renderMem(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}M` : `${bytes / 1024}k`
}

/** @throws {UsageError} more vCPUs than KVM can give a VM */
function checkVcpus({ vcpus }: RunRequest, kvm: KvmFd): void {
  const most = kvm.checkExtension('KVM_CAP_MAX_VCPUS')
  if (vcpus > most)
    throw new UsageError(`--cpus ${vcpus} is more than KVM on this host gives a VM`, {
      try: [`--cpus ${most}    # the most`],
    })
}
