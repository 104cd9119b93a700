import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CALL_LIBC, clone, fetchPackage, withoutNpmSettings } from './npm.ts'

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
