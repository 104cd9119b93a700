import { readStrings, type FdtNode, type FdtTree } from '../fdt/index.ts'
import type { ObservedCall } from '../ioctl/index.ts'
import { PVTIME_BASE, PVTIME_SIZE, RAM_BASE } from './memory-map.ts'
import type { BuiltGuest } from './run.ts'

/** A part of a guest's physical address space. */
export interface Region {
  readonly base: bigint
  /** Bytes. */
  readonly size: bigint
  readonly what: string
}

/** Names of what the nodes of interrupt controllers have in `reg`, in its order. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  'arm,gic-v3': ['distributor', 'redistributors'],
  'arm,cortex-a15-gic': ['distributor', 'CPU interface'],
}

/**
 * The memory map of a guest: what its device tree tells it, what was put into its RAM, and what KVM
 * was told of beside that in the calls that made it.
 */
export function regionsOf(
  { root }: FdtTree,
  { vm, image }: Pick<BuiltGuest, 'vm' | 'image'>,
  calls: readonly ObservedCall[],
): Region[] {
  const { loadOffset, memSize } = image.layout
  const { address, bytes } = vm.deviceTree
  return [
    ...regionsBelow(root),
    ...initrdOf(root),
    ...stolenTimeOf(calls),
    { base: RAM_BASE + BigInt(loadOffset), size: BigInt(memSize), what: `image ${image.path}` },
    { base: address, size: BigInt(bytes.length), what: 'device tree' },
  ].sort((a, b) => Number(a.base - b.base) || Number(b.size - a.size))
}

/** Of nodes whose addresses are those of their parent's. */
function regionsBelow(parent: FdtNode): Region[] {
  return parent.children.flatMap(node => [
    ...regionsOfNode(node),
    ...(node.props.get('ranges')?.length === 0 ? regionsBelow(node) : []),
  ])
}

function regionsOfNode({ name, props }: FdtNode): Region[] {
  const [compatible = ''] = readStrings(props.get('compatible') ?? new Uint8Array())
  const numbers = pairs(props.get('reg') ?? new Uint8Array())
  return numbers.map(([base, size], index) => {
    const part = PARTS[compatible]?.[index] ?? (numbers.length > 1 ? `reg ${index}` : undefined)
    const is = [part, compatible].filter(Boolean).join(', ')
    return { base, size, what: is === '' ? name : `${name} (${is})` }
  })
}

function initrdOf(root: FdtNode): Region[] {
  const chosen = root.children.find(({ name }) => name === 'chosen')?.props
  const [start, end] = ['start', 'end'].map(word => chosen?.get(`linux,initrd-${word}`))
  if (start === undefined || end === undefined) return []
  const [base, last] = [start, end].map(value => Buffer.from(value).readBigUInt64BE())
  return base === undefined || last === undefined
    ? []
    : [{ base, size: last - base, what: 'initrd' }]
}

/** A guest learns of it by a hypercall, not from its device tree. */
function stolenTimeOf(calls: readonly ObservedCall[]): Region[] {
  const isAttached = calls.some(
    ({ request, attribute }) =>
      request === 'KVM_SET_DEVICE_ATTR' && attribute === 'KVM_ARM_VCPU_PVTIME_CTRL/IPA',
  )
  return isAttached
    ? [{ base: PVTIME_BASE, size: BigInt(PVTIME_SIZE), what: 'stolen time (PVTIME)' }]
    : []
}

/** Addresses and sizes of 64 bits each. */
function pairs(value: Uint8Array): [bigint, bigint][] {
  const bytes = Buffer.from(value)
  return Array.from({ length: bytes.length >> 4 }, (_, i) => [
    bytes.readBigUInt64BE(i * 16),
    bytes.readBigUInt64BE(i * 16 + 8),
  ])
}
