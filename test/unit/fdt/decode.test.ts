import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ImageError } from '../../../src/errors/index.ts'
import { decodeFdt, encodeFdt, node, tree, type FdtNode } from '../../../src/fdt/index.ts'
import { anyTree } from './arbitrary.ts'

/** `/ { a = <1>; n { }; }`: header 40, reservations 16, structure from 56, strings at its end. */
const blob = Buffer.from(encodeFdt(tree(node('', { a: 1 }, [node('n')]))))
const STRUCTURE = 56
const PROPERTY = STRUCTURE + 8

function withCell(offset: number, value: number): Buffer {
  const bytes = Buffer.from(blob)
  bytes.writeUInt32BE(value, offset)
  return bytes
}

describe('malformed blobs are refused with the offset and the reason', () => {
  test.each<[string, Buffer, RegExp]>([
    ['nothing at all', Buffer.alloc(0), /offset 0x0, the header needs 40 bytes, there are 0/],
    ['a header cut short', blob.subarray(0, 39), /needs 40 bytes, there are 39/],
    ['another magic number', withCell(0, 0x7f454c46), /magic number is 0x7f454c46/],
    ['an old version', withCell(20, 16), /offset 0x14, version 16/],
    ['a version incompatible with ours', withCell(24, 18), /compatible with 18/],
    ['a blob cut short', blob.subarray(0, -1), /it claims \d+ bytes, there are \d+/],
    ['a total size below the header', withCell(4, 39), /claims 39 bytes/],
    ['a structure block out of line', withCell(8, 58), /off_dt_struct 0x3a is not a multiple of 4/],
    ['a structure block in the header', withCell(8, 36), /off_dt_struct 0x24 .* outside/],
    ['a structure block too long', withCell(36, 0xffff_fffc), /off_dt_struct .* outside/],
    ['a strings block behind the end', withCell(12, 0xffff_ffff), /off_dt_strings .* outside/],
    ['reservations out of line', withCell(16, 44), /off_mem_rsvmap 0x2c is not a multiple of 8/],
    ['reservations without an end', withCell(40, 1), /memory reservations does not end/],
    ['a structure without a root', withCell(STRUCTURE, 9), /root node should begin here/],
    ['an unknown token', withCell(PROPERTY, 7), /offset 0x40, token 7 cannot stand in node ""/],
    [
      'a value over the end',
      withCell(PROPERTY + 4, 0x1000),
      /value of "a" of 4096 bytes runs over/,
    ],
    ['a value of 4 GiB', withCell(PROPERTY + 4, 0xffff_ffff), /value of "a" .* runs over/],
    ['a name outside of the strings', withCell(PROPERTY + 8, 2), /name offset 0x2 is outside/],
    ['an end token too early', withCell(PROPERTY, 9), /token 9 cannot stand in node ""/],
    ['a structure that goes on', withCell(36, 40), /runs over|should end|cannot stand/],
  ])('%s', (_, bytes, message) => {
    expect(() => decodeFdt(bytes)).toThrow(ImageError)
    expect(() => decodeFdt(bytes)).toThrow(message)
  })

  test('a property after a child, which other readers would not see', () => {
    const bytes = encodeFdt(tree(node('', {}, [node('n'), node('', { a: 1 })])))
    // The second child's begin and empty name become padding: its property is now the root's.
    const broken = Buffer.from(bytes)
    broken.writeUInt32BE(4, STRUCTURE + 20)
    broken.writeUInt32BE(4, STRUCTURE + 24)

    expect(() => decodeFdt(broken)).toThrow(/property "a" follows a child of node ""/)
  })

  test('a property that is there twice', () => {
    const bytes = Buffer.from(encodeFdt(tree(node('', { a: true, b: true }))))
    bytes.writeUInt32BE(0, PROPERTY + 12 + 8)

    expect(() => decodeFdt(bytes)).toThrow(/node "" has property "a" twice/)
  })

  test('nodes nested without measure', () => {
    const nest = (depth: number): FdtNode => node('n', {}, depth > 1 ? [nest(depth - 1)] : [])

    expect(decodeFdt(encodeFdt(tree(nest(64))))).toEqual(tree(nest(64)))
    expect(() => decodeFdt(encodeFdt(tree(nest(65))))).toThrow(/nested deeper than 64 levels/)
  })

  test('names longer than any real one', () => {
    const named = (length: number) => tree(node('', { ['x'.repeat(length)]: true }))

    expect(decodeFdt(encodeFdt(named(255)))).toEqual(named(255))
    expect(() => decodeFdt(encodeFdt(named(256)))).toThrow(/longer than 255 bytes/)
  })
})

test('padding and bytes after the blob are skipped', () => {
  // FDT_NOP in place of the whole property: 3 cells and one of value.
  const bytes = Buffer.concat([blob, Buffer.from('more')])
  for (let at = PROPERTY; at < PROPERTY + 16; at += 4) bytes.writeUInt32BE(4, at)

  expect(decodeFdt(bytes)).toEqual(tree(node('', {}, [node('n')])))
})

test('the tree does not change with the bytes it was read from', () => {
  const bytes = Buffer.from(blob)
  const decoded = decodeFdt(bytes)

  bytes.fill(0)

  expect(decoded.root.props.get('a')).toEqual(Uint8Array.of(0, 0, 0, 1))
})

describe('whatever the bytes are, there is a tree or an ImageError', () => {
  test('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => expectTreeOrImageError(bytes)),
    )
  })

  test('random bytes after a good header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 400 }), bytes =>
        expectTreeOrImageError(Buffer.concat([headerFor(bytes.length), bytes])),
      ),
    )
  })

  test('a good blob cut off anywhere', () => {
    fc.assert(
      fc.property(anyTree, fc.nat(), (tree, cut) => {
        const bytes = encodeFdt(tree)
        expect(() => decodeFdt(bytes.subarray(0, cut % bytes.length))).toThrow(ImageError)
      }),
    )
  })

  test('a good blob with some cells changed', () => {
    const cells = fc.array(
      fc.tuple(
        fc.nat(),
        fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 9, 2 ** 31, 2 ** 32 - 1), fc.nat()),
      ),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(anyTree, cells, (tree, changes) => {
        const bytes = Buffer.from(encodeFdt(tree))
        for (const [at, value] of changes)
          bytes.writeUInt32BE(value, (at % Math.floor(bytes.length / 4)) * 4)
        expectTreeOrImageError(bytes)
      }),
      { numRuns: 1000 },
    )
  })
})

function expectTreeOrImageError(bytes: Uint8Array): void {
  try {
    expect(decodeFdt(bytes).root.children).toBeInstanceOf(Array)
  } catch (error) {
    expect(error).toBeInstanceOf(ImageError)
  }
}

/** No reservations, then everything else both structure and strings. */
function headerFor(length: number): Buffer {
  const header = Buffer.from(blob.subarray(0, STRUCTURE))
  const structureLength = Math.floor(length / 4) * 4
  header.writeUInt32BE(STRUCTURE + length, 4)
  header.writeUInt32BE(STRUCTURE, 8)
  header.writeUInt32BE(STRUCTURE, 12)
  header.writeUInt32BE(length, 32)
  header.writeUInt32BE(structureLength, 36)
  return header
}
