import { totalmem } from 'node:os'
import type { Logger } from 'pino'
import { UsageError } from '../errors/index.ts'
import { DEFAULT_NODE, provideBaseArchive } from './arm64-node.ts'
import { Cache, cacheDirectory } from './cache.ts'
import { EmulatedHost } from './emulated-host.ts'
import { provideHostKernel } from './host-kernel.ts'
import { makeInitrd } from './initrd.ts'
import { type HostCpu, type Machine, bootArguments, provideQemu } from './qemu.ts'
import type { ToolContext } from './tool.ts'

export const DEFAULT_HOST_KERNEL = '6.12'
export const DEFAULT_MEM_MIB = 2048

export interface BootOptions {
  /** A version, a Debian suite, or the path of an Image. Default: 6.12. */
  readonly hostKernel?: string
  /** A major or an exact version. Default: 20. */
  readonly node?: string
  readonly smp?: number
  readonly memMib?: number
  readonly gic?: 2 | 3
  readonly cpu?: HostCpu
  /** Appended to the kernel's command line. */
  readonly kernelArguments?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
  readonly progress?: (line: string) => void
  readonly log?: Pick<Logger, 'debug'>
}

/** Provides everything a boot needs and starts QEMU. */
export async function startHost(options: BootOptions): Promise<EmulatedHost> {
  const context: ToolContext = {
    env: options.env ?? process.env,
    signal: options.signal ?? new AbortController().signal,
    progress: options.progress ?? (() => undefined),
  }
  const machine = checkMachine(options)
  const cache = new Cache(cacheDirectory(context.env))
  const kernel = await provideHostKernel(options.hostKernel ?? DEFAULT_HOST_KERNEL, cache, context)
  const qemu = await provideQemu(context)
  const base = await provideBaseArchive(options.node ?? DEFAULT_NODE, cache, context)
  const initrd = await makeInitrd(base.path, kernel, cache)
  try {
    context.signal.throwIfAborted()
    return new EmulatedHost({
      qemu,
      args: bootArguments({
        machine,
        kernel: kernel.image,
        withDtb: false,
        kernelArguments: options.kernelArguments ?? [],
      }),
      initrd: initrd.fd,
      dtb: undefined,
      env: context.env,
      onConsoleLine: line => options.log?.debug({ console: line }, 'host console'),
    })
  } finally {
    await initrd.close()
  }
}

function checkMachine(options: BootOptions): Machine {
  const machine: Machine = {
    gic: options.gic ?? 3,
    cpu: options.cpu ?? 'max',
    smp: options.smp ?? 4,
    memMib: options.memMib ?? DEFAULT_MEM_MIB,
  }
  if (machine.memMib * 1024 ** 2 > totalmem()) throw new UsageError('')
  return machine
}
