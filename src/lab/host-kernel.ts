import { existsSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { LabError, UsageError } from '../errors/index.ts'
import type { Asset, Cache } from './cache.ts'
import { DebianSuite } from './debian.ts'
import { FCO_KERNELS, FCO_PARAMETER, provideFcoKernel } from './fco-kernel.ts'
import { checkKernelImage } from './kernel-image.ts'
import { type ToolContext, runTool } from './tool.ts'
import { type Cluster, pmuCompatible } from './topology.ts'

/** A kernel the emulated host can boot. */
export interface HostKernel {
  /** `6.12.107+deb13-cloud-arm64`, or the path of an image of the user's own. */
  readonly name: string
  readonly image: string
  /** Paths of the modules the lab needs, in the order they are to be loaded. */
  readonly modules: readonly string[]
  /** What the name asks for on the kernel's command line. */
  readonly arguments: readonly string[]
}

/** Version → suite, for the kernels that must always work. */
const STABLE: Readonly<Record<string, string>> = { '6.1': 'bookworm', '6.12': 'trixie' }
/** Where any other version is looked for. */
const ROLLING = ['sid', 'experimental'] as const
const SUITES: readonly string[] = [...Object.values(STABLE), ...ROLLING]

/** What of the virtio console a kernel has not built in; each needs those before it. */
const MODULES = ['virtio', 'virtio_ring', 'virtio_mmio', 'virtio_console']
const META_PACKAGE = 'linux-image-cloud-arm64'
/** Package lists, package, unpacked package. */
const BYTES_NEEDED = 400 * 1024 ** 2

interface KernelFacts {
  readonly release: string
  readonly modules: readonly string[]
}

/**
 * Finds, fetches or builds the kernel `name`: a version, a Debian suite, a name of `FCO_KERNELS`, or
 * the path of an Image.
 */
export async function provideHostKernel(
  name: string,
  cache: Cache,
  context: ToolContext,
): Promise<HostKernel> {
  const suite =
    (Object.hasOwn(STABLE, name) ? STABLE[name] : undefined) ??
    (SUITES.includes(name) ? name : undefined)
  if (suite !== undefined) return asKernel(await fetchFrom(suite, cache, context))
  const attribute5 = Object.hasOwn(FCO_KERNELS, name) ? FCO_KERNELS[name] : undefined
  if (attribute5 !== undefined) return fcoKernel(attribute5, cache, context)
  if (name.includes('/') || existsSync(name)) {
    return { name, image: await checkKernelImage(name), modules: [], arguments: [] }
  }
  if (!/^\d+\.\d+/.test(name)) throw unknownKernel(name)
  const seen: string[] = []
  for (const rolling of ROLLING) {
    const { facts, directory } = await fetchFrom(rolling, cache, context)
    if (isVersion(facts.release, name)) return asKernel({ facts, directory })
    seen.push(`${rolling} has ${facts.release}`)
  }
  throw unknownKernel(name, seen.join(', '))
}

function isVersion(release: string, version: string): boolean {
  return release.startsWith(version) && !/^\d/.test(release.slice(version.length))
}

function unknownKernel(name: string, why?: string): UsageError {
  const known = [...Object.keys(STABLE), ...SUITES, ...Object.keys(FCO_KERNELS)].join(', ')
  return new UsageError(`--host-kernel ${name}: no such kernel`, {
    ...(why === undefined ? {} : { why }),
    try: [`one of ${known}, or the path of an arm64 Image`],
  })
}

function asKernel({ directory, facts }: Asset<KernelFacts>): HostKernel {
  return {
    name: facts.release,
    image: join(directory, 'Image'),
    modules: facts.modules.map(module => join(directory, module)),
    arguments: [],
  }
}

async function fcoKernel(
  attribute5: string,
  cache: Cache,
  context: ToolContext,
): Promise<HostKernel> {
  const { directory, facts } = await provideFcoKernel(cache, context)
  return {
    name: facts.release,
    image: join(directory, 'Image'),
    modules: [],
    arguments: [`${FCO_PARAMETER}=${attribute5}`],
  }
}

function fetchFrom(suite: string, cache: Cache, context: ToolContext): Promise<Asset<KernelFacts>> {
  return cache.provide<KernelFacts>(`kernels/${suite}`, {
    bytes: BYTES_NEEDED,
    make: directory =>
      cache.withTemporary(0, async work => {
        context.progress(`lab: fetching the host kernel of Debian ${suite} …`)
        const debian = await DebianSuite.open(suite, work, context)
        const unpacked = join(work, 'unpacked')
        for (const name of await kernelPackages(debian)) await debian.unpack(name, unpacked)
        return keepWhatWeNeed(unpacked, directory, context)
      }),
  })
}

/** The meta package names the versioned one, which in newer suites is in parts. */
async function kernelPackages(debian: DebianSuite): Promise<string[]> {
  const [image] = pick(await debian.dependencies(META_PACKAGE), /^linux-image-.*-cloud-arm64$/)
  if (image === undefined) {
    throw new LabError('KERNEL', `Debian ${debian.suite} has no ${META_PACKAGE} at present`)
  }
  const parts = pick(await debian.dependencies(image), /^linux-(binary|modules)-.*-cloud-arm64$/)
  return parts.length > 0 ? parts : [image]
}

function pick(names: readonly string[], pattern: RegExp): string[] {
  return names.filter(name => pattern.test(name))
}

async function keepWhatWeNeed(
  unpacked: string,
  directory: string,
  context: ToolContext,
): Promise<KernelFacts> {
  const all = await fs.readdir(unpacked, { recursive: true })
  const image = all.find(path => /(^|\/)vmlinuz[^/]*$/.test(path))
  const release = /lib\/modules\/([^/\n]+)/.exec(all.join('\n'))?.[1]
  if (image === undefined || release === undefined) {
    throw new LabError(
      'KERNEL',
      `the kernel package holds no kernel: ${all.slice(0, 5).join(', ')}`,
    )
  }
  await fs.copyFile(join(unpacked, image), join(directory, 'Image'))
  const modules: string[] = []
  for (const name of MODULES) {
    const path = all.find(path => new RegExp(`/${name}\\.ko(\\.(xz|zst|gz))?$`).test(path))
    if (path === undefined) continue
    const copy = join(directory, path.slice(path.lastIndexOf('/') + 1))
    await fs.copyFile(join(unpacked, path), copy)
    const tool = DECOMPRESSORS[/\.(\w+)$/.exec(copy)?.[1] ?? '']
    if (tool !== undefined) {
      const args = [...tool.args, copy]
      await runTool(context, tool.name, args, { purpose: `unpack the module ${name}` })
    }
    modules.push(`${name}.ko`)
  }
  return { release, modules }
}

/** Each replaces the file by its unpacked form. */
const DECOMPRESSORS: Readonly<Record<string, { name: string; args: readonly string[] }>> = {
  xz: { name: 'xz', args: ['-d'] },
  zst: { name: 'zstd', args: ['-d', '-q', '--rm'] },
  gz: { name: 'gzip', args: ['-d'] },
}

/**
 * Checks that the kernel has a driver for each cluster's PMU: it would come up with no PMU there and
 * say nothing. Throws `UsageError`.
 */
export async function checkPmuDrivers(
  kernel: HostKernel,
  clusters: readonly Cluster[],
): Promise<void> {
  if (clusters.length === 0) return
  const image = await fs.readFile(kernel.image)
  const isPacked = image[0] === 0x1f
  for (const { core } of clusters) {
    const compatible = pmuCompatible(core)
    // In the driver's table, so it is in the image, with a NUL after it.
    if (compatible === undefined || isPacked || image.includes(`${compatible}\0`)) continue
    throw new UsageError(`the host kernel ${kernel.name} has no driver for the PMU of ${core}`, {
      try: ['a newer --host-kernel, or another core in --topology'],
    })
  }
}
