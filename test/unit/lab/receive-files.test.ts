import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { ProtocolError } from '../../../src/lab/protocol.ts'
import { FileReceiver, allowedRoot } from '../../../src/lab/receive-files.ts'

let root: string
let receiver: FileReceiver
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  receiver = new FileReceiver([{ path: root, deep: true }])
})
afterEach(() => fs.rmSync(root, { recursive: true }))

async function receive(path: string, contents: string, mode = 0o644): Promise<void> {
  await receiver.begin({ kind: 'file', path, mode, size: contents.length })
  if (contents !== '') await receiver.data(Buffer.from(contents))
}

describe('files brought back', () => {
  test('appear with their contents and permissions, special bits taken off', async () => {
    await receiver.directory(join(root, 'a/b'))
    await receive(join(root, 'a/b/file'), 'contents', 0o4700)
    await receive(join(root, 'empty'), '')

    expect(fs.readFileSync(join(root, 'a/b/file'), 'utf8')).toBe('contents')
    expect(fs.statSync(join(root, 'a/b/file')).mode & 0o7777).toBe(0o700)
    expect(receiver.written).toEqual([join(root, 'a/b/file'), join(root, 'empty')])
  })

  test('appear whole or not at all', async () => {
    fs.writeFileSync(join(root, 'file'), 'old')
    await receiver.begin({ kind: 'file', path: join(root, 'file'), mode: 0o644, size: 10 })
    await receiver.data(Buffer.from('half'))
    await receiver.abandon()

    expect(fs.readdirSync(root)).toEqual(['file'])
    expect(fs.readFileSync(join(root, 'file'), 'utf8')).toBe('old')
  })

  test('replace a link instead of writing through it', async () => {
    const outside = `${root}-outside`
    fs.writeFileSync(outside, 'mine')
    try {
      fs.symlinkSync(outside, join(root, 'link'))
      await receive(join(root, 'link'), 'theirs')

      expect(fs.readFileSync(outside, 'utf8')).toBe('mine')
      expect(fs.readFileSync(join(root, 'link'), 'utf8')).toBe('theirs')
    } finally {
      fs.rmSync(outside)
    }
  })

  test('do not come through linked directories', async () => {
    fs.symlinkSync(tmpdir(), join(root, 'link'))

    await expect(receive(join(root, 'link/file'), 'x')).rejects.toThrow(/is a link/)
    await expect(receiver.directory(join(root, 'link/dir'))).rejects.toThrow(/is a link/)
  })

  test('that cannot be written are an error with their path', async () => {
    await expect(receive(join(root, 'missing/file'), 'x')).rejects.toThrow(HostError)
    await expect(receive(join(root, 'missing/file'), 'x')).rejects.toThrow(/missing\/file/)
  })

  test('have contents of the announced length', async () => {
    await receiver.begin({ kind: 'file', path: join(root, 'file'), mode: 0o644, size: 1 })
    await expect(receiver.data(Buffer.from('xy'))).rejects.toThrow(ProtocolError)
    await expect(receive(join(root, 'other'), 'x')).rejects.toThrow(ProtocolError)
    await receiver.abandon()
    await expect(receiver.data(Buffer.from('x'))).rejects.toThrow(ProtocolError)
  })
})

describe('the roots', () => {
  const deep = [{ path: '/home/dir', deep: true }]
  const shallow = [{ path: '/home/dir', deep: false }]

  test.each(['/home/dir', '/home/dir/a', '/home/dir/a/b'])('allow %s', path => {
    expect(allowedRoot(path, deep)).toBe(deep[0])
  })

  test.each([
    ...['/home', '/home/dirt', '/etc/passwd', 'home/dir/a', '', '/home/dir/../x', '/home/dir/./x'],
    ...['/home/dir//x', '/home/dir/\0', '/home/dir/a/'],
  ])('refuse %j', path => {
    expect(() => allowedRoot(path, deep)).toThrow(ProtocolError)
  })

  test('that are shallow allow only what is directly in them', () => {
    expect(allowedRoot('/home/dir/a', shallow)).toBe(shallow[0])
    expect(() => allowedRoot('/home/dir/a/b', shallow)).toThrow(ProtocolError)
  })

  test('never allow a path that leaves them, however it is spelled', () => {
    const part = fc.constantFrom('..', '.', '', 'a', 'dir', 'home')
    fc.assert(
      fc.property(fc.array(part), parts => {
        const path = `/home/dir/${parts.join('/')}`
        try {
          allowedRoot(path, deep)
        } catch {
          return
        }
        expect(new URL(`file://${path}`).pathname).toBe(path)
        expect(`${dirname(path)}/`.startsWith('/home/')).toBe(true)
      }),
    )
  })
})
