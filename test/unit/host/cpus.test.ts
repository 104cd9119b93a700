import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { readHostCpus } from '../../../src/host/index.ts'
import { madeSysfs, savedSysfs } from './sysfs-tree.ts'

const CPU = 'devices/system/cpu'

test('an offline CPU is present and possible, but not online', () => {
  expect(readHostCpus(savedSysfs('biglittle'))).toEqual({
    possible: [0, 1, 2, 3],
    present: [0, 1, 2, 3],
    online: [0, 1, 2],
  })
})

test('without sysfs the missing file is named', () => {
  const root = madeSysfs({})

  expect(() => readHostCpus(root)).toThrow(HostError)
  expect(() => readHostCpus(root)).toThrow(`there is no ${root.sys}/${CPU}/possible`)
})

test('nonsense is named with its file and content', () => {
  const root = madeSysfs({ [`${CPU}/possible`]: '0-\n' })

  expect(() => readHostCpus(root)).toThrow(
    new HostError('SYSFS', `${root.sys}/${CPU}/possible holds "0-", not a list of CPUs`),
  )
})

test('an unreadable file is named', () => {
  const root = madeSysfs({})
  mkdirSync(join(root.sys, CPU, 'possible'), { recursive: true })

  expect(() => readHostCpus(root)).toThrow(`cannot read ${root.sys}/${CPU}/possible`)
})
