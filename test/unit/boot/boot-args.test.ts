import { expect, test } from 'vitest'
import { completeBootArgs } from '../../../src/boot/boot-args.ts'

test.each([
  ['', 'console=ttyS0'],
  ['quiet root=/dev/vda', 'console=ttyS0 quiet root=/dev/vda'],
  ['netconsole=4444@10.0.0.1/eth1', 'console=ttyS0 netconsole=4444@10.0.0.1/eth1'],
  ['console=hvc0', 'console=hvc0'],
  ['quiet console=ttyS0,115200', 'quiet console=ttyS0,115200'],
])('a kernel that is told %j hears %j', (own, complete) => {
  expect(completeBootArgs(own, { kind: 'Image' })).toBe(complete)
})

test('a flat image is told nothing but what it is to be told', () => {
  expect(completeBootArgs('smp=2 mem=256', { kind: 'flat' })).toBe('smp=2 mem=256')
})
