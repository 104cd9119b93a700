import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { SyscallError } from '../../src/errors/index.ts'
import { native } from '../../src/native/index.ts'

const script = fileURLToPath(new URL('scripts/terminal.mjs', import.meta.url))

/** What a terminal was set to before, while and after tsvmm had it, in a terminal of script(1). */
function settings(how: string): { before: string; during: string; after: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  // Whoever is killed is not waited for by the guard: it may take a moment.
  const lines = `stty -g >before; "$NODE" "$SCRIPT" ${how} during 2>/dev/null
    for try in 1 2 3 4 5 6 7 8 9 10; do stty -g >after; cmp -s before after && break; sleep 0.3; done`
  const { status, error } = spawnSync('script', ['-qec', lines, '/dev/null'], {
    cwd: folder,
    env: { ...process.env, SHELL: '/bin/sh', NODE: process.execPath, SCRIPT: script },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (error) throw error
  expect(status).toBe(0)
  const read = (name: string) => readFileSync(join(folder, name), 'utf8').trim()
  return { before: read('before'), during: read('during'), after: read('after') }
}

test.each(['dispose', 'exit', 'throw', 'terminate', 'crash', 'kill'])(
  'a terminal is as it was after %s',
  how => {
    const { before, during, after } = settings(how)
    expect(during).not.toBe(before)
    expect(after).toBe(before)
  },
  20_000,
)

test('what is no terminal cannot be guarded', () => {
  const { guardTerminal } = native()
  expect(() => guardTerminal(-1)).toThrow(SyscallError)
})
