import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))

let base: string
let folder: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  folder = join(base, 'tsvmm/compiled')
})
afterEach(() => rmSync(base, { recursive: true }))

function start(env: NodeJS.ProcessEnv = {}, word = 'help'): void {
  const argv = [bin, word, ...(word === 'help' ? ['exit-codes'] : [])]
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
    env: { ...process.env, XDG_CACHE_HOME: base, ...env },
    encoding: 'utf8',
  })
  if (word !== 'help') return
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^Exit status:/)
}

const kept = () => (existsSync(folder) ? readdirSync(folder) : [])
const contents = () => kept().map(name => readFileSync(join(folder, name), 'base64'))
const stamps = () => kept().map(name => statSync(join(folder, name), { bigint: true }).mtimeNs)

describe('what a start has compiled', () => {
  it('is kept for this user only, and taken by the next', () => {
    start()
    expect(kept()).toEqual([expect.stringMatching(/-help$/)])
    for (const path of [folder, ...kept().map(name => join(folder, name))])
      expect(statSync(path).mode & 0o077).toBe(0)
    const before = stamps()
    start()
    expect(stamps()).toEqual(before)
  })

  it.each([
    ['damaged', (good: Buffer) => good.fill(0x55, good.length / 2)],
    ['damaged in one place', (good: Buffer) => good.fill(0x55, 999, 1000)],
    ['full of zeros', (good: Buffer) => good.fill(0)],
    ['of odd length', (good: Buffer) => good.subarray(0, -1)],
    ['cut short', (good: Buffer) => good.subarray(0, good.length / 2)],
    ['empty', () => Buffer.alloc(0)],
  ])('is compiled anew where it is %s', (_, spoil) => {
    start()
    const before = contents().map(({ length }) => length > 0)
    for (const name of kept()) {
      const path = join(folder, name)
      writeFileSync(path, spoil(readFileSync(path)))
    }
    start()
    expect(contents().map(({ length }) => length > 0)).toEqual(before)
  })

  it('is kept for each command by itself, and for all that is none', () => {
    start()
    start({}, '--help')
    start({}, 'nonsense')
    expect(kept().map(name => /[a-z]+$/.exec(name)?.[0])).toEqual(['help', 'tsvmm'])
  })

  it('goes when another build is started', () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, '0123-v20.20.2-x64-main.cjs'), '')
    start()
    expect(kept().some(name => name.startsWith('0123-'))).toBe(false)
  })

  it.each(['', 'tsvmm', 'tsvmm/compiled'])(
    'is not looked for where others may write: $XDG_CACHE_HOME/%s',
    below => {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      chmodSync(join(base, below), 0o777)
      start()
      expect(kept()).toEqual([])
    },
  )

  it('is not kept where there is no cache directory, nor when Node is told to keep none', () => {
    start({ XDG_CACHE_HOME: join(base, 'none') })
    start({ NODE_DISABLE_COMPILE_CACHE: '1' })
    expect(readdirSync(base)).toEqual([])
  })
})
