import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/*
 * A plain `npm ci` on every Node and npm we support that the registry has: ffi-napi must come out
 * usable, by its shipped prebuilt, without a compiler. npm 12 does not run on Node 20.
 */
const COMBINATIONS: [node: string, npm: string][] = [
  ['20', '10'],
  ['20', '11'],
  ['22', '10'],
  ['22', '11'],
  ['22', '12'],
  ['24', '11'],
  ['24', '12'],
]

const clone = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'tsvmm',
  'install-test',
)

/** Calls a function of libc: the prebuilt was loaded, and it works. */
const CALL_LIBC = `
  const libc = require('ffi-napi').Library(null, { getpid: ['int', []] })
  if (libc.getpid() !== process.pid) throw new Error('getpid() is not our pid')
  console.log('called')
`

describe('npm ci', () => {
  it.each(COMBINATIONS)('on Node %s with npm %s gives an ffi-napi that works', (node, npm) => {
    const nodePath = join(fetchPackage(`node-linux-${process.arch}`, node), 'bin/node')
    const npmPath = join(fetchPackage('npm', npm), 'bin/npm-cli.js')
    const folder = mkdtempSync(join(tmpdir(), 'tsvmm-install-'))
    try {
      for (const file of ['package.json', 'package-lock.json', '.npmrc'])
        cpSync(join(clone, file), join(folder, file))
      const environment = withoutNpmSettings({ PATH: `${join(nodePath, '..')}:/usr/bin:/bin` })

      const install = spawnSync(nodePath, [npmPath, 'ci'], { cwd: folder, env: environment })
      const call = spawnSync(nodePath, ['-e', CALL_LIBC], { cwd: folder, env: environment })

      expect(`${String(install.stderr)}${String(install.error ?? '')}`).not.toMatch(/npm error/)
      expect(install.status).toBe(0)
      expect(existsSync(join(folder, 'node_modules/ffi-napi/build'))).toBe(false)
      expect(String(call.stderr)).toBe('')
      expect(String(call.stdout)).toBe('called\n')
      expect(call.status).toBe(0)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

/** The newest version of a major, unpacked; fetched once. */
function fetchPackage(name: string, major: string): string {
  const place = join(cache, `${name}-${major}`)
  if (existsSync(place)) return place
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'partial-'))
  run('npm', ['pack', '--silent', '--pack-destination', folder, `${name}@${newest(name, major)}`])
  const [archive = ''] = readdirSync(folder)
  run('tar', ['-xzf', join(folder, archive), '-C', folder])
  renameSync(join(folder, 'package'), place)
  rmSync(folder, { recursive: true })
  return place
}

/** `npm pack name@20` takes any of them; which is newest, only the list tells. */
function newest(name: string, major: string): string {
  const versions = JSON.parse(run('npm', ['view', '--json', name, 'versions'])) as string[]
  const ours = versions.filter(version => new RegExp(`^${major}\\.\\d+\\.\\d+$`).test(version))
  return ours.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) ?? major
}

function run(program: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: withoutNpmSettings({}),
    maxBuffer: 2 ** 26,
  })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${String(stderr)}`)
  return String(stdout)
}

/** What `npm run` sets for the scripts it runs would be taken for the settings of the npm under test. */
function withoutNpmSettings(extra: Record<string, string>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))
  return { ...Object.fromEntries(kept), ...extra }
}
