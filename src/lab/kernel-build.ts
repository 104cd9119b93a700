import { appendFile, mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { LabError } from '../errors/index.ts'
import { type Program, providePrograms } from './programs.ts'
import { type ToolContext, runTool } from './tool.ts'

/** What is built from what. */
export interface KernelRecipe {
  /** A patch for `patch -p1`. */
  readonly patch: string
  /** Lines of a `.config`, on top of `tinyconfig`. */
  readonly config: string
}

/** What the build leaves below its directory. */
export interface BuiltKernel {
  readonly image: string
  /** `6.12.107-tsvmm-fco` */
  readonly release: string
}

const IS_CROSS = process.arch !== 'arm64'
const CROSS_PREFIX = IS_CROSS ? 'aarch64-linux-gnu-' : ''

/** What a kernel's build runs beyond what every Debian system has. */
const PROGRAMS: readonly Program[] = [
  { name: 'make', packages: ['make'] },
  { name: 'gcc', packages: ['gcc', 'libc6-dev'] },
  ...(IS_CROSS ? [{ name: `${CROSS_PREFIX}gcc`, packages: ['gcc-aarch64-linux-gnu'] }] : []),
  { name: 'flex', packages: ['flex'] },
  { name: 'bison', packages: ['bison'] },
  { name: 'bc', packages: ['bc'] },
  { name: 'perl', packages: ['perl'] },
  { name: 'patch', packages: ['patch'] },
  { name: 'xz', packages: ['xz-utils'] },
]

/** Unpacked source and everything compiled, at the peak. */
export const BUILD_BYTES = 2.5 * 1024 ** 3
/** Half a gigabyte of headers for a GPU; nothing below it is looked at by the configuration. */
const NOT_UNPACKED = '*/drivers/gpu/drm/amd/include'
const PROGRESS_INTERVAL_MS = 5000
/** So that progress means something; nothing depends on it. */
const FILES_ABOUT = 1000

/** Sees to it that all programs a build needs are there. Throws `LabError` TOOL. */
export async function provideBuildPrograms(context: ToolContext): Promise<void> {
  const why = 'the host kernel is built on this machine, from Debian’s source and our patch'
  await providePrograms(PROGRAMS, { what: 'a compiler', why, problem: 'TOOL' }, context)
}

/**
 * Builds an arm64 Image in the empty directory `work` from a tar archive of Linux. Throws `LabError`
 * KERNEL, with the first error of the compiler as its reason.
 */
export async function buildKernel(
  archive: string,
  recipe: KernelRecipe,
  work: string,
  context: ToolContext,
): Promise<BuiltKernel> {
  const source = join(work, 'source')
  const build = join(work, 'build')
  await mkdir(build)
  await unpackSource(archive, source, context)
  await runTool(context, 'patch', ['-p1', '--batch', '--silent', '-i', recipe.patch], {
    cwd: source,
    purpose: 'apply our patch to the source of the host kernel',
    problem: 'KERNEL',
  })
  await configure(source, build, recipe.config, context)
  await compile(source, build, context)
  return {
    image: join(build, 'arch/arm64/boot/Image'),
    release: (await readFile(join(build, 'include/config/kernel.release'), 'utf8')).trim(),
  }
}

async function unpackSource(archive: string, source: string, context: ToolContext): Promise<void> {
  await mkdir(source)
  const args = ['-xf', archive, '-C', source, '--strip-components=1', `--exclude=${NOT_UNPACKED}`]
  await runTool(context, 'tar', args, {
    purpose: 'unpack the source of the host kernel',
    problem: 'KERNEL',
  })
  await rm(archive)
}

async function configure(
  source: string,
  build: string,
  config: string,
  context: ToolContext,
): Promise<void> {
  const purpose = 'configure the host kernel'
  await make(source, build, 'tinyconfig', purpose, context)
  await appendFile(join(build, '.config'), await readFile(config))
  await make(source, build, 'olddefconfig', purpose, context)
  const missed = missedLines(
    await readFile(config, 'utf8'),
    await readFile(join(build, '.config'), 'utf8'),
  )
  if (missed.length === 0) return
  throw new LabError('KERNEL', `cannot ${purpose}: it does not take ${missed.join(', ')}`, {
    why: 'its source, or the compiler, is another than the configuration was made for',
  })
}

/** The lines of a wanted configuration that the configuration made of it does not have. */
export function missedLines(wanted: string, made: string): string[] {
  const lines = new Set(made.split('\n'))
  const names = new Set(made.match(/^CONFIG_\w+(?==)/gm))
  return wanted.split('\n').filter(line => {
    const off = /^# (CONFIG_\w+) is not set$/.exec(line)?.[1]
    return off === undefined ? line.startsWith('CONFIG_') && !lines.has(line) : names.has(off)
  })
}

async function compile(source: string, build: string, context: ToolContext): Promise<void> {
  const started = Date.now()
  let files = 0
  const count = (line: string) => (files += /^ {2}(CC|AS|HOSTCC) /.test(line) ? 1 : 0)
  const tell = () => {
    const seconds = Math.round((Date.now() - started) / 1000)
    const share = `${files} of about ${FILES_ABOUT} files`
    context.progress(`lab: building the host kernel: ${seconds} s, ${share} …`)
  }
  const timer = setInterval(tell, PROGRESS_INTERVAL_MS)
  try {
    await make(source, build, 'Image', 'build the host kernel', context, count)
  } finally {
    clearInterval(timer)
  }
}

async function make(
  source: string,
  build: string,
  target: string,
  purpose: string,
  context: ToolContext,
  onOutputLine?: (line: string) => void,
): Promise<void> {
  // The image says who built it where: nobody in particular.
  const nobody = ['KBUILD_BUILD_USER=tsvmm', 'KBUILD_BUILD_HOST=tsvmm-lab']
  const platform = ['ARCH=arm64', `CROSS_COMPILE=${CROSS_PREFIX}`]
  const args = ['-C', source, `O=${build}`, `-j${availableParallelism()}`, ...platform, ...nobody]
  const errors: string[] = []
  try {
    await runTool(context, 'make', [...args, target], {
      purpose,
      problem: 'KERNEL',
      onLine: line => {
        if (/\berror\b|\*\*\*/i.test(line)) errors.push(line)
      },
      ...(onOutputLine === undefined ? {} : { onOutputLine }),
    })
  } catch (error) {
    // make's own last line says that something failed; the first error says what.
    const [why] = errors
    if (!(error instanceof LabError) || why === undefined) throw error
    throw new LabError('KERNEL', error.message, { why, cause: error })
  }
}

/** The path of the one tar archive below `directory`. */
export async function findArchive(directory: string): Promise<string> {
  const all = await readdir(directory, { recursive: true })
  const archive = all.find(path => /\.tar\.\w+$/.test(path))
  if (archive !== undefined) return join(directory, archive)
  throw new LabError('KERNEL', `the source package holds no source: ${all.slice(0, 5).join(', ')}`)
}
