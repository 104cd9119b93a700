import { expect, it } from 'vitest'
import { readSettings } from '../../../src/host/settings.ts'
import { madeTree } from './made-tree.ts'

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             15734                15734                processes
Max open files            1024                 524288               files`

it('of a machine', () => {
  const files = {
    '/proc/sys/kernel/perf_event_paranoid': '-1',
    '/proc/sys/kernel/nmi_watchdog': '1',
    '/proc/self/limits': LIMITS,
  }
  expect(readSettings(madeTree(files))).toEqual({
    perfEventParanoid: -1,
    nmiWatchdog: 1,
    perfUserAccess: undefined,
    openFiles: 1024,
  })
})

it('without a bound', () => {
  const limits = LIMITS.replace('1024      ', 'unlimited ')
  expect(readSettings(madeTree({ '/proc/self/limits': limits })).openFiles).toBe(Infinity)
})

it('nonsense counts as not known', () => {
  const files = { '/proc/sys/kernel/nmi_watchdog': 'yes', '/proc/self/limits': 'Max open files' }
  expect(readSettings(madeTree(files))).toEqual({
    perfEventParanoid: undefined,
    nmiWatchdog: undefined,
    perfUserAccess: undefined,
    openFiles: undefined,
  })
})
