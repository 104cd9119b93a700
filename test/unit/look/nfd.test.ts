import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HostError } from '../../../src/errors/index.ts'
import { labelsOf, renderFeatureFile } from '../../../src/look/nfd.ts'
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

const labels = (given: Parameters<typeof labelsOf>[0]) => Object.fromEntries(labelsOf(given))

describe('the feature file', () => {
  it('has a label on a line, with its namespace', () => {
    expect(renderFeatureFile(machine(RK3399, {}))).toBe(`\
feature.node.kubernetes.io/tsvmm-kvm=true
feature.node.kubernetes.io/tsvmm-pmu=true
feature.node.kubernetes.io/tsvmm-pmu.count=2
feature.node.kubernetes.io/tsvmm-pmu.all-cpus=false
feature.node.kubernetes.io/tsvmm-pmu.most-cpus=4
feature.node.kubernetes.io/tsvmm-pmu.counters-min=6
feature.node.kubernetes.io/tsvmm-pmu.counters-max=6
feature.node.kubernetes.io/tsvmm-pmu.default-follows-cpu=true
feature.node.kubernetes.io/tsvmm-pmu.set-pmu=true
feature.node.kubernetes.io/tsvmm-pmu.set-nr-counters=true
feature.node.kubernetes.io/tsvmm-pmu.filter=true
feature.node.kubernetes.io/tsvmm-pmu.strict=false
feature.node.kubernetes.io/tsvmm-pmu.fixed-counters-only=false
feature.node.kubernetes.io/tsvmm-pmu-cpus.armv8_cortex_a53=4
feature.node.kubernetes.io/tsvmm-pmu-cpus.armv8_cortex_a72=2
feature.node.kubernetes.io/tsvmm-core.Cortex-A53=4
feature.node.kubernetes.io/tsvmm-core.Cortex-A72=2
`)
  })

  it('says no where KVM says no, and why where there is no KVM', () => {
    const kvm = new HostError('NO_KVM', 'cannot open /dev/kvm', { why: 'it is\nnot there' })
    const text = renderFeatureFile({ ...machine(GRAVITON3), kvm })
    expect(text).toMatch(
      /^# KVM could not be asked: cannot open \/dev\/kvm, since it is\\u\{a\}not there\n/,
    )
    expect(labels({ ...machine(GRAVITON3), kvm })).toEqual({
      'tsvmm-kvm': 'false',
      'tsvmm-pmu': 'false',
      'tsvmm-pmu.count': '1',
      'tsvmm-pmu.all-cpus': 'true',
      'tsvmm-pmu.most-cpus': '2',
      'tsvmm-pmu-cpus.armv8_pmuv3_0': '2',
      'tsvmm-core.Neoverse-V1': '2',
    })
    expect(labels(machine(GRAVITON3, { pmuV3: false }))).toMatchObject({
      'tsvmm-kvm': 'true',
      'tsvmm-pmu': 'false',
    })
    expect(labels(machine(UNCORE_ONLY, {}))).toMatchObject({
      'tsvmm-kvm': 'true',
      'tsvmm-pmu': 'false',
      'tsvmm-pmu.count': '0',
      'tsvmm-pmu.most-cpus': '0',
    })
  })

  it('leaves out what nobody knows: of a saved machine, and of PMUs this process cannot reach', () => {
    const saved = labels(machine(RK3399))
    expect(saved).toHaveProperty(['tsvmm-pmu.count'])
    expect(Object.keys(saved)).not.toEqual(expect.arrayContaining(['tsvmm-kvm', 'tsvmm-pmu']))
    const unasked = Object.keys(labels(machine(RK3399, { unasked: true, setPmu: false })))
    expect(unasked.filter(name => name.startsWith('tsvmm-pmu'))).toEqual([])
    expect(unasked).toContain('tsvmm-kvm')
  })

  it('tells what a guest may count on', () => {
    expect(labels(machine(RK3399, { picks: 'armv8_cortex_a53' }))).toMatchObject({
      'tsvmm-pmu.default-follows-cpu': 'false',
    })
    expect(labels(machine(RK3399, { fixed: 'something-else', strict: true }))).toMatchObject({
      'tsvmm-pmu.fixed-counters-only': 'false',
      'tsvmm-pmu.strict': 'true',
    })
    // Offline CPUs do not count.
    expect(labels(machine(HOTPLUG, {}))).toMatchObject({
      'tsvmm-pmu.most-cpus': '3',
      'tsvmm-pmu.all-cpus': 'false',
      'tsvmm-core.implementer-0x41-part-0xabc': '1',
    })
  })
})

describe('what NFD and Kubernetes take', () => {
  const kernels = fc.option(
    fc.record<Kernel>({
      pmuV3: fc.boolean(),
      setPmu: fc.boolean(),
      strict: fc.boolean(),
      unasked: fc.boolean(),
      fixed: fc.constantFrom('available', 'absent', 'something-else'),
    }),
    { nil: undefined },
  )
  const names = fc
    .oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.string({ unit: fc.constantFrom('a', 'Z', '_', '.', '-'), minLength: 30, maxLength: 90 }),
    )
    .map(name => name.replaceAll(/[/\0]/g, ''))
  const midrs = fc.bigInt({ min: 0n, max: 0xffffffffn }).map(midr => `0x${midr.toString(16)}`)
  const anyMachine = fc
    .tuple(fc.integer({ min: 0, max: 200 }), fc.array(names, { maxLength: 4 }), midrs, kernels)
    .map(([last, pmus, midr, kernel]) =>
      machine(
        {
          ...cpuFiles({ possible: `0-${last}`, midrs: { 0: midr } }),
          ...Object.fromEntries(
            pmus.flatMap((name, index) =>
              Object.entries(
                pmuFiles(`p${name}`, {
                  type: `${index + 8}`,
                  cpus: index === 0 ? `0-${last}` : '',
                }),
              ),
            ),
          ),
        },
        kernel,
      ),
    )
  const known = fc.constantFrom(RK3399, GRAVITON3, APPLE_M1, HOTPLUG, UNCORE_ONLY)
  const machines = fc.oneof(
    anyMachine,
    fc.tuple(known, kernels).map(given => machine(...given)),
  )

  it('whatever the machine, each label is one, and there once', () => {
    fc.assert(
      fc.property(machines, given => {
        const text = renderFeatureFile(given)
        expect(Buffer.byteLength(text)).toBeLessThan(65536)
        const lines = text.split('\n')
        expect(lines.pop()).toBe('')
        // NFD takes "# +" for a directive, and an unknown one for an error.
        const features = lines.filter(line => !line.startsWith('# K'))
        for (const feature of features) expectLabel(feature)
        const keys = features.map(feature => feature.replace(/=.*/, ''))
        expect(new Set(keys).size).toBe(keys.length)
      }),
    )
  })
})

/*
 * By the rules of Kubernetes, not by ours: labels are qualified names (a DNS subdomain of at most 253
 * letters, a slash, at most 63 letters), values at most 63 letters; NFD wants the namespace there,
 * and of kubernetes.io only feature.node and profile.node.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
 */
function expectLabel(feature: string): void {
  const [key = '', value, ...more] = feature.split('=')
  expect(more).toEqual([])
  const [namespace = '', name = '', ...rest] = key.split('/')
  expect(rest).toEqual([])
  expect(namespace).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)
  expect(namespace).toMatch(
    /^(?!(.*\.)?kubernetes\.io$)|^(.*\.)?(feature|profile)\.node\.kubernetes\.io$/,
  )
  expect(name).toMatch(/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/)
  expect(name.length).toBeLessThanOrEqual(63)
  expect(value).toMatch(/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/)
  expect(value!.length).toBeLessThanOrEqual(63)
}
