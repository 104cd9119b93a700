import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LabError } from '../errors/index.ts'
import type { Asset, Cache } from './cache.ts'
import { DebianSuite } from './debian.ts'
import {
  BUILD_BYTES,
  type KernelRecipe,
  buildKernel,
  findArchive,
  provideBuildPrograms,
} from './kernel-build.ts'
import { PACKAGE_ROOT } from './payload.ts'
import type { ToolContext } from './tool.ts'

/** Name of a host kernel → what our patch makes of attribute 5 of KVM_ARM_VCPU_PMU_V3_CTRL. */
export const FCO_KERNELS: Readonly<Record<string, 'v7' | 'v8' | 'other' | 'off'>> = {
  fco: 'v8',
  'fco-v7': 'v7',
  'fco-v8': 'v8',
  'fco-other': 'other',
  'fco-off': 'off',
}

/** The parameter our patch adds to the kernel's command line. */
export const FCO_PARAMETER = 'kvm-arm.fixed_counters_only'

const SUITE = 'trixie'
const SOURCE_PACKAGE = 'linux-source-6.12'
const RECIPE: KernelRecipe = {
  patch: join(PACKAGE_ROOT, 'host-kernels/fco/fixed-counters-only.patch'),
  config: join(PACKAGE_ROOT, 'host-kernels/fco/config'),
}

interface FcoFacts {
  readonly release: string
}

/**
 * The kernel with KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY, one image for all of its variants. What
 * is in the cache serves as long as patch and configuration are the same, whatever Debian has by now.
 */
export async function provideFcoKernel(
  cache: Cache,
  context: ToolContext,
): Promise<Asset<FcoFacts>> {
  const digest = await digestOf(RECIPE)
  for (const name of await cache.list('kernels')) {
    if (!name.startsWith('fco-') || !name.endsWith(`-${digest}`)) continue
    const made = await cache.find<FcoFacts>(`kernels/${name}`)
    if (made !== undefined) return made
  }
  await provideBuildPrograms(context)
  return cache.withTemporary(0, work => fetchAndBuild(digest, work, cache, context))
}

async function digestOf({ patch, config }: KernelRecipe): Promise<string> {
  const hash = createHash('sha256')
  for (const path of [patch, config]) hash.update(await readFile(path)).update('\0')
  return hash.digest('hex').slice(0, 12)
}

async function fetchAndBuild(
  digest: string,
  work: string,
  cache: Cache,
  context: ToolContext,
): Promise<Asset<FcoFacts>> {
  context.progress(`lab: fetching the source of the host kernel from Debian ${SUITE} …`)
  const debian = await DebianSuite.open(SUITE, await fresh(work, 'apt'), context)
  const version = await debian.version(SOURCE_PACKAGE)
  if (version === undefined) {
    throw new LabError('KERNEL', `Debian ${SUITE} has no ${SOURCE_PACKAGE} at present`)
  }
  return cache.provide<FcoFacts>(`kernels/fco-${version}-${digest}`, {
    bytes: BUILD_BYTES,
    make: async directory => {
      const unpacked = await fresh(work, 'unpacked')
      await debian.unpack(SOURCE_PACKAGE, unpacked)
      const archive = await findArchive(unpacked)
      context.progress(`lab: building Linux ${version} with our patch, once: 4 minutes or more …`)
      const build = await fresh(work, 'build')
      const { image, release } = await buildKernel(archive, RECIPE, build, context)
      await copyFile(image, join(directory, 'Image'))
      await rm(build, { recursive: true })
      return { release }
    },
  })
}

async function fresh(parent: string, name: string): Promise<string> {
  const directory = join(parent, name)
  await mkdir(directory)
  return directory
}
