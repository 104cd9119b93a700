import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Once for all tests of the command line: the shells and checkers they run are there, or asked for. */
export function setup(): void {
  const script = fileURLToPath(new URL('../../scripts/test-tools.mjs', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}
