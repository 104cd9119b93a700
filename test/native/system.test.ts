import {
  closeSync,
  constants as fsConstants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { BugError } from '../../src/errors/index.ts'
import { native } from '../../src/native/index.ts'
import { decodeCpuMask, encodeCpuMask } from '../../src/native/shim-system.ts'
import type { NativeMemory } from '../../src/native/memory.ts'

const { system } = native()
const { errno } = constants

/** Linux, asm-generic and arm64 alike where it matters here; Node does not name it. */
const O_TMPFILE = 0o20000000 | fsConstants.O_DIRECTORY

describe('System by way of the shim library', () => {
  it.each([
    ['ioctl', () => system.ioctl(-1, 0xae00, 0), errno.EBADF],
    ['open', () => system.open('/nonexistent/file', 0), errno.ENOENT],
    ['open of a name with a zero byte', () => system.open('a\0b', 0), errno.ENOENT],
    ['close', () => system.close(-1), errno.EBADF],
    ['mmap', () => system.mmap({ length: 0 }), errno.EINVAL],
    ['mmap of a bad fd', () => system.mmap({ length: 4096, fd: 9999 }), errno.EBADF],
    ['eventfd', () => system.eventfd(0, -1), errno.EINVAL],
    ['getAffinity', () => system.getAffinity(2 ** 31 - 1), errno.ESRCH],
    ['setAffinity', () => system.setAffinity(0, []), errno.EINVAL],
  ])('%s returns what went wrong as -errno', (_, call, expected) => {
    expect(call()).toBe(-expected)
  })

  it('passes arguments above 2^31 whole', () => {
    const fd = system.eventfd(0xfffffffe, 0)
    const counter = Buffer.alloc(8)
    readSync(fd, counter)
    closeSync(fd)
    expect(counter.readBigUInt64LE()).toBe(0xfffffffen)
  })

  it('opens and closes files', () => {
    const fd = system.open('/dev/null', 0)
    expect(fstatSync(fd).isCharacterDevice()).toBe(true)
    expect(system.close(fd)).toBe(0)
    expect(() => fstatSync(fd)).toThrow('EBADF')
  })

  it('makes socketpairs whose ends are connected', () => {
    const pair = system.socketpair()
    if (typeof pair === 'number') throw new Error(`socketpair: ${pair}`)
    writeSync(pair[0], 'x')
    const byte = Buffer.alloc(1)
    readSync(pair[1], byte)
    expect(byte.toString()).toBe('x')
    pair.forEach(closeSync)
  })

  it('tells and sets the affinity of a thread', () => {
    const all = system.getAffinity(0) as readonly number[]
    expect(all.length).toBeGreaterThan(0)
    expect(system.setAffinity(0, all.slice(0, 1))).toBe(0)
    expect(system.getAffinity(0)).toEqual(all.slice(0, 1))
    expect(system.setAffinity(0, all)).toBe(0)
  })

  it('maps files shared: what is written to the one shows in the other', () => {
    const file = openSync('/dev/shm', O_TMPFILE | fsConstants.O_RDWR, 0o600)
    writeSync(file, Buffer.alloc(4096))
    using memory = mapped(system.mmap({ length: 4096, fd: file }))
    memory.writeBytes(10, Buffer.from('shared'))
    const seen = Buffer.alloc(6)
    readSync(file, seen, 0, 6, 10)
    closeSync(file)
    expect(seen.toString()).toBe('shared')
  })

  it('maps more than Node 20 could wrap in one piece, and keeps the pieces apart', () => {
    const size = 6 * 2 ** 30
    using memory = mapped(system.mmap({ length: size }))
    const places = [0, 2 ** 29 - 8, 2 ** 29, 2 ** 30, 2 ** 32, size - 8]
    places.forEach((place, index) => memory.writeU64(place, BigInt(index + 1)))
    expect(places.map(place => memory.readU64(place))).toEqual([1n, 2n, 3n, 4n, 5n, 6n])
  })

  it('copies across the border of two pieces', () => {
    using memory = mapped(system.mmap({ length: 2 ** 30 }))
    const bytes = Buffer.from('across the border')
    memory.writeBytes(2 ** 29 - 5, bytes)
    expect(memory.readBytes(2 ** 29 - 5, bytes.length)).toEqual(bytes)
    memory.fill(0x2e, 2 ** 29 - 5, 10)
    expect(memory.readBytes(2 ** 29 - 5, bytes.length).toString()).toBe('.......... border')
  })

  it('maps where huge pages fit, the whole length and no more', () => {
    const size = 6 * 2 ** 20
    using memory = mapped(system.mmap({ length: size, pages: 'transparent' }))
    memory.writeU64(0, 1n)
    memory.writeU64(size - 8, 2n)
    expect(memory.address % 2n ** 21n).toBe(0n)
    const found = readFileSync('/proc/self/smaps', 'utf8')
      .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
      .find(mapping => mapping.startsWith(`${memory.address.toString(16)}-`))
    expect(found).toMatch(/^Size: +6144 kB$/m)
    expect(found).toMatch(/^VmFlags:.* hg/m)
  })

  it('makes a use after unmap an error, and no crash', () => {
    const memory = mapped(system.mmap({ length: 4096 }))
    memory.writeU32(0, 1)
    memory.release()
    expect(() => memory.readU32(0)).toThrow(BugError)
  })
})

describe('running a vCPU once', () => {
  it('tells what KVM_RUN said, which of an eventfd is that it is no vCPU', () => {
    using run = system.mmap({ length: 4096 }) as NativeMemory
    const fd = system.eventfd(0, 0)
    const cpus = system.getAffinity(0) as number[]
    const result = system.runOnce({ fd, runAddress: run.address, cpus, timeoutMs: 1500 })
    expect([-errno.ENOTTY, -errno.EINVAL]).toContain(result)
    system.close(fd)
  })

  it('says when the CPUs cannot be had', () => {
    using run = system.mmap({ length: 4096 }) as NativeMemory
    const request = { fd: -1, runAddress: run.address, timeoutMs: 1500 }
    expect(system.runOnce({ ...request, cpus: [] })).toBe(-errno.EINVAL)
    expect(system.runOnce({ ...request, cpus: [0] })).toBe(-errno.EBADF)
  })
})

describe('CPU masks', () => {
  it('hold the CPUs that were put in', () => {
    const cpus = [0, 1, 7, 8, 63, 64, 511, 8191]
    expect(decodeCpuMask(encodeCpuMask(cpus))).toEqual(cpus)
  })
})

function mapped(memory: NativeMemory | number): NativeMemory {
  if (typeof memory === 'number') throw new Error(`mmap: ${memory}`)
  return memory
}
