import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EscapeKeys } from '../../../src/cli/escape-keys.ts'

/** What the guest gets of the chunks, and what was asked for with x and h. */
async function type(...chunks: readonly Uint8Array[]) {
  const asked: string[] = []
  const keys = new EscapeKeys({ x: () => asked.push('x'), h: () => asked.push('h') })
  for (const chunk of chunks) keys.write(chunk)
  keys.end()
  return { asked, got: Buffer.concat((await keys.toArray()) as Buffer[]) }
}

const A = '\x01'
const bytes = (text: string) => Buffer.from(text, 'latin1')

test.each([
  ['plain text', 'text\r\x03\xff', 'text\r\x03\xff', ''],
  ['Ctrl-A twice is one', `a${A}${A}b`, `a${A}b`, ''],
  ['keys of ours', `a${A}xb${A}hc`, 'abc', 'xh'],
  ['in capitals, too', `${A}X`, '', 'x'],
  ['any other key, without the Ctrl-A', `${A}qx`, 'qx', ''],
  ['a Ctrl-A at the end waits', `a${A}`, 'a', ''],
  ['Ctrl-A twice, and then a key', `${A}${A}x`, `${A}x`, ''],
])('%s', async (_, typed, got, asked) => {
  expect(await type(bytes(typed))).toEqual({ got: bytes(got), asked: asked.split('') })
})

test('it does not matter how what is typed is cut up', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(1, 0x78, 0x68, 0x61), { maxLength: 40 }),
      fc.nat(40),
      async (typed, cut) => {
        const whole = Buffer.from(typed)
        expect(await type(whole.subarray(0, cut), whole.subarray(cut))).toEqual(await type(whole))
      },
    ),
  ))

test('keys of ours are heard behind megabytes that nobody takes, of which the first four are kept', () => {
  const asked: string[] = []
  const keys = new EscapeKeys({ x: () => asked.push('x') })
  for (let mib = 0; mib < 8; mib++) keys.write(Buffer.alloc(2 ** 20, 0x30 + mib))
  keys.write(bytes(`${A}x`))
  expect(asked).toEqual(['x'])
  const kept = keys.read() as Buffer
  expect(kept.length).toBe(4 * 2 ** 20)
  expect(kept.at(-1)).toBe(0x33)
  // There is room again.
  keys.write(bytes('more'))
  expect(String(keys.read())).toBe('more')
})
