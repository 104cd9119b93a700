import { HostError } from '../../../src/errors/index.ts'
import type { HostTree } from '../../../src/host/index.ts'

/** A tree of just these files, by their whole paths; `null` is one that nobody may read. */
export function madeTree(files: Readonly<Record<string, string | null>>): HostTree {
  return {
    read(path) {
      const content = files[path]
      if (content === null)
        throw new HostError('SYSFS', `cannot read ${path}`, { why: 'EACCES: permission denied' })
      return content?.replace(/\n$/, '')
    },
    list(path) {
      const below = Object.keys(files).filter(file => file.startsWith(`${path}/`))
      return [
        ...new Set(below.map(file => file.slice(path.length + 1).replace(/\/.*/s, ''))),
      ].sort()
    },
    nameOf: path => path,
  }
}

/** A machine with just these files below /sys. */
export function madeSys(sys: Readonly<Record<string, string>>): HostTree {
  return madeTree(
    Object.fromEntries(Object.entries(sys).map(([path, content]) => [`/sys/${path}`, content])),
  )
}
