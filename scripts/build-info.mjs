/**
 * Writes what `tsvmm --version` says of the build to dist/build-info.json: the commit, where the
 * sources are a git clone. No date, so that a build can be reproduced.
 */
import { spawnSync } from 'node:child_process'
import { realpathSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = realpathSync(fileURLToPath(new URL('..', import.meta.url)))

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

// Unpacked below somebody else's clone, theirs is not ours.
const isClone = git('rev-parse', '--show-toplevel') === root
const commit = isClone
  ? git('describe', '--always', '--dirty', '--abbrev=12', '--exclude=*')
  : undefined
writeFileSync(`${root}/dist/build-info.json`, `${JSON.stringify({ commit })}\n`)
