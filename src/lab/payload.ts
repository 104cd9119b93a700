import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { CpioEntry } from '../boot/cpio.ts'
import { LabError } from '../errors/index.ts'

/** Where this package is: the parent of `src/lab`, or of `dist/lab`. */
export const PACKAGE_ROOT = join(import.meta.dirname, '..', '..')

/** What of our own package runs in the emulated host. */
const OWN_PARTS = [
  ...['package.json', 'bin', 'dist', 'guests/build'],
  'native-shims/prebuilds/linux-arm64',
]
const OWN_SKIPPED = /\.(d\.ts|map|tsbuildinfo)$/
/** What of a dependency does: no C sources, no documentation. */
const DEPENDENCY_FILE = /\.(js|cjs|mjs|json|node)$/
const DEPENDENCY_SKIPPED = /^(node_modules|test|tests|docs|example|examples|benchmarks|\..*)$/

/** Where the tree of packages lies in the emulated host; `/opt/tsvmm` is a link into it. */
const TREE = 'opt/tree'

/**
 * tsvmm and the packages it needs at run time, as they lie on disk: the layout is kept (nested,
 * hoisted, or linked as pnpm does) so that Node finds there what it finds here.
 */
export function packageEntries(root: string = PACKAGE_ROOT): CpioEntry[] {
  if (!existsSync(join(root, 'dist/lab/agent.js'))) {
    throw new LabError('TOOL', `tsvmm is not built: ${root} has no dist/lab/agent.js`, {
      try: ['npm run build'],
    })
  }
  const top = realpathSync(root)
  const { packages, links } = findDependencies(top)
  const ancestor = commonAncestor([top, ...packages, ...links.map(({ path }) => path)])
  const place = (path: string) => join(TREE, relative(ancestor, path))

  const own = OWN_PARTS.map(part => join(top, part)).filter(existsSync)
  const files = [
    ...own.flatMap(part => filesBelow(part)).filter(path => !OWN_SKIPPED.test(path)),
    ...packages.flatMap(path => dependencyFiles(path)),
  ]
  const entries: CpioEntry[] = [
    ...files.map(path => fileEntry(place(path), path)),
    ...links.map(({ path, target }) => symlink(place(path), relative(dirname(path), target))),
    symlink('opt/tsvmm', relative('opt', place(top))),
    // Not a link to bin/tsvmm.js: it may have lost its mode in a package manager's hands.
    wrapper('usr/bin/tsvmm', '#!/usr/bin/sh\nexec node /opt/tsvmm/bin/tsvmm.js "$@"\n'),
  ]
  return [...parents(entries), ...entries]
}

interface Dependencies {
  /** Real directories of packages. */
  readonly packages: string[]
  /** Where a package is reached through a link. */
  readonly links: { readonly path: string; readonly target: string }[]
}

/** The closure of `dependencies`, found as Node would find them. */
function findDependencies(top: string): Dependencies {
  const packages = new Set<string>()
  const links = new Map<string, string>()
  const visit = (directory: string) => {
    for (const name of dependencyNames(directory)) {
      const found = lookUp(directory, name)
      if (found === undefined) continue
      const real = realpathSync(found)
      if (real !== found) links.set(found, real)
      if (packages.has(real)) continue
      packages.add(real)
      visit(real)
    }
  }
  visit(top)
  return {
    packages: [...packages],
    links: Array.from(links, ([path, target]) => ({ path, target })),
  }
}

function dependencyNames(directory: string): string[] {
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>
  }
  return Object.keys(manifest.dependencies ?? {})
}

function lookUp(from: string, name: string): string | undefined {
  const found = join(from, 'node_modules', name)
  if (existsSync(found)) return found
  return dirname(from) === from ? undefined : lookUp(dirname(from), name)
}

function commonAncestor(paths: readonly string[]): string {
  const ancestor = paths.reduce((ancestor, path) => {
    while (relative(ancestor, path).startsWith('..')) ancestor = dirname(ancestor)
    return ancestor
  })
  // Installed, tsvmm lies beside its dependencies, and they are found by the name of that folder.
  return basename(ancestor) === 'node_modules' ? dirname(ancestor) : ancestor
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path).flatMap(name => filesBelow(join(path, name)))
}

function dependencyFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap(entry => {
    const path = join(directory, entry.name)
    if (entry.isFile()) return DEPENDENCY_FILE.test(entry.name) ? [path] : []
    if (!entry.isDirectory() || DEPENDENCY_SKIPPED.test(entry.name)) return []
    const foreign = directory.endsWith(`${sep}prebuilds`) && entry.name !== 'linux-arm64'
    return foreign ? [] : dependencyFiles(path)
  })
}

function fileEntry(path: string, source: string): CpioEntry {
  return { kind: 'file', path, data: readFileSync(source) }
}

function wrapper(path: string, script: string): CpioEntry {
  return { kind: 'file', path, mode: 0o755, data: Buffer.from(script) }
}

function symlink(path: string, target: string): CpioEntry {
  return { kind: 'symlink', path, target }
}

/** The directories that entries lie in, outermost first. */
function parents(entries: readonly CpioEntry[]): CpioEntry[] {
  const paths = new Set<string>()
  const add = (path: string) => {
    if (path === '.' || paths.has(path)) return
    add(dirname(path))
    paths.add(path)
  }
  for (const { path } of entries) add(dirname(path))
  return Array.from(paths, path => ({ kind: 'directory', path }))
}
