import type { FileContents } from '../host/index.ts'

interface Reduced {
  readonly path?: string
  readonly content: string | null
}

interface Rule {
  /** Of the whole path. */
  readonly path: RegExp
  /** What is kept of it under which name; all of it under its own if there is no such function. */
  readonly reduce?: (content: string) => Reduced
}

const CPU = '/sys/devices/system/cpu'
const PMU = '/sys/bus/event_source/devices/[^/]+'
const CGROUP = '/sys/fs/cgroup'

/**
 * All that may be saved, so that nothing else is by accident: no serial numbers (`topology/ppin` is
 * one), no names of hosts, users, containers or mounts.
 */
const RULES: readonly Rule[] = [
  { path: rule(`${CPU}/(possible|present|online)`) },
  { path: rule(`${CPU}/cpu\\d+/(cpu_capacity|regs/identification/midr_el1)`) },
  {
    path: rule(
      `${CPU}/cpu\\d+/topology/((physical_package|die|cluster|core)_id|((package|die|cluster|core)_cpus|thread_siblings)_list)`,
    ),
  },
  { path: rule(`${CPU}/cpu\\d+/cache/index\\d+/(level|type|size|shared_cpu_list)`) },
  { path: rule(`${CPU}/cpu\\d+/cpufreq/(cpuinfo_m(ax|in)_freq|related_cpus)`) },
  { path: rule('/sys/devices/system/node/(online|node\\d+/cpulist)') },
  { path: rule(`${PMU}/(type|cpus|caps/[^/]+|events/[^/]+)`) },
  {
    path: rule('/proc/self/status'),
    reduce: content => ({ content: /^Cpus_allowed_list:.*$/m.exec(content)?.[0] ?? '' }),
  },
  // Which cgroup it was and where it was mounted is nobody's business; as if it were the root.
  { path: rule('/proc/self/cpuset'), reduce: () => ({ content: '/' }) },
  {
    path: rule('/proc/self/mountinfo'),
    reduce: () => ({ content: `1 1 0:1 / ${CGROUP} rw - cgroup2 cgroup2 rw` }),
  },
  {
    path: /\/(cpuset\.)?(cpus\.effective|effective_cpus)$/,
    reduce: content => ({ path: `${CGROUP}/cpuset.cpus.effective`, content }),
  },
]

function rule(path: string): RegExp {
  return new RegExp(`^${path}$`)
}

/** What of files that were read may be saved. */
export function savableFiles(files: FileContents): FileContents {
  return new Map([...files].flatMap(([path, content]) => savableFile(path, content)))
}

function savableFile(path: string, content: string | null): [string, string | null][] {
  const found = RULES.find(each => each.path.test(path))
  if (found === undefined) return []
  const reduced = found.reduce?.(content ?? '') ?? { content }
  return [[reduced.path ?? path, content === null ? null : reduced.content]]
}
