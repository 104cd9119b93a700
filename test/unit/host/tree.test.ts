import { execFileSync } from 'node:child_process'
import { mkdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { THIS_HOST } from '../../../src/host/index.ts'
import { madeSysfs } from './sysfs-tree.ts'

const tree = () => madeSysfs({ 'a/b': 'text\nmore\n\n', 'a/c': '' })

test('a file is its text without the last newline, and no file is nothing', () => {
  expect(tree().read('/sys/a/b')).toBe('text\nmore\n')
  expect(tree().read('/sys/a/c')).toBe('')
  expect(tree().read('/sys/a/d')).toBeUndefined()
})

test('a directory is its names in order, and no directory is none', () => {
  expect(tree().list('/sys/a')).toEqual(['b', 'c'])
  expect(tree().list('/sys/d')).toEqual([])
})

test('this machine is called as everybody calls it', () => {
  expect(THIS_HOST.nameOf('/proc/self/status')).toBe('/proc/self/status')
  expect(THIS_HOST.read('/proc/self/status')).toMatch(/^Name:/)
})

test('a pipe in a saved tree is not waited for', () => {
  const saved = tree()
  execFileSync('mkfifo', [join(saved.sys, 'pipe')])
  expect(() => saved.read('/sys/pipe')).toThrow(
    expect.objectContaining({
      message: `cannot read ${saved.sys}/pipe`,
      why: 'it is no file',
    }),
  )
})

test('a file without end in a saved tree is not read', () => {
  const saved = tree()
  truncateSync(join(saved.sys, 'a/b'), 2 ** 40)
  expect(() => saved.read('/sys/a/b')).toThrow(
    expect.objectContaining({ why: expect.stringContaining('1099511627776 bytes') as string }),
  )
})

test('a directory is no file', () => {
  const saved = tree()
  mkdirSync(join(saved.sys, 'd'))
  expect(() => saved.read('/sys/d')).toThrow(`cannot read ${saved.sys}/d`)
})
