import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CpioEntry, encodeCpio } from '../../../src/boot/cpio.ts'

/** The other direction, for the tests only. */
function decode(archive: Uint8Array): { path: string; mode: number; data: string }[] {
  const bytes = Buffer.from(archive)
  const files = []
  for (let at = 0; ;) {
    expect(bytes.toString('latin1', at, at + 6)).toBe('070701')
    const field = (n: number) =>
      parseInt(bytes.toString('latin1', at + 6 + n * 8, at + 14 + n * 8), 16)
    const [mode, size, nameSize] = [field(1), field(6), field(11)]
    const path = bytes.toString('utf8', at + 110, at + 110 + nameSize - 1)
    const start = at + ((110 + nameSize + 3) & ~3)
    if (path === 'TRAILER!!!') {
      expect(start).toBe(bytes.length)
      return files
    }
    files.push({ path, mode, data: bytes.toString('hex', start, start + size) })
    at = start + ((size + 3) & ~3)
  }
}

const anyPath = fc
  .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
  .filter(path => !path.includes('\0') && path !== 'TRAILER!!!')

test('what goes in comes out, whatever the lengths', () => {
  const file = fc.record({
    kind: fc.constant('file' as const),
    path: anyPath,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    data: fc.uint8Array({ maxLength: 100 }),
  })
  fc.assert(
    fc.property(fc.array(file), files => {
      expect(decode(encodeCpio(files))).toEqual(
        files.map(({ path, mode, data }) => ({
          path,
          mode: 0o100000 | mode,
          data: Buffer.from(data).toString('hex'),
        })),
      )
    }),
  )
})

const EVERY_KIND: CpioEntry[] = [
  { kind: 'directory', path: 'dev' },
  { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
  { kind: 'symlink', path: 'lib', target: 'usr/lib' },
  { kind: 'file', path: 'init', mode: 0o755, data: Buffer.from('#!/bin/sh\n') },
]

test('an archive looks like this', () => {
  const text = Buffer.from(encodeCpio(EVERY_KIND)).toString('latin1').replaceAll('\0', '.')

  expect(text.match(/.{1,118}/gs)).toMatchInlineSnapshot(`
    [
      "07070100000001000041ed0000000000000000000000010000000000000000000000000000000000000000000000000000000400000000dev...07",
      "070100000002000021800000000000000000000000010000000000000000000000000000000000000005000000010000000c00000000dev/consol",
      "e...070701000000030000a1ff0000000000000000000000010000000000000007000000000000000000000000000000000000000400000000lib.",
      "..usr/lib.07070100000004000081ed000000000000000000000001000000000000000a0000000000000000000000000000000000000005000000",
      "00init..#!/bin/sh
    ..07070100000000000000000000000000000000000000010000000000000000000000000000000000000000000000000000",
      "000b00000000TRAILER!!!....",
    ]
  `)
})

test('cpio reads it', () => {
  const archive = encodeCpio(EVERY_KIND.filter(({ kind }) => kind !== 'character-device'))
  const { error, stdout } = spawnSync('cpio', ['-t'], { input: archive })
  if (error !== undefined) throw error

  expect(stdout.toString()).toBe('dev\nlib\ninit\n')
})
