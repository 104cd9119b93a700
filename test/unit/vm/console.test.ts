import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ConsoleOutput } from '../../../src/vm/console.ts'

/** A reader that takes one chunk and then none until told. */
function slowReader() {
  const chunks: string[] = []
  let release: () => void = () => undefined
  const writable = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _, done) {
      chunks.push(chunk.toString())
      release = done
    },
  })
  return { writable, chunks, release: () => release() }
}

describe('ConsoleOutput', () => {
  it('writes what was put, in order, once it is flushed', () => {
    const reader = slowReader()
    const output = new ConsoleOutput(reader.writable)
    for (const byte of Buffer.from('hello')) output.put(byte)
    expect(reader.chunks).toEqual([])
    output.flush(() => undefined)
    expect(reader.chunks).toEqual(['hello'])
  })

  it('is full while the reader lags, and tells when it has caught up', async () => {
    const reader = slowReader()
    const output = new ConsoleOutput(reader.writable)
    output.put(65)
    const drained = new Promise<void>(resolve => output.flush(resolve))
    expect(output.full).toBe(true)
    reader.release()
    await drained
    expect(output.full).toBe(false)
  })

  it('drops what nobody can read any more', () => {
    const reader = slowReader()
    const output = new ConsoleOutput(reader.writable)
    reader.writable.destroy()
    output.put(65)
    output.flush(() => undefined)
    expect(output.full).toBe(false)
  })
})
