import { closeSync, constants, ftruncateSync, openSync, statfsSync } from 'node:fs'
import { HostError, SyscallError, UsageError } from '../errors/index.ts'
import { THIS_HOST, type HostTree } from '../host/index.ts'
import { readMemory } from '../host/memory.ts'
import type { MapRequest, NativeMemory, System } from '../native/index.ts'

/**
 * What RAM is made of. `any`: huge pages where the kernel has some to spare. `huge`: those set apart,
 * of the default size. `hugetlbfs`: those of the file system at `path`, of its size.
 */
export type RamPages =
  | { readonly kind: 'any' }
  | { readonly kind: 'huge' }
  | { readonly kind: 'hugetlbfs'; readonly path: string }

/** Huge pages of one size; sizes in bytes. */
interface HugePages {
  /** The flag that asked for them. */
  readonly flag: string
  readonly size: number
  readonly total: number
  readonly free: number
}

/** `statfs.f_type`, include/uapi/linux/magic.h. */
const HUGETLBFS_MAGIC = 0x958458f6

/** A file without a name; node:fs does not have it. The rest of it is O_DIRECTORY, which differs. */
const TMPFILE = 0o20000000

/**
 * Maps a guest's RAM, `size` bytes.
 *
 * @param tree where the host's huge pages are counted
 * @throws {UsageError} there is no such hugetlbfs, or RAM is not made of whole huge pages
 * @throws {HostError} `MEMORY`: it cannot be had
 */
export function mapRam(
  system: System,
  size: number,
  pages: RamPages,
  tree: HostTree = THIS_HOST,
): NativeMemory {
  if (pages.kind === 'any') return map(system, { length: size, pages: 'transparent' })
  const huge = pages.kind === 'huge' ? defaultHugePages(tree) : mountedHugePages(pages.path, tree)
  if (size % huge.size !== 0)
    throw new UsageError(
      `--mem ${mib(size)}M is not made of whole huge pages of ${mib(huge.size)} MiB (${huge.flag})`,
      { try: [`--mem ${mib(Math.ceil(size / huge.size) * huge.size)}M`] },
    )
  try {
    return pages.kind === 'huge'
      ? map(system, { length: size, pages: 'hugetlb' })
      : mapFile(system, size, pages.path)
  } catch (error) {
    if (error instanceof HostError) throw tooFew(size, huge, error)
    throw error
  }
}

function map(system: System, request: MapRequest): NativeMemory {
  const ram = system.mmap(request)
  if (typeof ram === 'number')
    throw new HostError('MEMORY', `${mib(request.length)} MiB of guest RAM cannot be had (--mem)`, {
      cause: new SyscallError('mmap', -ram),
    })
  return ram
}

function mapFile(system: System, size: number, path: string): NativeMemory {
  const fd = makeFile(path, size)
  try {
    return map(system, { length: size, fd })
  } finally {
    closeSync(fd)
  }
}

/** It has no name: nothing of it stays behind. */
function makeFile(path: string, size: number): number {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_DIRECTORY | TMPFILE, 0o600)
    ftruncateSync(fd, size)
    return fd
  } catch (cause) {
    if (fd !== undefined) closeSync(fd)
    throw new UsageError(`--hugetlbfs ${path}: no file of ${mib(size)} MiB can be made there`, {
      cause,
      try: ['--hugepages'],
    })
  }
}

function defaultHugePages(tree: HostTree): HugePages {
  const { hugePages } = readMemory(tree)
  if (hugePages === undefined)
    throw new HostError('MEMORY', '--hugepages: the kernel of this host has no huge pages', {
      why: '/proc/meminfo has no HugePages_Total: it was built without CONFIG_HUGETLBFS',
      try: ['without --hugepages'],
    })
  return { flag: '--hugepages', ...hugePages, size: hugePages.sizeKib * 1024 }
}

function mountedHugePages(path: string, tree: HostTree): HugePages {
  const flag = `--hugetlbfs ${path}`
  const { type, bsize } = statHugetlbfs(path, flag)
  if (type !== HUGETLBFS_MAGIC)
    throw new UsageError(`${flag}: that is no hugetlbfs`, {
      try: ['--hugetlbfs /dev/hugepages    # where most systems mount one', '--hugepages'],
    })
  const count = (name: string) => Number(tree.read(`${folderOf(bsize)}/${name}`) ?? 0)
  return { flag, size: bsize, total: count('nr_hugepages'), free: count('free_hugepages') }
}

function statHugetlbfs(path: string, flag: string) {
  try {
    return statfsSync(path)
  } catch (cause) {
    throw new UsageError(`${flag}: there is no such directory`, { cause, try: ['--hugepages'] })
  }
}

/** Some may be promised to others: the kernel has the last word, and says no more than ENOMEM. */
function tooFew(size: number, { flag, ...huge }: HugePages, cause: HostError): HostError {
  const needed = size / huge.size
  const total = huge.total + Math.max(1, needed - huge.free)
  return new HostError(
    'MEMORY',
    `${mib(size)} MiB of guest RAM are ${needed} huge pages of ${mib(huge.size)} MiB, and ${huge.free} are free (${flag})`,
    {
      why: 'huge pages must be set apart before they are used',
      try: [
        `echo ${total} | sudo tee ${folderOf(huge.size)}/nr_hugepages`,
        `without ${flag.split(' ')[0] ?? flag}`,
      ],
      cause,
    },
  )
}

/** @see Documentation/admin-guide/mm/hugetlbpage.rst (v6.12) */
function folderOf(size: number): string {
  return `/sys/kernel/mm/hugepages/hugepages-${size / 1024}kB`
}

function mib(bytes: number): number {
  return bytes / 2 ** 20
}
