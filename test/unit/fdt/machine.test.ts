import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  buildMachineTree,
  decodeFdt,
  encodeFdt,
  findNode,
  node,
  readCells,
  readStrings,
  type FdtTree,
  type MachineDescription,
} from '../../../src/fdt/index.ts'

const machineWithoutPmu: MachineDescription = {
  ram: { base: 0x8000_0000n, size: 0x1000_0000n },
  // As KVM gives them: bit 31 is RES1, vCPU 16 begins the next cluster.
  mpidrs: [0x8000_0000n, 0x8000_0001n, 0x8000_0100n],
  gic: {
    version: 3,
    distributor: { base: 0x3fff_0000n, size: 0x1_0000n },
    redistributors: [{ base: 0x3ff9_0000n, size: 0x6_0000n }],
  },
  uart: {
    registers: { base: 0x0100_0000n, size: 8n },
    interrupt: { kind: 'spi', number: 0 },
  },
  bootArgs: 'console=ttyS0 panic=-1',
}

const gicv3Machine: MachineDescription = {
  ...machineWithoutPmu,
  pmu: { interrupts: [{ kind: 'ppi', number: 7 }] },
}

const gicv2Machine: MachineDescription = {
  ...gicv3Machine,
  mpidrs: [0x8000_0000n, 0x8000_0001n],
  gic: {
    version: 2,
    distributor: { base: 0x3fff_0000n, size: 0x1_0000n },
    cpuInterface: { base: 0x3ffd_0000n, size: 0x2_0000n },
  },
  initrd: { base: 0x8800_0000n, size: 0x1234n },
  kaslrSeed: 0x0123_4567_89ab_cdefn,
  rngSeed: Uint8Array.of(1, 2, 3),
}

describe('the whole machine is what dtc makes of the source in test/fixtures/fdt', () => {
  test.each([
    ['machine-gicv3', gicv3Machine],
    ['machine-gicv2', gicv2Machine],
  ])('%s', (name, machine) => {
    const golden = readFileSync(new URL(`../../fixtures/fdt/${name}.dtb`, import.meta.url))

    const tree = buildMachineTree(machine)

    expect(tree).toEqual(decodeFdt(golden))
    expect(Buffer.from(encodeFdt(tree)).equals(golden)).toBe(true)
  })
})

test('a machine without a PMU has no node for one', () => {
  expect(findNode(buildMachineTree(machineWithoutPmu).root, '/pmu')).toBeUndefined()
})

test('an RTC has a clock that its driver finds', () => {
  const tree = buildMachineTree({ ...gicv3Machine, rtc: { base: 0x0101_0000n, size: 0x1000n } })

  expect(cells(tree, '/rtc@1010000', 'reg')).toEqual([0, 0x0101_0000, 0, 0x1000])
  expect(cells(tree, '/rtc@1010000', 'clocks')).toEqual(cells(tree, '/apb-pclk', 'phandle'))
})

test('an SPI is written with its own kind and without CPUs', () => {
  const uart = { ...gicv2Machine.uart, interrupt: { kind: 'spi', number: 5 } } as const

  const tree = buildMachineTree({ ...gicv2Machine, uart })

  expect(cells(tree, '/serial@1000000', 'interrupts')).toEqual([0, 5, 4])
})

describe('a PMU with an SPI for each CPU', () => {
  const interrupts = [40, 41, 42].map(number => ({ kind: 'spi', number }) as const)
  const { root } = decodeFdt(encodeFdt(buildMachineTree({ ...gicv3Machine, pmu: { interrupts } })))
  const decoded = { ...buildMachineTree(gicv3Machine), root }

  test('names them in the order of the CPUs', () => {
    expect(cells(decoded, '/pmu', 'interrupts')).toEqual([0, 40, 4, 0, 41, 4, 0, 42, 4])
  })

  test('says whose each is, by handles that lead to the CPUs and to nothing else', () => {
    const phandles = ['/cpus/cpu@0', '/cpus/cpu@1', '/cpus/cpu@100'].map(path =>
      cells(decoded, path, 'phandle'),
    )
    const gic = cells(decoded, '/interrupt-controller@3fff0000', 'phandle')

    expect(cells(decoded, '/pmu', 'interrupt-affinity')).toEqual(phandles.flat())
    expect(new Set([...phandles.flat(), ...gic!]).size).toBe(4)
    expect(cells(decoded, '/', 'interrupt-parent')).toEqual(gic)
  })

  test('on a GICv2 names no CPUs within the interrupt', () => {
    const two = interrupts.slice(0, 2)
    const tree = buildMachineTree({ ...gicv2Machine, pmu: { interrupts: two } })

    expect(cells(tree, '/pmu', 'interrupts')).toEqual([0, 40, 4, 0, 41, 4])
  })

  test('changes nothing else in the tree', () => {
    const { root } = buildMachineTree({ ...gicv3Machine, pmu: { interrupts } })

    expect(withoutPmu(root)).toEqual(withoutPmu(buildMachineTree(gicv3Machine).root))
  })
})

test('with a PPI for all of them CPUs have no handles, and the PMU no affinity', () => {
  const tree = buildMachineTree(gicv3Machine)

  expect(cells(tree, '/pmu', 'interrupts')).toEqual([1, 7, 4])
  expect(cells(tree, '/pmu', 'interrupt-affinity')).toBeUndefined()
  expect(cells(tree, '/cpus/cpu@0', 'phandle')).toBeUndefined()
})

test('with eight CPUs on a GICv2 a PPI names all eight', () => {
  const mpidrs = Array.from({ length: 8 }, (_, i) => BigInt(i))

  const tree = buildMachineTree({ ...gicv2Machine, mpidrs })

  expect(cells(tree, '/pmu', 'interrupts')).toEqual([1, 7, 0xff04])
})

test('redistributors in several regions are counted', () => {
  const regions = [0x3ff0_0000n, 0x40_0000_0000n].map(base => ({ base, size: 0x2_0000n }))
  const gic = { ...gicv3Machine.gic, version: 3, redistributors: regions } as const

  const tree = buildMachineTree({ ...gicv3Machine, gic })

  expect(cells(tree, '/interrupt-controller@3fff0000', '#redistributor-regions')).toEqual([2])
  expect(cells(tree, '/interrupt-controller@3fff0000', 'reg')).toEqual([
    0, 0x3fff_0000, 0, 0x1_0000, 0, 0x3ff0_0000, 0, 0x2_0000, 0x40, 0, 0, 0x2_0000,
  ])
})

test('an ITS is a node in the GICv3', () => {
  const gic = { ...gicv3Machine.gic, version: 3, redistributors: [] } as const
  const its = { base: 0x3ff7_0000n, size: 0x2_0000n }

  const { root } = buildMachineTree({ ...gicv3Machine, gic: { ...gic, its } })

  const found = findNode(root, '/interrupt-controller@3fff0000/msi-controller@3ff70000')
  expect(found?.props).toEqual(
    node('', {
      compatible: 'arm,gic-v3-its',
      'msi-controller': true,
      '#msi-cells': 1,
      reg: [its.base, its.size],
    }).props,
  )
})

test('the frame of a GICv2m is a node in the GICv2', () => {
  const msiFrame = { base: 0x3ffc_f000n, size: 0x1000n }
  const gic = { version: 2, distributor: msiFrame, cpuInterface: msiFrame, msiFrame } as const

  const { root } = buildMachineTree({ ...gicv2Machine, gic })

  const found = findNode(root, '/interrupt-controller@3ffcf000/v2m@3ffcf000')
  expect(found?.props).toEqual(
    node('', {
      compatible: 'arm,gic-v2m-frame',
      'msi-controller': true,
      reg: [msiFrame.base, msiFrame.size],
    }).props,
  )
})

test('a CPU with Aff3 gives every CPU two cells', () => {
  const tree = buildMachineTree({ ...gicv3Machine, mpidrs: [0x8000_0000n, 0x1_8000_0000n] })

  expect(cells(tree, '/cpus', '#address-cells')).toEqual([2])
  expect(cells(tree, '/cpus/cpu@0', 'reg')).toEqual([0, 0])
  expect(cells(tree, '/cpus/cpu@100000000', 'reg')).toEqual([1, 0])
})

test('stdout-path leads to the UART wherever it is', () => {
  const uart = { ...gicv3Machine.uart, registers: { base: 0x0900_0000n, size: 8n } }

  const { root } = buildMachineTree({ ...gicv3Machine, uart })

  const path = readStrings(findNode(root, '/chosen')?.props.get('stdout-path') ?? new Uint8Array())
  expect(path).toEqual(['/serial@9000000'])
  expect(findNode(root, path[0] ?? '')).toBeDefined()
})

/** A tree without its /pmu and the CPUs' handles. */
function withoutPmu({ name, props, children }: FdtTree['root']): object {
  return {
    name,
    props: [...props].filter(([key]) => key !== 'phandle' || !name.startsWith('cpu@')),
    children: children.filter(({ name }) => name !== 'pmu').map(withoutPmu),
  }
}

function cells(tree: FdtTree, path: string, property: string): number[] | undefined {
  const value = findNode(tree.root, path)?.props.get(property)
  return value && readCells(value)
}

test('a guest finds the devices by which it can end, if they are there', () => {
  const pvpanic = { base: 0x0180_0000n, size: 0x1000n }
  const exitDevice = { base: 0x0181_0000n, size: 0x1000n }
  const { root } = buildMachineTree({ ...gicv3Machine, pvpanic, exitDevice })
  const prop = (path: string, name: string) => findNode(root, path)!.props.get(name)!
  expect(readStrings(prop('/pvpanic@1800000', 'compatible'))).toEqual(['qemu,pvpanic-mmio'])
  expect(readCells(prop('/pvpanic@1800000', 'reg'))).toEqual([0, 0x0180_0000, 0, 0x1000])
  expect(readStrings(prop('/exit@1810000', 'compatible'))).toEqual(['tsvmm,exit'])
  expect(readCells(prop('/exit@1810000', 'reg'))).toEqual([0, 0x0181_0000, 0, 0x1000])
  expect(findNode(buildMachineTree(gicv3Machine).root, '/exit@1810000')).toBeUndefined()
})
