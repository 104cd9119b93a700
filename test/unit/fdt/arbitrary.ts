import fc from 'fast-check'
import type { FdtNode, FdtTree } from '../../../src/fdt/index.ts'

const name = fc
  .array(fc.integer({ min: 1, max: 0xff }), { minLength: 1, maxLength: 40 })
  .map(codes => String.fromCharCode(...codes))

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

const props = fc
  .array(fc.tuple(name, fc.uint8Array({ maxLength: 40 })), { maxLength: 6 })
  .map(entries => new Map(entries))

function nodeOf(levels: number): fc.Arbitrary<FdtNode> {
  const children =
    levels > 1 ? fc.array(nodeOf(levels - 1), { maxLength: 3 }) : fc.constant<FdtNode[]>([])
  return fc.record({ name, props, children })
}

/** Any tree that has a flattened form. */
export const anyTree: fc.Arbitrary<FdtTree> = fc.record({
  reservations: fc.array(
    fc
      .record({ address: u64, size: u64 })
      .filter(({ address, size }) => address !== 0n || size !== 0n),
    { maxLength: 3 },
  ),
  bootCpu: fc.nat(0xffff_ffff),
  root: nodeOf(4),
})
