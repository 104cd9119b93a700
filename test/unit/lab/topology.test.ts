import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFdt, encodeFdt, findNode, node, readCells, tree } from '../../../src/fdt/index.ts'
import { withClusters } from '../../../src/lab/host-tree.ts'
import { chooseMachine } from '../../../src/lab/machine.ts'
import { parseTopology } from '../../../src/lab/topology.ts'
import { UsageError } from '../../../src/errors/index.ts'

describe('topologies with a name', () => {
  test('uniform leaves the PMU to QEMU', () => {
    expect(parseTopology('uniform', undefined)).toEqual({ smp: 4, clusters: [] })
  })

  test('biglittle has a53 on the first half and a72 on the other', () => {
    expect(parseTopology('biglittle', 6).clusters).toEqual([
      { core: 'a53', cpus: [0, 1, 2] },
      { core: 'a72', cpus: [3, 4, 5] },
    ])
  })

  test('tri shares out any number of CPUs from three up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 64 }), smp => {
        const { clusters } = parseTopology('tri', smp)

        expect(clusters.map(({ core }) => core)).toEqual(['a53', 'a72', 'a76'])
        expect(clusters.flatMap(({ cpus }) => cpus)).toEqual(
          Array.from({ length: smp }, (_, i) => i),
        )
        const sizes = clusters.map(({ cpus }) => cpus.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('the written form', () => {
  test('names each cluster and decides the number of CPUs', () => {
    expect(parseTopology('a53:0-2,a72:3', undefined)).toEqual({
      smp: 4,
      clusters: [
        { core: 'a53', cpus: [0, 1, 2] },
        { core: 'a72', cpus: [3] },
      ],
    })
  })

  test('takes lists with commas and CPUs without a PMU', () => {
    expect(parseTopology('n1:0,2,none:1,x1:3', undefined).clusters).toEqual([
      { core: 'n1', cpus: [0, 2] },
      { core: 'none', cpus: [1] },
      { core: 'x1', cpus: [3] },
    ])
  })

  test.each<[string, number | undefined, RegExp]>([
    ['biglitle', undefined, /"biglitle" is not of the form/],
    ['', undefined, /"" is not of the form/],
    ['a53', undefined, /not of the form core:cpus/],
    ['a53:', undefined, /not of the form core:cpus/],
    ['a99:0-3', undefined, /no kernel knows the PMU of a core "a99"/],
    ['a53:0-1,a72:1', undefined, /CPU 1 is in two clusters/],
    ['a53:0-1,a72:3', undefined, /CPU 2 is in no cluster/],
    ['a53:0-1,a53:2-3', undefined, /a53 is there twice/],
    ['a53:0-1,a72:2-3', 2, /there is no CPU 2-3 with --smp 2/],
    ['a53:0-1', 4, /CPU 2-3 is in no cluster/],
  ])('%s with --smp %s is refused', (text, smp, why) => {
    expect(() => parseTopology(text, smp)).toThrow(UsageError)
    expect(() => parseTopology(text, smp)).toThrow(
      expect.objectContaining({ why: expect.stringMatching(why) as string }) as Error,
    )
  })
})

describe('machines that cannot be', () => {
  test.each([
    [{ smp: 0 }, /1 to 64 CPUs, not 0/],
    [{ smp: 65 }, /1 to 64 CPUs, not 65/],
    [{ smp: 9, gic: 2 as const }, /--gic 2 serves at most 8 CPUs, not 9/],
    [{ topology: 'tri', gic: 2 as const }, /--gic 2 and --topology tri exclude each other/],
    [{ topology: 'tri', smp: 2 }, /tri needs at least 3 CPUs, not 2/],
    [{ memMib: 0 }, /--mem 0M is too little/],
    [{ memMib: NaN }, /--mem NaNM is too little/],
    [{ memMib: 2 ** 30 }, /--mem 1073741824M is more than the \d+ MiB of this machine/],
  ])('%o', (choice, message) => {
    expect(() => chooseMachine(choice)).toThrow(UsageError)
    expect(() => chooseMachine(choice)).toThrow(message)
  })
})

describe('the device tree of a host with clusters', () => {
  const GIC = 0x8005
  const cpu = (index: number, phandle: number) => node(`cpu@${index}`, { reg: index, phandle })
  const qemu = tree(
    node('', { 'interrupt-parent': GIC }, [
      node('pcie@10000000', { 'interrupt-map': [0, 0] }),
      node('virtio_mmio@a000000', { interrupts: [0, 16, 1] }),
      node('timer', { interrupts: [1, 13, 4, 1, 14, 4] }),
      node('pmu', { compatible: 'arm,armv8-pmuv3', interrupts: [1, 7, 4] }),
      node('intc@8000000', { '#interrupt-cells': 3, interrupts: [1, 9, 4], phandle: GIC }),
      node('cpus', {}, [cpu(0, 11), cpu(1, 12), cpu(2, 13), node('cpu-map')]),
    ]),
  )
  const clusters = [
    { core: 'a53', cpus: [0, 2] },
    { core: 'n1', cpus: [1] },
  ]
  const { root } = decodeFdt(encodeFdt(withClusters(qemu, clusters)))
  const cells = (path: string, name: string) =>
    readCells(findNode(root, path)?.props.get(name) ?? new Uint8Array(0))

  test('has one PMU per cluster, whose interrupt belongs to its CPUs', () => {
    const partition = '/intc@8000000/ppi-partitions/interrupt-partition'
    expect(cells(`${partition}-0`, 'affinity')).toEqual([11, 13])
    expect(cells(`${partition}-1`, 'affinity')).toEqual([12])
    expect(cells('/pmu-a53', 'interrupts')).toEqual([
      1,
      7,
      4,
      ...cells(`${partition}-0`, 'phandle'),
    ])
    expect(cells('/pmu-n1', 'interrupts')).toEqual([1, 7, 4, ...cells(`${partition}-1`, 'phandle')])
    expect(Buffer.from(findNode(root, '/pmu-n1')?.props.get('compatible') ?? []).toString()).toBe(
      'arm,neoverse-n1-pmu\0',
    )
    expect(findNode(root, '/pmu')).toBeUndefined()
  })

  test('gives every interrupt a fourth cell', () => {
    expect(cells('/intc@8000000', '#interrupt-cells')).toEqual([4])
    expect(cells('/virtio_mmio@a000000', 'interrupts')).toEqual([0, 16, 1, 0])
    expect(cells('/timer', 'interrupts')).toEqual([1, 13, 4, 0, 1, 14, 4, 0])
  })

  test('drops what has interrupts of another form', () => {
    expect(findNode(root, '/pcie@10000000')).toBeUndefined()
  })

  test('leaves the tree it was given alone', () => {
    expect(
      readCells(findNode(qemu.root, '/timer')?.props.get('interrupts') ?? Buffer.of()),
    ).toEqual([1, 13, 4, 1, 14, 4])
  })

  test('has no PMU for CPUs that are to have none', () => {
    const some = [
      { core: 'none', cpus: [2] },
      { core: 'a53', cpus: [0, 1] },
    ]
    const names = withClusters(qemu, some).root.children.map(({ name }) => name)
    expect(names.filter(name => name.startsWith('pmu'))).toEqual(['pmu-a53'])
  })
})
