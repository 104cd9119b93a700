import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const clone = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(clone, 'bin/tsvmm.js')
const guest = join(clone, 'guests/build/greeting.flat')
const board = join(clone, 'machines/rk3588.json')

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  fs.copyFileSync(guest, join(folder, 'img'))
})
afterEach(() => fs.rmSync(folder, { recursive: true }))

function tsvmm(args: readonly string[], stderr: 'pipe' | number = 'pipe') {
  const ran = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', stderr],
    encoding: 'utf8',
  })
  return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr }
}

const read = (name: string) => fs.readFileSync(join(folder, name))

describe('a file that is read is not written', () => {
  it.each<[string[], string]>([
    [['run', '--trace=img', 'img'], '--trace and the image'],
    [['run', '--json', 'img', 'img'], '--json and the image'],
    [['run', '--json', './img', '-k', 'img'], '--json and the image'],
    [['run', '--dump-dtb', 'link', 'img'], '--dump-dtb and the image'],
    [['run', '--json', 'hard', 'img'], '--json and the image'],
    [['run', '--json', 'other', '-i', 'other', 'img'], '--json and --initrd'],
    [['run', '--dry-run', '--json', 'img', 'img'], '--json and the image'],
    [['run', '--dry-run', '--json', 'new', 'new'], '--json and the image'],
    [['run', '--dry-run', '--json', 'm.json', '--from', 'm.json', 'img'], '--json and --from'],
    [['run', '--config-file', 'c.json', '--json', 'c.json', 'img'], '--json and --config-file'],
    [['--log-file', 'img', 'run', '--dry-run', 'img'], '--log-file and the image'],
    [['dtb', '-o', 'img', 'img'], '--output and the image'],
    [['dtb', '-o', 'other', '--decode', 'other'], '--output and --decode'],
    [['probe', '--from', 'm.json', '--json', 'm.json'], '--json and --from'],
    [['probe', '--from', 'm.json', '--save', 'm.json'], '--save and --from'],
  ])('tsvmm %s', (args, both) => {
    fs.copyFileSync(board, join(folder, 'm.json'))
    fs.writeFileSync(join(folder, 'c.json'), '{ "cpus": 1 }')
    fs.writeFileSync(join(folder, 'other'), 'other')
    fs.symlinkSync('img', join(folder, 'link'))
    fs.linkSync(join(folder, 'img'), join(folder, 'hard'))
    const names = fs.readdirSync(folder)
    const before = names.map(name => read(name))
    const { status, stderr } = tsvmm(args)
    expect(stderr).toMatch(new RegExp(`^error: ${both} both name the file .*\ntry: .*[ =]FILE`))
    expect(status).toBe(2)
    expect(fs.readdirSync(folder)).toEqual(names)
    expect(names.map(name => read(name))).toEqual(before)
  })

  it('may be read twice', () => {
    expect(tsvmm(['run', '--dry-run', '-i', 'img', 'img']).status).toBe(0)
  })
})

describe('files below /dev and /proc', () => {
  it('are files where they are regular ones', () => {
    const shm = fs.mkdtempSync('/dev/shm/tsvmm-test-')
    try {
      const json = join(shm, 'new.json')
      for (const round of ['new', 'there'])
        expect({ round, ...tsvmm(['run', '--dry-run', '--json', json, 'img']) }).toMatchObject({
          status: 0,
          stderr: '',
        })
      expect(JSON.parse(fs.readFileSync(json, 'utf8'))).toMatchObject({ command: 'run' })
      const { stderr } = tsvmm(['run', '--dry-run', '--json', json, '--dump-dtb', json, 'img'])
      expect(stderr).toMatch(/^error: --json and --dump-dtb both name the file /)
      expect(fs.readdirSync(shm)).toEqual(['new.json'])
    } finally {
      fs.rmSync(shm, { recursive: true })
    }
  })

  it('also of the current directory', () => {
    const { status } = tsvmm(['run', '--dry-run', '--json', '/proc/self/cwd/new.json', 'img'])
    expect(status).toBe(0)
    expect(fs.readdirSync(folder)).toEqual(['img', 'new.json'])
  })

  it.each(['/dev/stderr', '/dev/fd/2', '/proc/self/fd/2'])(
    'are appended to where they are what is open already: --trace=%s',
    path => {
      const log = join(folder, 'log')
      fs.writeFileSync(log, 'before\n')
      const fd = fs.openSync(log, 'a')
      tsvmm(['run', `--trace=${path}`, 'img'], fd)
      fs.closeSync(fd)
      expect(read('log').toString()).toMatch(/^before\n/)
    },
  )
})

describe('stdout', () => {
  it.each<[string[], RegExp]>([
    [
      ['run', '--json', '-', 'img'],
      /^error: --json -: stdout is the guest's console\ntry: {2}--json FILE\n/,
    ],
    [['run', '--dump-dtb', '-', 'img'], /^error: --dump-dtb -: stdout is the guest's console\n/],
    [
      ['run', '--dry-run', '--dump-dtb', '-', 'img'],
      /^error: --dump-dtb -: stdout is what --dry-run shows\n/,
    ],
  ])('is no place for what tsvmm %s names', (args, message) => {
    const { status, stderr } = tsvmm(args)
    expect(stderr).toMatch(message)
    expect(status).toBe(2)
    expect(fs.readdirSync(folder)).toEqual(['img'])
  })
})

describe('what cannot be meant', () => {
  it.each([['run'], ['run', '--dry-run']])('writes no JSON: %s %s', (...args) => {
    fs.writeFileSync(join(folder, 'k'), 'old')
    const { status } = tsvmm([...args, '--json', 'k', '-m', '1', 'img'])
    expect({ status, k: String(read('k')) }).toEqual({ status: 2, k: 'old' })
  })

  it.each<[string[], RegExp]>([
    [['run', '--trace=', 'img'], /^error: --trace names no file\ntry: {2}--trace=FILE\n/],
    [
      ['run', '--trace', 't.txt', 'img'],
      /^error: there is more than one image: t.txt img\nwhy: {2}--trace takes its file after an equals sign\ntry: {2}--trace=t.txt img\n/,
    ],
    [['run', '--trace=/no/x', 'img'], /\ntry: {2}--trace=FILE /],
    [['dtb', '--trace', 'img'], /^error: unknown option '--trace'\n/],
    [['probe', '--pmu'], /^error: unknown option '--pmu'\n/],
  ])('is said in what was typed: %s', (args, message) => {
    const { status, stderr } = tsvmm(args)
    expect(stderr).toMatch(message)
    expect(status).toBe(2)
  })
})

it('what a dry run assumes is not logged as if it was done', () => {
  const { status, stderr } = tsvmm(['run', '--dry-run', '-vvv', '--from', board, 'img'])
  expect(status).toBe(0)
  expect(stderr).not.toMatch(/system call/)
})
