import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BugError } from '../../../src/errors/index.ts'
import { NativeMemory } from '../../../src/native/memory.ts'

const SIZE = 64

describe('NativeMemory', () => {
  it('gives back every integer that was written, at every place it fits', () => {
    const offset = (width: number) => fc.integer({ min: 0, max: SIZE - width })
    const memory = NativeMemory.onHeap(SIZE)
    fc.assert(
      fc.property(offset(8), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (at, value) => {
        memory.writeU64(at, value)
        expect(memory.readU64(at)).toBe(value)
        expect(memory.readU32(at)).toBe(Number(BigInt.asUintN(32, value)))
        expect(memory.readI32(at)).toBe(Number(BigInt.asIntN(32, value)))
        expect(memory.readU16(at)).toBe(Number(BigInt.asUintN(16, value)))
        expect(memory.readU8(at)).toBe(Number(BigInt.asUintN(8, value)))
      }),
    )
  })

  it('gives back the bytes that were written, and leaves those beside them alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: SIZE }), fc.nat(SIZE), (bytes, at) => {
        fc.pre(at + bytes.length <= SIZE)
        const memory = NativeMemory.onHeap(SIZE)
        memory.fill(0xaa)
        memory.writeBytes(at, bytes)
        expect(memory.readBytes(at, bytes.length)).toEqual(Buffer.from(bytes))
        expect(memory.readBytes(0, at).every(byte => byte === 0xaa)).toBe(true)
        expect(
          memory.readBytes(at + bytes.length, SIZE - at - bytes.length).every(b => b === 0xaa),
        ).toBe(true)
      }),
    )
  })

  it.each([
    ['before its start', -1, 1],
    ['at its end', SIZE, 1],
    ['across its end', SIZE - 4, 8],
    ['at nonsense', NaN, 4],
  ])('refuses an access %s', (_, offset, length) => {
    const memory = NativeMemory.onHeap(SIZE)
    expect(() => memory.readBytes(offset, length)).toThrow(BugError)
    expect(() => memory.writeBytes(offset, new Uint8Array(length))).toThrow(BugError)
    expect(() => memory.fill(0, offset, length)).toThrow(BugError)
  })

  it('refuses every access after its release, which happens once', () => {
    let releases = 0
    const memory = new NativeMemory(
      0x1000n,
      SIZE,
      (_, length) => Buffer.alloc(length),
      () => releases++,
    )
    memory.writeU8(0, 1)
    memory.release()
    memory.release()
    expect(releases).toBe(1)
    expect(() => memory.readU8(0)).toThrow('memory at 0x1000 was used after its release')
    expect(() => memory.atomicLoad(0)).toThrow(BugError)
    expect(() => memory.fillFrom(0, 1, () => 1)).toThrow(BugError)
  })

  it('is released at the end of the block that owns it', () => {
    let released = false
    {
      using memory = new NativeMemory(
        0n,
        8,
        (_, length) => Buffer.alloc(length),
        () => (released = true),
      )
      memory.writeU8(0, 1)
    }
    expect(released).toBe(true)
  })

  it('has atomic words where words can be, and only there', () => {
    const memory = NativeMemory.onHeap(SIZE)
    memory.atomicStore(8, 7)
    expect(memory.atomicExchange(8, 9)).toBe(7)
    expect(memory.atomicLoad(8)).toBe(9)
    expect(memory.readU32(8)).toBe(9)
    expect(() => memory.atomicLoad(6)).toThrow(BugError)
  })

  it('is filled by a reader until that has no more', () => {
    const memory = NativeMemory.onHeap(SIZE)
    const chunks = [Buffer.from('abc'), Buffer.from('de')]
    const filled = memory.fillFrom(2, 10, into => {
      const chunk = chunks.shift()
      into.set(chunk ?? [])
      return chunk?.length ?? 0
    })
    expect(filled).toBe(5)
    expect(memory.readBytes(0, 8).toString('latin1')).toBe('\0\0abcde\0')
  })
})
