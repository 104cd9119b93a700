import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { readKvmMessages } from '../../../src/host/kvm-messages.ts'

/** A file is read at once where a device would give one record at a time. */
function messages(record: string) {
  const folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'kmsg')
  writeFileSync(path, record)
  return readKvmMessages(path)
}

it('what KVM said', () => {
  expect(messages('6,412,1150,-;kvm [1]: VHE mode initialized successfully\n SUBSYSTEM=x')).toEqual(
    ['VHE mode initialized successfully'],
  )
})

it('not what others said of it', () => {
  expect(messages('12,5,1150,-;systemd[1]: kvm [1]: VHE mode initialized successfully\n')).toEqual(
    [],
  )
})

it('nothing, for whom may not read it', () => {
  expect(readKvmMessages('/no/such/file')).toBeUndefined()
})

it('a directory is not read', () => {
  expect(readKvmMessages('/')).toEqual([])
})
