import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HostError, PmuError } from '../../../src/errors/index.ts'
import { advise } from '../../../src/look/advice/advise.ts'
import { renderAdvice } from '../../../src/look/advice/text.ts'
import { VMMS, type VmmName } from '../../../src/look/advice/vmms.ts'
import {
  APPLE_M1,
  cpuFiles,
  GRAVITON3,
  HOTPLUG,
  pmuFiles,
  RK3399,
  UNCORE_ONLY,
} from '../host/machines.ts'
import { machine, type Kernel } from './kernels.ts'

const names = Object.keys(VMMS) as VmmName[]
const serving = names.filter(name => name !== 'firecracker')

/** The recommended recipes of each VMM that is not libvirt. */
function commands(...given: Parameters<typeof machine>): Record<string, string[]> {
  return Object.fromEntries(
    serving.map(name => [
      name,
      advise(name, machine(...given)).alternatives.flatMap(({ argv }) => argv?.join(' ') ?? []),
    ]),
  )
}

describe('on a machine with two kinds of core', () => {
  it('every VMM is kept to the CPUs of one PMU, in its own way, the most CPUs first', () => {
    expect(commands(RK3399, {})).toEqual({
      tsvmm: [
        'tsvmm run --pmu --vcpu-affinity 0-3 --cpus 4',
        'tsvmm run --pmu --vcpu-affinity 4-5 --cpus 2',
      ],
      lkvm: [
        'taskset -c 0-3 lkvm run --pmu --vcpu-affinity 0-3 --cpus 4',
        'taskset -c 4-5 lkvm run --pmu --vcpu-affinity 4-5 --cpus 2',
      ],
      qemu: [
        'taskset -c 0-3 qemu-system-aarch64 -machine virt,gic-version=host -accel kvm -cpu host,pmu=on -smp 4',
        'taskset -c 4-5 qemu-system-aarch64 -machine virt,gic-version=host -accel kvm -cpu host,pmu=on -smp 2',
      ],
      crosvm: [
        'taskset -c 0-3 crosvm run --cpus num-cores=4',
        'taskset -c 4-5 crosvm run --cpus num-cores=2',
      ],
      'cloud-hypervisor': [
        'taskset -c 0-3 cloud-hypervisor --cpus boot=4',
        'taskset -c 4-5 cloud-hypervisor --cpus boot=2',
      ],
      libvirt: [],
    })
  })

  it('only those that call SET_PMU reach a PMU that is not the default of an old kernel', () => {
    const kernel: Kernel = { picks: 'armv8_cortex_a72' }
    const given = commands(RK3399, kernel)
    expect(given['lkvm']).toHaveLength(2)
    expect(given['qemu']).toEqual([expect.stringContaining('taskset -c 4-5 qemu')])
    expect(advise('qemu', machine(RK3399, kernel)).refused).toEqual([
      {
        pmu: { name: 'armv8_cortex_a53', type: 8, cpus: [0, 1, 2, 3] },
        reason: expect.stringMatching(
          /^this kernel picks one PMU for the whole host, armv8_cortex_a72 /,
        ) as string,
      },
    ])
  })

  it('a VMM that can have none of the PMUs says so, and points to one that can', () => {
    const advice = advise('crosvm', machine(RK3399, { picks: 'neither' }))
    expect(advice.alternatives).toEqual([])
    expect(renderAdvice(advice)).toMatch(
      /^# crosvm can give a guest none of the PMUs of this machine\n# not armv8_cortex_a53 .*\n# not armv8_cortex_a72 .*\n# try: tsvmm probe --for tsvmm\n$/,
    )
  })

  it('a PMU that KVM refuses is left out, with the answer', () => {
    const { alternatives, refused } = advise(
      'tsvmm',
      machine(RK3399, { refuses: ['armv8_cortex_a53'] }),
    )
    expect(alternatives.map(({ cpus }) => cpus)).toEqual([[4, 5]])
    expect(refused).toMatchObject([
      {
        reason:
          'KVM refuses armv8_cortex_a53 (type 8, CPUs 0-3): SET_PMU (type 8) → ENXIO, this kernel does not have it',
      },
    ])
  })

  it('with FIXED_COUNTERS_ONLY tsvmm can also use all CPUs, and no other VMM can', () => {
    const given = commands(RK3399, { fixed: 'available' })
    expect(given['tsvmm']).toHaveLength(3)
    expect(given['tsvmm']![2]).toBe('tsvmm run --pmu=fixed --cpus 6')
    expect(given['lkvm']).toHaveLength(2)
    const uniform = commands(GRAVITON3, { fixed: 'available' })
    expect(uniform['tsvmm']).toEqual(['tsvmm run --pmu --cpus 2'])
  })

  it('nobody is sent to CPUs that this process may not use', () => {
    const { alternatives, refused } = advise('qemu', machine(RK3399, {}, [0, 1]))
    expect(alternatives).toMatchObject([{ cpus: [0, 1], vcpus: 2 }])
    expect(refused).toMatchObject([
      {
        pmu: { name: 'armv8_cortex_a72' },
        reason: expect.stringContaining('does not cover CPUs 0-1') as string,
      },
    ])
  })
})

describe('on a machine with one kind of core', () => {
  it('nothing is pinned', () => {
    expect(commands(GRAVITON3, {})).toMatchObject({
      lkvm: ['lkvm run --pmu --cpus 2'],
      qemu: [
        'qemu-system-aarch64 -machine virt,gic-version=host -accel kvm -cpu host,pmu=on -smp 2',
      ],
    })
    expect(advise('libvirt', machine(GRAVITON3, {})).alternatives[0]?.xml).not.toContain('pin')
  })

  it('also where KVM has no SET_PMU', () => {
    expect(commands(GRAVITON3, { setPmu: false })['lkvm']).toEqual(['lkvm run --pmu --cpus 2'])
  })

  it('but for CPUs that have no PMU, on which no vCPU could be initialised', () => {
    expect(commands(HOTPLUG, {})['lkvm']).toEqual([
      'taskset -c 0-2 lkvm run --pmu --vcpu-affinity 0-2 --cpus 3',
    ])
  })

  it('a guest has no more vCPUs than its GIC takes', () => {
    const cpus = cpuFiles({ possible: '0-15', midrs: {} })
    const files = { ...cpus, ...pmuFiles('armv8_pmuv3', { type: '8', cpus: '0-15' }) }
    const gics = [{ name: 'GICv2', maxVcpus: 8 }]
    expect(commands(files, { gics })['tsvmm']).toEqual(['tsvmm run --pmu --cpus 8'])
    expect(commands(files, {})['tsvmm']).toEqual(['tsvmm run --pmu --cpus 16'])
  })
})

describe('what is known', () => {
  it('without the answers of KVM it says what it assumes', () => {
    expect(renderAdvice(advise('qemu', machine(APPLE_M1)))).toContain(
      '\n# KVM was not asked: it is assumed that it takes these PMUs, ',
    )
    expect(renderAdvice(advise('qemu', machine(APPLE_M1, {})))).not.toContain('assumed')
  })

  it.each<[string, ReturnType<typeof machine>, string]>([
    ['without a core PMU', machine(UNCORE_ONLY), 'TSVMM_PMU_NONE_ON_HOST'],
    ['whose KVM has no PMU for guests', machine(RK3399, { pmuV3: false }), 'TSVMM_PMU_UNSUPPORTED'],
    [
      'with every PMU refused',
      machine(GRAVITON3, { refuses: ['armv8_pmuv3_0'] }),
      'TSVMM_PMU_NO_COMMON',
    ],
    ['of whose CPUs none is ours', machine(RK3399, {}, []), 'TSVMM_PMU_NO_COMMON'],
  ])('a machine %s is an error, whichever VMM is asked about', (_, given, code) => {
    for (const name of serving) {
      expect(() => advise(name, given)).toThrow(PmuError)
      expect(() => advise(name, given)).toThrow(expect.objectContaining({ code }))
    }
  })

  it('so is one whose KVM could not be asked, with the reason', () => {
    const kvm = new HostError('NO_KVM', 'cannot open /dev/kvm')
    expect(() => advise('qemu', { ...machine(RK3399), kvm })).toThrow(kvm)
  })

  it('Firecracker has no PMU anywhere', () => {
    const text = renderAdvice(advise('firecracker', machine(GRAVITON3, {})))
    expect(text).toMatch(
      /^# Firecracker gives no guest a PMU: .*\n# try: tsvmm probe --for tsvmm\n$/,
    )
  })
})

describe('the text', () => {
  it('is a command, and comments', () => {
    expect(renderAdvice(advise('crosvm', machine(RK3399, {})))).toBe(`\
# crosvm: add other options, and the image last.
# The first is the one with the most CPUs.
# crosvm never calls SET_PMU, and KVM picks the PMU of the CPU on which a vCPU is initialised, so all of it is kept to these CPUs: its --cpu-affinity comes later.

# armv8_cortex_a53 (type 8, CPUs 0-3): Cortex-A53, 6 event counters and the cycle counter
taskset -c 0-3 crosvm run --cpus num-cores=4

# armv8_cortex_a72 (type 7, CPUs 4-5): Cortex-A72, 6 event counters and the cycle counter
# taskset -c 4-5 crosvm run --cpus num-cores=2
`)
  })

  it('of libvirt is part of a domain', () => {
    const [best] = advise('libvirt', machine(RK3399, {})).alternatives
    expect(best?.xml).toBe(`\
<domain type='kvm'>
  <vcpu placement='static' cpuset='0-3'>4</vcpu>
  <cputune>
    <vcpupin vcpu='0' cpuset='0-3'/>
    <vcpupin vcpu='1' cpuset='0-3'/>
    <vcpupin vcpu='2' cpuset='0-3'/>
    <vcpupin vcpu='3' cpuset='0-3'/>
    <emulatorpin cpuset='0-3'/>
  </cputune>
  <features>
    <pmu state='on'/>
  </features>
  <cpu mode='host-passthrough'/>
</domain>`)
  })
})

describe('whatever a machine is called and has', () => {
  const kernels = fc.record<Kernel>({
    setPmu: fc.boolean(),
    fixed: fc.constantFrom('available', 'absent', 'something-else'),
    refuses: fc.subarray(['a', 'evil']),
    picks: fc.constantFrom('a', 'evil'),
  })
  const machines = fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 12 }), fc.string(), kernels)
    .map(([cpus, first, odd, kernel]) => {
      const name = `evil -->\n${odd.replaceAll(/[/\0]/g, '')}`
      const small = Math.min(first, cpus - 1)
      const files = {
        ...cpuFiles({ possible: `0-${cpus - 1}`, midrs: {} }),
        ...pmuFiles('a', { type: '8', cpus: small > 0 ? `0-${small - 1}` : '' }),
        ...pmuFiles(name, { type: '9', cpus: `${small}-${cpus - 1}` }),
      }
      return machine(files, kernel)
    })

  it('what is not a comment is one command of harmless words, or XML that is well-formed', () => {
    fc.assert(
      fc.property(machines, fc.constantFrom(...names), (given, name) => {
        const text = textOf(name, given)
        if (text === undefined) return
        if (name === 'libvirt') expectWellFormed(text)
        else
          expect(
            text.split('\n').filter(line => line !== '' && !line.startsWith('# ')).length,
          ).toBeLessThan(2)
        for (const { argv = [], cpus, vcpus } of advise(name, given).alternatives) {
          expect(argv.every(word => /^[\w=,.-]+$/.test(word))).toBe(true)
          expect(cpus.length).toBeGreaterThanOrEqual(vcpus)
          expect(vcpus).toBeGreaterThan(0)
          expect(given.host.online).toEqual(expect.arrayContaining([...cpus]))
        }
      }),
    )
  })

  function textOf(name: VmmName, given: ReturnType<typeof machine>): string | undefined {
    try {
      return renderAdvice(advise(name, given))
    } catch (error) {
      if (error instanceof PmuError) return undefined
      throw error
    }
  }
})

/** Comments as XML wants them, tags that match, at most one root, and elements of libvirt only. */
function expectWellFormed(text: string): void {
  const bare = text.replaceAll(/<!--((?:(?!--)[^])*)-->/g, '')
  expect(bare).not.toMatch(/<!|-->/)
  const open: string[] = []
  const roots: string[] = []
  const rest = bare.replaceAll(
    /<(?<close>\/)?(?<name>\w+)(?<attributes>(?: \w+='[^'<&]*')*)(?<empty>\/)?>/g,
    (_, close: string, name: string, attributes: string, empty: string) => {
      if (close) expect(open.pop()).toBe(name)
      else {
        if (open.length === 0) roots.push(name)
        expect(ELEMENTS[name]).toBe(open.at(-1) ?? '')
        expect(attributes).toMatch(/^(?: (type|placement|cpuset|vcpu|state|mode)='[\w,-]+')*$/)
        if (!empty) open.push(name)
      }
      return ''
    },
  )
  expect(open).toEqual([])
  expect(roots.length).toBeLessThan(2)
  expect(rest.trim()).toMatch(/^\d*$/)
}

/** By name, where https://libvirt.org/formatdomain.html has them. */
const ELEMENTS: Record<string, string> = {
  domain: '',
  vcpu: 'domain',
  cputune: 'domain',
  vcpupin: 'cputune',
  emulatorpin: 'cputune',
  features: 'domain',
  pmu: 'features',
  cpu: 'domain',
}
