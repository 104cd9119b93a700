import { readCells, type FdtNode } from './tree.ts'

/** Properties that name nodes by phandle, and which property of those says how many cells follow. */
const NAMING: Readonly<Record<string, string | undefined>> = {
  'interrupt-parent': undefined,
  'interrupt-affinity': undefined,
  clocks: '#clock-cells',
  'msi-parent': '#msi-cells',
}

/** Nodes by the number others name them by. */
export type Phandles = ReadonlyMap<number, FdtNode>

/** Those of a tree that no two nodes claim. */
export function readPhandles(root: FdtNode): Phandles {
  const all = [...nodesOf(root)].flatMap(node => {
    const [phandle] = cellsOf(node, 'phandle')
    return phandle === undefined ? [] : [[phandle, node] as const]
  })
  const isClaimedOnce = (phandle: number) => all.filter(([other]) => other === phandle).length === 1
  return new Map(all.filter(([phandle]) => isClaimedOnce(phandle)))
}

/** Which cells of a property are phandles of nodes that are there. */
export function phandlesIn(name: string, cells: readonly number[], phandles: Phandles): boolean[] {
  if (!Object.hasOwn(NAMING, name)) return cells.map(() => false)
  const counted = NAMING[name]
  let args = 0
  return cells.map(cell => {
    if (args > 0) {
      args--
      return false
    }
    const node = phandles.get(cell)
    const argCount = node && counted !== undefined ? cellsOf(node, counted)[0] : undefined
    args = argCount ?? 0
    return node !== undefined
  })
}

function cellsOf(node: FdtNode, property: string): number[] {
  return readCells(node.props.get(property) ?? new Uint8Array())
}

function* nodesOf(node: FdtNode): Generator<FdtNode> {
  yield node
  for (const child of node.children) yield* nodesOf(child)
}
