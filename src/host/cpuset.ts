import { join } from 'node:path'
import { decodeCpuList, nonsense } from './sysfs.ts'
import { THIS_HOST, type HostTree } from './tree.ts'

/** The cgroup that bounds the CPUs of this process, whatever affinity it asks for. */
export interface HostCpuset {
  /** Its path as this process sees it: `/` in a container with a cgroup namespace. */
  readonly cgroup: string
  /** The CPUs it allows, ascending. Those that are offline are not among them. */
  readonly cpus: readonly number[]
}

/** In cgroup v2, in v1, and in v1 mounted with `noprefix` (Android's /dev/cpuset). */
const EFFECTIVE = ['cpuset.cpus.effective', 'cpuset.effective_cpus', 'effective_cpus']

const MOUNT = /^\d+ \d+ \d+:\d+ (?<root>\S+) (?<point>\S+) \S.* - (?<type>\S+)(?: |$)/

/**
 * The cpuset of this process, or of another machine; undefined if the kernel has none or the
 * process cannot see it. That is not its affinity, which may be narrower.
 *
 * /proc/self/cpuset says which cgroup it is in v1 and in v2, where it may be one above the
 * process's own: the nearest that has the controller. Only the mounts tell where that is.
 *
 * @throws {@link HostError} `SYSFS` naming the file that is unreadable or nonsense
 * @see kernel/cgroup/cpuset.c, `proc_cpuset_show` (v6.12)
 * @see Documentation/admin-guide/cgroup-v2.rst, Cpuset Interface Files (v6.12)
 * @see Documentation/filesystems/proc.rst, 3.5 (v6.12): mountinfo
 */
export function readCpuset(tree: HostTree = THIS_HOST): HostCpuset | undefined {
  const cgroup = readCgroup(tree)
  if (cgroup === undefined) return undefined
  for (const mount of readCgroupMounts(tree)) {
    const place = placeOf(cgroup, mount)
    if (place === undefined) continue
    for (const name of EFFECTIVE) {
      const path = join(place, name)
      const content = tree.read(path)
      if (content !== undefined) return { cgroup, cpus: decodeCpuList(tree, path, content) }
    }
  }
  return undefined
}

function readCgroup(tree: HostTree): string | undefined {
  const path = '/proc/self/cpuset'
  const content = tree.read(path)
  if (content !== undefined && !content.startsWith('/'))
    throw nonsense(tree, path, content, 'a cgroup')
  return content
}

interface CgroupMount {
  /** The cgroup that is seen at `point`. */
  readonly root: string
  readonly point: string
}

function readCgroupMounts(tree: HostTree): CgroupMount[] {
  const path = '/proc/self/mountinfo'
  const lines = (tree.read(path) ?? '').split('\n').filter(line => line !== '')
  return lines.flatMap(line => {
    const { root, point, type } = MOUNT.exec(line)?.groups ?? {}
    if (root === undefined || point === undefined) throw nonsense(tree, path, line, 'a mount')
    return type === 'cgroup' || type === 'cgroup2'
      ? [{ root: unescapePath(root), point: unescapePath(point) }]
      : []
  })
}

/** The directory of a cgroup, if it is below the mount. */
function placeOf(cgroup: string, mount: CgroupMount): string | undefined {
  const root = mount.root === '/' ? '' : mount.root
  if (cgroup !== mount.root && !cgroup.startsWith(`${root}/`)) return undefined
  const below = cgroup.slice(root.length)
  // A cgroup outside of our namespace is "/../…".
  if (below.split('/').includes('..')) return undefined
  return join(mount.point, below)
}

/** The kernel writes blanks and backslashes in paths as `\040` and `\134`. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(parseInt(octal, 8)),
  )
}
