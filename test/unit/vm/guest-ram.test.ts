import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { MemoryTree } from '../../../src/host/index.ts'
import type { MapRequest, NativeMemory } from '../../../src/native/index.ts'
import { mapRam, type RamPages } from '../../../src/vm/guest-ram.ts'
import { RecordingSystem } from '../ioctl/recording-system.ts'

const MIB = 2 ** 20
const ENOMEM = 12

const MEMINFO = `HugePages_Total:      10
HugePages_Free:        4
Hugepagesize:       2048 kB`

class Host extends RecordingSystem {
  readonly tree: MemoryTree

  readonly enough: boolean

  constructor(meminfo: string, enough: boolean) {
    super('kvm')
    this.enough = enough
    this.tree = new MemoryTree(new Map([['/proc/meminfo', meminfo]]), 'a test')
  }

  override mmap(request: MapRequest): NativeMemory | number {
    return this.enough ? super.mmap(request) : -ENOMEM
  }

  map(size: number, pages: RamPages) {
    return mapRam(this, size, pages, this.tree)
  }
}

describe('RAM', () => {
  it.each([
    ['of huge pages where there are some', { kind: 'any' }, 'transparent'],
    ['of huge pages that were set apart', { kind: 'huge' }, 'hugetlb'],
  ] as const)('is made %s', (_, kind, pages) => {
    const host = new Host(MEMINFO, true)

    using ram = host.map(8 * MIB, kind)

    expect(ram.byteLength).toBe(8 * MIB)
    expect(host.mapped).toEqual([{ length: 8 * MIB, pages }])
  })

  it('that cannot be had is an error', () => {
    expect(() => new Host(MEMINFO, false).map(8 * MIB, { kind: 'any' })).toThrow(
      '8 MiB of guest RAM cannot be had (--mem)',
    )
  })
})

describe('--hugepages', () => {
  it('says how many there are, and how to have more', () => {
    expect(() => new Host(MEMINFO, false).map(64 * MIB, { kind: 'huge' })).toThrow(
      expect.objectContaining({
        code: 'TSVMM_HOST_MEMORY',
        message: '64 MiB of guest RAM are 32 huge pages of 2 MiB, and 4 are free (--hugepages)',
        try: [
          'echo 38 | sudo tee /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages',
          'without --hugepages',
        ],
      }),
    )
  })

  it('refuses RAM that is not made of whole ones', () => {
    expect(() => new Host(MEMINFO, true).map(33 * MIB, { kind: 'huge' })).toThrow(
      expect.objectContaining({
        code: 'TSVMM_USAGE',
        message: '--mem 33M is not made of whole huge pages of 2 MiB (--hugepages)',
        try: ['--mem 34M'],
      }),
    )
  })

  it('says so where the kernel has none', () => {
    expect(() => new Host('', true).map(32 * MIB, { kind: 'huge' })).toThrow(
      '--hugepages: the kernel of this host has no huge pages',
    )
  })
})

describe('--hugetlbfs', () => {
  it.each([
    [tmpdir(), 'that is no hugetlbfs'],
    ['/nowhere/at/all', 'there is no such directory'],
  ])('%s is refused', (path, why) => {
    expect(() => new Host(MEMINFO, true).map(32 * MIB, { kind: 'hugetlbfs', path })).toThrow(
      expect.objectContaining({
        code: 'TSVMM_USAGE',
        message: `--hugetlbfs ${path}: ${why}`,
        // Whoever mounts something over such a directory hides what is in it.
        try: expect.not.arrayContaining([expect.stringContaining('mount -t')]) as unknown,
      }),
    )
  })
})
