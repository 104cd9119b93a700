import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Lab } from '../../src/lab/index.ts'
import { CALL_LIBC, clone, fetchPackage, run } from './npm.ts'

let folder: string
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'tsvmm-install-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('the packed package is all that `tsvmm run` needs on an arm64 host', () => {
  run('npm', ['pack', '--silent', '--pack-destination', folder], clone)
  const archive = readdirSync(folder).find(name => name.endsWith('.tgz')) ?? ''
  const prefix = join(folder, 'installed')
  mkdirSync(prefix)
  run('npm', ['install', '--ignore-scripts', '--prefix', prefix, join(folder, archive)])

  // The installed package boots the host and runs itself in it; there is nothing else on that host.
  const installed = join(prefix, 'node_modules/tsvmm')
  const guest = join(installed, 'guests/build/greeting.flat')
  const bin = join(prefix, 'node_modules/.bin/tsvmm')
  expect(run(bin, ['lab', '--', 'run', '--pmu', guest])).toContain('it counts')
})

it('a plain npm ci on the arm64 Node of the emulated host gives an ffi-napi that works', async () => {
  const project = join(folder, 'project')
  mkdirSync(project)
  for (const file of ['package.json', 'package-lock.json', '.npmrc'])
    cpSync(join(clone, file), join(project, file))
  // The host has no network: what npm would fetch comes along. Its development tools do not.
  const cache = join(folder, 'cache')
  run('npm', ['ci', '--omit=dev', '--cache', cache, '--prefix', project])
  rmSync(join(project, 'node_modules'), { recursive: true })

  await using lab = await Lab.boot({})
  const line = `cp -r "$2" /tmp/project && cd /tmp/project &&
    node "$0/bin/npm-cli.js" ci --omit=dev --offline --cache "$1" && node -e "$3"`
  const words = [line, fetchPackage('npm', '10'), cache, project, CALL_LIBC]
  const ran = await lab.exec(['sh', '-c', ...words], { timeoutMs: 500_000 })

  expect(ran.stderr.toString()).not.toMatch(/npm error/)
  expect(ran.stderr.toString()).toBe('')
  expect(ran.stdout.toString()).toMatch(/called\n$/)
  expect(ran.status).toBe(0)
})
