import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/*
 * What is loaded, as a stand-in for how long it takes, which no test can say: scripts/bench/startup.mjs
 * does. Whoever makes one of these fail has made every start slower.
 */

const root = fileURLToPath(new URL('../..', import.meta.url))
const saved = join(root, 'test/fixtures/sysfs/biglittle')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsvmm-startup-'))
  writeFileSync(
    join(folder, 'loaded.cjs'),
    `process.on('exit', () => require('node:fs').writeFileSync(process.env.LOADED, JSON.stringify({
      files: Object.keys(require.cache),
      builtins: process.moduleLoadList.map(name => name.replace('NativeModule ', '')),
    })))`,
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Loaded {
  /** Relative to the package. */
  readonly files: readonly string[]
  readonly builtins: readonly string[]
}

function start(...args: string[]): Loaded & { readonly stderr: string } {
  const argv = ['--require', join(folder, 'loaded.cjs'), join(root, 'bin/tsvmm.js'), ...args]
  const list = join(folder, 'loaded.json')
  const env = { ...process.env, LOADED: list }
  const { stderr } = spawnSync(process.execPath, argv, { cwd: folder, env })
  const { files, builtins } = JSON.parse(readFileSync(list, 'utf8')) as Loaded
  const own = files.filter(path => path.startsWith(root)).map(path => path.slice(root.length))
  return { files: own.sort(), builtins, stderr: String(stderr) }
}

function loadedBy(...args: string[]): Loaded {
  const { stderr, ...loaded } = start(...args)
  expect(stderr).toBe('')
  return loaded
}

const ALWAYS = ['bin/load.js', 'bin/tsvmm.js', 'dist/bundle/main.cjs']
const RUNTIME = 'dist/bundle/rolldown-runtime.cjs'
const PARSER = ['dist/bundle/program.cjs', RUNTIME]
const PROBE = ['dist/bundle/probe-action.cjs', RUNTIME]
const RUN = [...PARSER, ...PROBE, 'dist/bundle/kvm.cjs', 'dist/bundle/run-action.cjs']
/** Of Node's own; each takes milliseconds, and who only looks has no use for them. */
const EXPENSIVE = ['child_process', 'crypto', 'worker_threads', 'http', 'zlib', 'readline']
/** What a probe for a script has no use for either. */
const STREAMS = ['net', 'tty', 'stream', 'internal/modules/esm/loader']

describe('a start loads', () => {
  it.each(['--help', 'probe --help', 'run --help', 'help', 'help run'])(
    'what parses and says it for %s',
    line => {
      const { files, builtins } = loadedBy(...line.split(' '))
      expect(files).toEqual([...ALWAYS, ...PARSER])
      expect(EXPENSIVE.filter(name => builtins.includes(name))).toEqual([])
    },
  )

  it('no FFI, no logger, no parser and no ioctls to look at a saved machine', () => {
    const { files, builtins } = loadedBy('probe', 'pmus', '--json', '--sysroot', saved)
    expect(files).toEqual([...ALWAYS, ...PROBE].sort())
    expect([...EXPENSIVE, ...STREAMS].filter(name => builtins.includes(name))).toEqual([])
  })

  it('what runs a guest in one piece, and nothing for what most guests are not', () => {
    const { files, builtins, stderr } = start('run', '_NO_FILE_')
    expect(stderr).toMatch(/^error: /)
    expect(files).toEqual([...new Set([...ALWAYS, ...RUN])].sort())
    expect([...EXPENSIVE, 'perf_hooks'].filter(name => builtins.includes(name))).toEqual([])
  })
})
