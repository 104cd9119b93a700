import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { SyscallError } from '../../src/errors/index.ts'
import { native } from '../../src/native/index.ts'

const script = fileURLToPath(new URL('scripts/terminal.mjs', import.meta.url))

/** Whoever is killed is not waited for by the guard, and signals take their time: a moment. */
const SETTLE = `settle() { for try in 1 2 3 4 5 6 7 8 9 10; do stty -g >$2; cmp -s $1 $2 && break
  sleep 0.3; done; }`

/** Runs lines of shell in a terminal of script(1), and reads the files that they write. */
function inTerminal(lines: string): (file: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { status, error } = spawnSync('script', ['-qec', `${SETTLE}\n${lines}`, '/dev/null'], {
    cwd: folder,
    env: { ...process.env, SHELL: '/bin/sh', NODE: process.execPath, SCRIPT: script },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (error) throw error
  expect(status).toBe(0)
  return file => readFileSync(join(folder, file), 'utf8').trim()
}

test.each(['dispose', 'exit', 'throw', 'terminate', 'crash', 'kill'])(
  'a terminal is as it was after %s',
  how => {
    const set = inTerminal(`stty -g >before
      "$NODE" "$SCRIPT" ${how} during 2>/dev/null; settle before after`)
    expect(set('during')).not.toBe(set('before'))
    expect(set('after')).toBe(set('before'))
  },
  20_000,
)

test('a terminal is put back while tsvmm is stopped, and taken again, whatever was done to it', () => {
  const set = inTerminal(`stty -g >before
    "$NODE" "$SCRIPT" stay during </dev/tty 2>/dev/null & pid=$!
    while ! [ -s during ]; do sleep 0.1; done
    kill -TSTP $pid; settle before stopped; kill -CONT $pid; settle during continued
    kill -STOP $pid; sleep 0.3; stty sane; kill -CONT $pid; settle during again
    kill -TERM $pid; settle before after`)
  expect(set('stopped')).toBe(set('before'))
  expect(set('during')).not.toBe(set('before'))
  expect(set('continued')).toBe(set('during'))
  expect(set('again')).toBe(set('during'))
  expect(set('after')).toBe(set('before'))
}, 20_000)

test('what is no terminal cannot be guarded', () => {
  const { guardTerminal } = native()
  expect(() => guardTerminal(-1)).toThrow(SyscallError)
})
