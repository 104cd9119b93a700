import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clone, run } from './npm.ts'

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
