import { type FileHandle, readFile, writeFile } from 'node:fs/promises'

import { decodeFdt, encodeFdt } from '../fdt/index.ts'
import { checkNodeRequest, DEFAULT_NODE, provideBaseArchive } from './arm64-node.ts'
import { Cache, cacheDirectory } from './cache.ts'
import { EmulatedHost } from './emulated-host.ts'
import { checkPmuDrivers, provideHostKernel } from './host-kernel.ts'
import { withClusters } from './host-tree.ts'
import { makeInitrd, unnamedFile } from './initrd.ts'
import { chooseMachine } from './machine.ts'
import { type HostCpu, type Machine, bootArguments, machineArguments, provideQemu } from './qemu.ts'
import { type ToolContext, runTool } from './tool.ts'
import type { Cluster } from './topology.ts'

export const DEFAULT_HOST_KERNEL = '6.12'

export interface BootOptions {
  /** `uniform` (default), `biglittle`, `tri`, or written like `a53:0-2,a72:3`. */
  readonly topology?: string
  /** A version, a Debian suite, `fco` or a variant of it, or the path of an Image. Default: 6.12. */
  readonly hostKernel?: string
  /** A major or an exact version. Default: 20. */
  readonly node?: string
  /** Default: 4, or what a written topology asks for. */
  readonly smp?: number
  /** Default: 2048. */
  readonly memMib?: number
  /** Default: 3. */
  readonly gic?: 2 | 3
  /** Default: neoverse-n1; with it and max KVM runs in VHE mode, the others have no VHE. */
  readonly cpu?: HostCpu
  /** Appended to the kernel's command line. */
  readonly kernelArguments?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
  readonly progress?: (line: string) => void
  readonly log?: { debug(fields: object, message: string): void }
}

/** Provides everything a boot needs and starts QEMU. */
export async function startHost(options: BootOptions): Promise<EmulatedHost> {
  const context: ToolContext = {
    env: options.env ?? process.env,
    signal: options.signal ?? new AbortController().signal,
    progress: options.progress ?? (() => undefined),
  }
  const { machine, clusters } = chooseMachine(options)
  const node = options.node ?? DEFAULT_NODE
  checkNodeRequest(node)
  const cache = new Cache(cacheDirectory(context.env))
  const qemu = await provideQemu(context)
  const kernel = await provideHostKernel(options.hostKernel ?? DEFAULT_HOST_KERNEL, cache, context)
  await checkPmuDrivers(kernel, clusters)
  const base = await provideBaseArchive(node, cache, context)

  // The descriptors go to QEMU; ours are closed when it has them.
  const files: FileHandle[] = []
  try {
    const initrd = await makeInitrd(base.path, kernel, cache)
    files.push(initrd)
    const dtb =
      clusters.length === 0 ? undefined : await makeDtb(qemu, machine, clusters, cache, context)
    if (dtb !== undefined) files.push(dtb)
    context.signal.throwIfAborted()
    const kernelArguments = [...kernel.arguments, ...(options.kernelArguments ?? [])]
    return new EmulatedHost({
      qemu,
      args: bootArguments({
        machine,
        kernel: kernel.image,
        withDtb: dtb !== undefined,
        kernelArguments,
      }),
      initrd: initrd.fd,
      dtb: dtb?.fd,
      env: context.env,
      onConsoleLine: line => options.log?.debug({ console: line }, 'host console'),
    })
  } finally {
    for (const file of files) await file.close()
  }
}

/** QEMU's own device tree for this machine, with one PMU per cluster. */
function makeDtb(
  qemu: string,
  machine: Machine,
  clusters: readonly Cluster[],
  cache: Cache,
  context: ToolContext,
): Promise<FileHandle> {
  return unnamedFile(cache, 0, async path => {
    // A comma ends an option's value unless doubled.
    const args = [...machineArguments(machine), '-M', `dumpdtb=${path.replaceAll(',', ',,')}`]
    await runTool(context, qemu, args, { purpose: "get QEMU's device tree", problem: 'QEMU' })
    const tree = withClusters(decodeFdt(await readFile(path)), clusters)
    await writeFile(path, encodeFdt(tree))
  })
}
