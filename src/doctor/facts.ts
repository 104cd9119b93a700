import { attempt, TsvmmError } from '../errors/index.ts'
import { readKernelLevel, type KernelLevel } from '../host/exception-level.ts'
import { describeHost, type HostFacts, type HostTree } from '../host/index.ts'
import { readKernel, type HostKernel } from '../host/kernel.ts'
import { inspectKvmDevice, type KvmDevice } from '../host/kvm-device.ts'
import { readKvmMessages } from '../host/kvm-messages.ts'
import { readMemory, type HostMemory } from '../host/memory.ts'
import { readSettings, type HostSettings } from '../host/settings.ts'
import { readSurroundings, type Surroundings } from '../host/surroundings.ts'
import { tryKvm, type AskKvm, type Machine } from '../look/facts.ts'
import type { Native } from '../native/index.ts'

/** A fact, or why it is not known. */
export type Known<T> = T | TsvmmError

/** All that is judged: plain data, but for the errors. */
export interface DoctorFacts {
  /** As Node calls it: `arm64`. */
  readonly arch: string
  readonly nodeVersion: string
  /** How the native library is loaded. */
  readonly native: Known<Pick<Native, 'backend'>>
  readonly kernel: Known<HostKernel>
  readonly level: Known<KernelLevel | undefined>
  /** What the kernel said of KVM; undefined if this process may not read it. */
  readonly kvmMessages: readonly string[] | undefined
  readonly surroundings: Known<Surroundings>
  readonly device: KvmDevice
  readonly host: Known<HostFacts>
  /** Undefined: it was not asked, since something before it failed. */
  readonly kvm: Machine['kvm']
  readonly memory: Known<HostMemory>
  readonly settings: Known<HostSettings>
}

/** Where facts come from. */
export interface Sources {
  readonly tree: HostTree
  /** Where KVM is opened: /dev/kvm. */
  readonly kvmPath: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly arch: string
  readonly nodeVersion: string
  readonly loadNative: () => Pick<Native, 'backend'>
  readonly askKvm: AskKvm
}

/** What is asked of KVM: no guest is run for it. */
const PARTS = ['pmus', 'capabilities', 'vms'] as const

/** Looks at everything once. What cannot be looked at is kept as the reason why. */
export async function gatherFacts(sources: Sources): Promise<DoctorFacts> {
  const { tree, kvmPath, env, arch, nodeVersion, loadNative, askKvm } = sources
  const native = attempt(loadNative)
  const device = inspectKvmDevice(tree, kvmPath)
  const canAsk = arch === 'arm64' && !(native instanceof TsvmmError) && device.opening === 'ok'
  return {
    arch,
    nodeVersion,
    native: native instanceof TsvmmError ? native : { backend: native.backend },
    kernel: attempt(() => readKernel(tree)),
    level: attempt(() => readKernelLevel(tree)),
    kvmMessages: readKvmMessages(),
    surroundings: attempt(() => readSurroundings(tree, env)),
    device,
    host: attempt(() => describeHost(tree)),
    kvm: canAsk ? await tryKvm(askKvm, PARTS) : undefined,
    memory: attempt(() => readMemory(tree)),
    settings: attempt(() => readSettings(tree)),
  }
}
