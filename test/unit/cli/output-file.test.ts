import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OutputFile } from '../../../src/cli/output-file.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))))
afterEach(() => rmSync(folder, { recursive: true }))

describe('OutputFile', () => {
  it('puts the content in its place at once, over what was there', () => {
    const path = join(folder, 'out.json')
    writeFileSync(path, 'old')
    using file = new OutputFile('--json', path)
    expect(readFileSync(path, 'utf8')).toBe('old')
    file.commit('new')
    expect(readFileSync(path, 'utf8')).toBe('new')
    expect(readdirSync(folder)).toEqual(['out.json'])
  })

  it('leaves nothing behind when it was not committed', () => {
    {
      using file = new OutputFile('--json', join(folder, 'out.json'))
      expect(file).toBeDefined()
    }
    expect(readdirSync(folder)).toEqual([])
  })

  it('writes to what cannot be replaced', () => {
    using file = new OutputFile('--json', '/dev/null')
    expect(() => file.commit('gone')).not.toThrow()
  })

  it.each([
    ['a directory', () => folder],
    ['in a directory that does not exist', () => join(folder, 'none/out.json')],
    ['below a file', () => '/dev/null/out.json'],
  ])('refuses a file that is %s, with the option and the path', (_, path) => {
    expect(() => new OutputFile('--json', path())).toThrow(
      `--json ${path()}: the file cannot be written`,
    )
  })

  it('refuses a pipe that nobody reads, and does not wait for a reader', () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(() => new OutputFile('--json', pipe)).toThrow(`--json ${pipe}: nobody reads the pipe`)
  })

  it('writes to a pipe that somebody reads, however slowly', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const command = 'exec 3<>"$0"; echo there; sleep 0.5; head -c 300000 <&3 | wc -c'
    const reader = spawn('sh', ['-c', command, pipe], { stdio: ['ignore', 'pipe', 'inherit'] })
    const output: string[] = []
    reader.stdout.on('data', chunk => output.push(String(chunk)))
    await once(reader.stdout, 'data')
    using file = new OutputFile('--json', pipe)
    file.commit('x'.repeat(300_000))
    await once(reader, 'close')
    expect(output.join('')).toMatch(/\b300000\n$/)
  })

  it('refuses the file of another option, by any of its names, until that has done with it', () => {
    const path = join(folder, 'out')
    {
      using file = new OutputFile('--json', path)
      expect(() => new OutputFile('--svg', join(folder, '../', basename(folder), 'out'))).toThrow(
        '--json and --svg both name the file',
      )
      file.commit('whole')
    }
    symlinkSync(path, join(folder, 'link'))
    using one = new OutputFile('--save', path)
    expect(() => new OutputFile('--svg', join(folder, 'link'))).toThrow('--save and --svg both')
    using nowhere = new OutputFile('--svg', '/dev/null')
    expect(() => new OutputFile('--json', '/dev/null')).not.toThrow()
    expect([one, nowhere]).toHaveLength(2)
    expect(readFileSync(path, 'utf8')).toBe('whole')
  })

  it('follows a link to the file, and keeps its mode', () => {
    const file = join(folder, 'file')
    writeFileSync(file, 'old', { mode: 0o600 })
    symlinkSync(file, join(folder, 'latest'))
    using output = new OutputFile('--json', join(folder, 'latest'))
    output.commit('new')
    expect(lstatSync(join(folder, 'latest')).isSymbolicLink()).toBe(true)
    expect(readFileSync(file, 'utf8')).toBe('new')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('appends to what is named by way of /proc or /dev, instead of replacing the link', () => {
    const path = join(folder, 'console')
    writeFileSync(path, 'guest\n')
    const fd = openSync(path, 'a')
    using file = new OutputFile('--json', `/proc/self/fd/${fd}`)
    file.commit('json\n')
    expect(readFileSync(path, 'utf8')).toBe('guest\njson\n')
    closeSync(fd)
  })

  it.each(['/dev/stderr', '/dev/fd/2'])('writes to the stream that %s is, once', path => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      using file = new OutputFile('--json', path)
      file.commit('of the run')
      file.commit('of the error after it')
      expect(write.mock.calls).toEqual([['of the run']])
    } finally {
      write.mockRestore()
    }
  })

  it('says that the disk is full in a sentence, not as a bug', () => {
    using file = new OutputFile('--json', '/dev/full')
    expect(() => file.commit('x')).toThrow(
      expect.objectContaining({ code: 'TSVMM_HOST_OUTPUT', exitStatus: 120 }) as Error,
    )
  })

  it("leaves nothing behind when its place has become somebody else's", () => {
    const path = join(folder, 'out.json')
    using file = new OutputFile('--json', path)
    mkdirSync(join(path, 'sub'), { recursive: true })
    expect(() => file.commit('x')).toThrow('--json')
    expect(readdirSync(folder)).toEqual(['out.json'])
  })

  it('has a name', () => {
    expect(() => new OutputFile('--json', '')).toThrow('--json names no file')
  })
})
