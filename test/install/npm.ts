import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone under test. */
export const clone = fileURLToPath(new URL('../..', import.meta.url))

const cache = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'tsvmm',
  'install-test',
)

/** Calls a function of libc: the prebuilt was loaded, and it works. */
export const CALL_LIBC = `
  const libc = require('ffi-napi').Library(null, { getpid: ['int', []] })
  if (libc.getpid() !== process.pid) throw new Error('getpid() is not our pid')
  console.log('called')
`

/** The newest version of a major, unpacked; fetched once. */
export function fetchPackage(name: string, major: string): string {
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

export function run(program: string, args: string[], cwd?: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env: withoutNpmSettings({}),
    maxBuffer: 2 ** 26,
  })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${String(stderr)}`)
  return String(stdout)
}

/** What `npm run` sets for the scripts it runs would be taken for the settings of the npm under test. */
export function withoutNpmSettings(extra: Record<string, string>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))
  return { ...Object.fromEntries(kept), ...extra }
}
