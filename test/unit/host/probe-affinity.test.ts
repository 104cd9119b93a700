import { expect, it } from 'vitest'
import { readAffinity } from '../../../src/host/affinity.ts'
import { madeSysfs } from './sysfs-tree.ts'

const proc = (status: string) => madeSysfs({}, { 'self/status': status })

it('is the mask of the process without the CPUs that do not run', () => {
  const root = proc('Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t0-1,4-7\nMems_allowed:\t1\n')
  expect(readAffinity([0, 1, 2, 5], root)).toEqual([0, 1, 5])
})

it('is unknown where /proc does not tell', () => {
  expect(readAffinity([0], proc('Name:\tx\n'))).toBeUndefined()
  expect(readAffinity([0], madeSysfs({}))).toBeUndefined()
})

it('is an error that names the file where that is nonsense', () => {
  expect(() => readAffinity([0], proc('Cpus_allowed_list:\tall\n'))).toThrow(
    /self\/status holds "all", not a list of CPUs/,
  )
})
