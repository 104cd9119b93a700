import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { inspectKvmDevice } from '../../../src/host/kvm-device.ts'
import { madeTree } from './made-tree.ts'

const uid = process.getuid!()
const gid = process.getgid!()

it('a file of that name is not the device', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'kvm')
  writeFileSync(path, '')
  chmodSync(path, 0o640)
  const names = {
    '/etc/passwd': `x\nsomebody:x:${uid}:${gid}:::/bin/sh`,
    '/etc/group': `crew:x:${gid}:\nkvm:x:78:other,somebody`,
    '/proc/misc': '232 kvm\n235 autofs',
  }
  expect(inspectKvmDevice(madeTree(names), path)).toMatchObject({
    isRegistered: true,
    node: { isKvm: false, mode: 0o640, uid, gid, owner: 'somebody', group: 'crew' },
    opening: 'ok',
    user: { uid, name: 'somebody', listedIn: [78] },
  })
})

it('a character device of another number is not it either', () => {
  expect(inspectKvmDevice(madeTree({}), '/dev/null').node).toMatchObject({ isKvm: false })
})

it('nothing there, nothing known', () => {
  expect(inspectKvmDevice(madeTree({ '/proc/misc': '235 autofs' }), '/no/kvm')).toMatchObject({
    isRegistered: false,
    node: undefined,
    opening: 'ENOENT',
    user: { name: undefined, listedIn: [] },
  })
})

it('what nobody may read is not known, and no error', () => {
  const unreadable = { '/etc/passwd': null, '/etc/group': null, '/proc/misc': null }
  expect(inspectKvmDevice(madeTree(unreadable), '/no/kvm')).toMatchObject({
    isRegistered: undefined,
    user: { uid, name: undefined },
  })
})
