import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const clone = fileURLToPath(new URL('../..', import.meta.url))
const bin = join(clone, 'bin/tsvmm.js')
const guest = join(clone, 'guests/build/greeting.flat')
const machine = (name: string) => ['--from', join(clone, 'machines', `${name}.json`)]
/** Where tests run KVM may be or not. */
const from = machine('graviton3')

let folder: string
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

function run(program: string, args: readonly string[], input?: Uint8Array) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, input })
  return { status, stdout, stderr: String(stderr) }
}

const dtb = (...args: string[]) => run(process.execPath, [bin, 'dtb', ...args])

/** What dtc makes of it; any warning is an error here. */
function dtc(from: 'dts' | 'dtb', to: 'dts' | 'dtb', input: Uint8Array): Buffer {
  const { stdout, stderr } = run('dtc', ['-I', from, '-O', to, '-'], input)
  expect(stderr).toBe('')
  return stdout
}

describe('tsvmm dtb', () => {
  it.each([
    [[]],
    [['--pmu', '-c', '4', '--pmu-irq', 'spi:40']],
    [['-c', '512', '-m', '8G']],
    [['--params', 'a="b" \\c\t ü', '--initrd', guest]],
    [['--params', '']],
  ])('gives dtc source without warnings, of which it makes our blob: %j', options => {
    const source = dtb(...from, ...options, guest)
    const blob = dtb(...from, ...options, '-O', 'dtb', guest)
    expect(source.status).toBe(0)
    expect(dtc('dts', 'dtb', source.stdout).equals(blob.stdout)).toBe(true)
    dtc('dtb', 'dts', blob.stdout)
  })

  it.each(['gicv2', 'gicv2m'])('without warnings also of a guest with a %s', irqchip => {
    const { stdout } = dtb(...machine('juno-r2'), '--irqchip', irqchip, '-c', '2', guest)
    expect(String(stdout)).toContain('compatible = "arm,cortex-a15-gic";')
    dtc('dts', 'dtb', stdout)
  })

  it('says on stderr what is assumed, and on stdout nothing but the tree', () => {
    const { stdout, stderr } = dtb(...from, guest)
    expect(stderr).toMatch(/^(tsvmm: assumed: .*\n)+$/)
    expect(String(stdout)).toMatch(/^\/dts-v1\/;\n\n\/ \{\n[^]*\n\};\n$/)
  })

  it('writes source or blob to a file, by its name or as told', () => {
    const magic = (file: string) => fs.readFileSync(join(folder, file)).toString('latin1', 0, 4)
    dtb(...from, guest, '-o', 'a.dtb')
    dtb(...from, guest, '-o', 'a.dts')
    dtb(...from, guest, '--output', 'b', '--out-format', 'dtb')
    expect(['a.dtb', 'a.dts', 'b'].map(magic)).toEqual([
      '\xd0\x0d\xfe\xed',
      '/dts',
      '\xd0\x0d\xfe\xed',
    ])
    expect(fs.readdirSync(folder).sort()).toEqual(['a.dtb', 'a.dts', 'b'])
  })

  it('decodes a blob, also one of others', () => {
    const board = join(clone, 'test/fixtures/fdt/board.dtb')
    const { stdout, stderr } = dtb('--decode', board)
    expect(stderr).toBe('')
    const bootCpu = /--boot-cpu (\d+)/.exec(String(stdout))?.[1] ?? '0'
    const { stdout: again } = run('dtc', ['-q', '-I', 'dts', '-O', 'dtb', '-b', bootCpu], stdout)
    expect(again.equals(fs.readFileSync(board))).toBe(true)
  })

  it('decodes a blob of stdin', () => {
    const board = fs.readFileSync(join(clone, 'test/fixtures/fdt/board.dtb'))
    const { status, stdout } = run(process.execPath, [bin, 'dtb', '--decode', '-'], board)
    expect(status).toBe(0)
    expect(String(stdout)).toMatch(/^\/dts-v1\/;/)
    const nothing = run(process.execPath, [bin, 'dtb', '--decode', '-'], Buffer.alloc(2 ** 22))
    expect(nothing.stderr).toMatch(/^error: --decode - has more bytes than a device tree may have/)
  })

  it('takes what lkvm run takes', () => {
    expect(dtb(...from, '--network', 'none', '--disable-mte', guest).status).toBe(0)
  })

  it('gives a terminal no blob', () => {
    const line = `"${process.execPath}" ${bin} dtb ${from.join(' ')} -O dtb ${guest}`
    const { stdout } = spawnSync('script', ['-qec', line, '/dev/null'], { encoding: 'utf8' })
    expect(stdout).toMatch(
      /error: -O dtb: a blob is nothing for a terminal\r\ntry: {2}-O dtb -o FILE/,
    )
  })

  it.each<[string[], RegExp]>([
    [[], /^error: no guest image was given\ntry: {2}tsvmm dtb IMAGE/],
    [[...from, '-i', '', guest], /^error: --initrd names no file/],
    [[...from, '-i', '/dev/null', guest], /\/dev\/null is no regular file, as an initrd has to be/],
    [[...from, '-i', 'x'.repeat(300), guest], /\nwhy: {2}ENAMETOOLONG: name too long/],
    [['--decode', '/nowhere'], /^error: cannot open \/nowhere: there is no such file/],
    [['--decode', '/dev'], /^error: \/dev is a directory, not a device tree/],
    [['--decode', guest], /^error: --decode \/.*greeting\.flat: .*magic number/],
    [['--decode', 'x', 'y'], /^error: --decode x and y: which of them\?/],
    [['--decode', 'x', '-c', '5'], /^error: --decode x and --cpus: which of them\?/],
    [['--decode', 'x', ...from], /^error: --decode x and --from: which of them\?/],
    [['--disk', 'x', guest], /^error: there is no --disk: guests have no disks/],
    [['--rng', guest], /^error: there is no --rng/],
    [['--network', 'user', guest], /^error: --network user cannot be had/],
    [['-O', 'dtbs', guest], /argument 'dtbs' is invalid/],
    [['-o', '/nowhere/x', guest], /--output \/nowhere\/x: the file cannot be written/],
    [['--from', '/nowhere', guest], /--from \/nowhere/],
  ])('refuses in a sentence: %j', (args, message) => {
    const { status, stdout, stderr } = dtb(...args)
    expect(stderr).toMatch(message)
    expect(String(stdout)).toBe('')
    expect(status).toBe(2)
  })
})
