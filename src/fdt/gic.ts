import { at, reg, type AddressRange } from './registers.ts'
import { node, type FdtNode } from './tree.ts'

export type GicDescription =
  | {
      readonly version: 3
      readonly distributor: AddressRange
      readonly redistributors: readonly AddressRange[]
      readonly its?: AddressRange
    }
  | {
      readonly version: 2
      readonly distributor: AddressRange
      readonly cpuInterface: AddressRange
      /** Of a GICv2m. */
      readonly msiFrame?: AddressRange
    }

/**
 * The node of an interrupt controller, what takes messages being a node in it.
 *
 * @see Documentation/devicetree/bindings/interrupt-controller of Linux v6.12: arm,gic.yaml,
 * arm,gic-v3.yaml
 */
export function gicNode(gic: GicDescription, phandle: number): FdtNode {
  const registers =
    gic.version === 3
      ? [gic.distributor, ...gic.redistributors]
      : [gic.distributor, gic.cpuInterface]
  return node(
    at('interrupt-controller', gic.distributor),
    {
      compatible: gic.version === 3 ? 'arm,gic-v3' : 'arm,cortex-a15-gic',
      reg: reg(...registers),
      '#redistributor-regions':
        gic.version === 3 && gic.redistributors.length > 1 ? gic.redistributors.length : undefined,
      'interrupt-controller': true,
      '#interrupt-cells': 3,
      '#address-cells': 2,
      '#size-cells': 2,
      ranges: true,
      phandle,
    },
    msiNodes(gic),
  )
}

function msiNodes(gic: GicDescription): FdtNode[] {
  const frame = gic.version === 3 ? gic.its : gic.msiFrame
  if (frame === undefined) return []
  const name = gic.version === 3 ? 'msi-controller' : 'v2m'
  return [
    node(at(name, frame), {
      compatible: gic.version === 3 ? 'arm,gic-v3-its' : 'arm,gic-v2m-frame',
      'msi-controller': true,
      '#msi-cells': gic.version === 3 ? 1 : undefined,
      reg: reg(frame),
    }),
  ]
}
