import { readAffinity, readHostCpus, readHostPmus, type HostTree } from '../host/index.ts'
import { TsvmmError } from '../errors/index.ts'
import { decodeFdt, type FdtTree } from '../fdt/index.ts'
import type { GicKind } from '../gic/kinds.ts'
import { observeAlone, type ObservedCall } from '../ioctl/index.ts'
import type { PmuDecision } from '../pmu/decision.ts'
import type { KvmFacts } from './look.ts'
import { assumeKvm } from './model/assumed-kvm.ts'
import { ModelSystem } from './model/model-system.ts'
import { ObservedSystem } from './observed-system.ts'
import { regionsOf, type Region } from './regions.ts'
import { checkRequest, withGuest, type BuiltGuest, type RunRequest } from './run.ts'

/** A machine that is not asked anything. */
export interface AssumedHost {
  readonly tree: HostTree
  /** What its KVM said when it was asked; left out: nobody knows. */
  readonly kvm?: KvmFacts | TsvmmError | undefined
  /** Bytes of memory, if it is the machine we are on. */
  readonly memory?: number | undefined
  /** What was made up of the machine itself. */
  readonly assumed: readonly string[]
}

/** What a run would do, up to the first KVM_RUN. */
export interface DryRun {
  /** What of the machine nobody measured, a sentence each without its full stop. */
  readonly assumed: readonly string[]
  readonly pmu: PmuDecision
  readonly gic: GicKind
  readonly memory: readonly Region[]
  /** The device tree's blob. */
  readonly deviceTree: Uint8Array
  readonly tree: FdtTree
  /** In their order, with the answers that are assumed. */
  readonly calls: readonly ObservedCall[]
}

/**
 * Makes a guest as `runGuest` does, on a machine that is a model: `/dev/kvm` is not touched, and the
 * seeds that the guest would get are zero.
 *
 * @throws {UsageError} the request asks for what cannot be
 * @throws {ImageError} the image cannot be loaded
 * @throws {TsvmmError} the machine lacks what a guest needs, or had no KVM when it was saved
 * @throws {PmuError} the PMU asked for cannot be had on that machine
 */
export async function dryRun(request: RunRequest, host: AssumedHost): Promise<DryRun> {
  checkRequest(request, host.memory ?? Number.MAX_SAFE_INTEGER)
  const isHere = host.memory !== undefined
  if (host.kvm instanceof TsvmmError) throw host.kvm
  const { online } = readHostCpus(host.tree)
  const kvm = assumeKvm(host.kvm, readHostPmus(host.tree))
  const model = new ModelSystem(kvm, readAffinity(online, host.tree) ?? online)
  const calls: ObservedCall[] = []
  const end = observeAlone(call => calls.push(call))
  try {
    const system = ObservedSystem.around(model)
    const random = (bytes: number) => Buffer.alloc(bytes)
    const assumed = [...host.assumed, ...kvm.assumed, ...(isHere ? [] : [MEMORY]), SEEDS]
    const nobody = { onPmuDecision: () => undefined }
    const ramPages: RunRequest['ramPages'] = isHere ? request.ramPages : { kind: 'any' }
    return await withGuest(
      { ...request, ramPages },
      { system, tree: host.tree, random },
      nobody,
      // A copy: what takes the guest apart again is a call as well.
      guest => ({ assumed, calls: [...calls], ...whatIsBuilt(guest, calls) }),
    )
  } finally {
    end()
  }
}

const MEMORY = 'there is memory enough, of the pages that were asked for'

const SEEDS = 'seeds of the guest that are not given are zero; in a run they are random'

function whatIsBuilt(guest: BuiltGuest, calls: readonly ObservedCall[]) {
  const deviceTree = guest.vm.deviceTree.bytes
  const tree = decodeFdt(deviceTree)
  return {
    pmu: guest.pmu,
    gic: guest.vm.gic,
    memory: regionsOf(tree, guest, calls),
    deviceTree,
    tree,
  }
}
