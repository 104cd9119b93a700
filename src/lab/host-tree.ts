import { type FdtNode, type FdtTree, findNode, node, readCells, encodeValue } from '../fdt/index.ts'
import { BugError } from '../errors/index.ts'
import { type Cluster, pmuCompatible } from './topology.ts'

/** Nodes whose interrupts are not worth rewriting: nothing in the lab uses them. */
const DROPPED = /^(pcie@|pl061@|gpio-keys$|platform-bus@)/
/** PMUv3's interrupt on QEMU's virt machine: PPI 7, level. */
const PMU_INTERRUPT = [1, 7, 4]

/**
 * Turns the device tree of QEMU's virt machine (with GICv3) into that of a machine with one PMU per
 * cluster. The kernel's PMU driver goes by the device tree; a per-CPU interrupt that belongs to only
 * some CPUs is said with a fourth interrupt cell and a partition
 * (Documentation/devicetree/bindings/interrupt-controller/arm,gic-v3.yaml, `ppi-partitions`).
 */
export function withClusters(tree: FdtTree, clusters: readonly Cluster[]): FdtTree {
  const children = tree.root.children
    .filter(({ name }) => !DROPPED.test(name) && name !== 'pmu')
    .map(widenInterrupts)
  const root = { ...tree.root, children }
  const gic = children.find(({ name }) => name.startsWith('intc@'))
  if (gic === undefined) throw new BugError("QEMU's device tree has no interrupt controller")
  gic.props.set('#interrupt-cells', encodeValue(4))

  const cpus = findCpus(root)
  const partitions = node('ppi-partitions')
  let phandle = largestPhandle(root)
  for (const [index, { core, cpus: members }] of clusters.entries()) {
    const compatible = pmuCompatible(core)
    if (compatible === undefined) continue
    phandle += 1
    const affinity = members.map(cpu => cpus[cpu] ?? 0)
    partitions.children.push(node(`interrupt-partition-${index}`, { affinity, phandle }))
    const interrupts = [...PMU_INTERRUPT, phandle]
    root.children.push(node(`pmu-${core}`, { compatible, interrupts }))
  }
  gic.children.push(partitions)
  return { ...tree, root }
}

/** Gives each interrupt (three cells) a fourth: 0, it belongs to all CPUs. */
function widenInterrupts(old: FdtNode): FdtNode {
  const props = new Map(old.props)
  const interrupts = props.get('interrupts')
  if (interrupts !== undefined) {
    const cells = readCells(interrupts)
    const wide = cells.flatMap((cell, index) => (index % 3 === 2 ? [cell, 0] : [cell]))
    props.set('interrupts', encodeValue(wide))
  }
  return { name: old.name, props, children: old.children.map(widenInterrupts) }
}

/** The phandles of the CPUs, in the order the kernel numbers them. */
function findCpus(root: FdtNode): number[] {
  const cpus = findNode(root, '/cpus')?.children.filter(({ name }) => name.startsWith('cpu@')) ?? []
  return cpus.map(phandleOf)
}

function largestPhandle(at: FdtNode): number {
  return Math.max(phandleOf(at), ...at.children.map(largestPhandle))
}

function phandleOf({ props }: FdtNode): number {
  return readCells(props.get('phandle') ?? new Uint8Array(0))[0] ?? 0
}
