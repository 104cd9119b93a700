import { expect, describe, it } from 'vitest'
import { readWords } from '../../../src/cli/probe-action.ts'
import { renderProbed } from '../../../src/look/text.ts'
import { HostError, UsageError } from '../../../src/errors/index.ts'
import { describeHost } from '../../../src/host/index.ts'
import type { Answer, PmuProbe } from '../../../src/pmu/probe.ts'
import type { KvmFacts } from '../../../src/vm/look.ts'
import { HOTPLUG, RK3399 } from '../host/machines.ts'
import { madeSysfs } from '../host/sysfs-tree.ts'

const host = (files: Record<string, string>, affinity = [0, 1, 4]) =>
  describeHost(madeSysfs(files), affinity)

const yes = (call: string): Answer => ({ call, ok: true })
const no = (call: string, errno: string, meaning: string): Answer => ({
  call,
  ok: false,
  errno,
  meaning,
})

/** The A53 as usual; the A72 refused; attribute 5 is something else. */
const pmus: PmuProbe = {
  pmuV3: true,
  pmus: [
    {
      pmu: { name: 'armv8_cortex_a53', type: 8, cpus: [0, 1, 2, 3] },
      setPmu: yes('SET_PMU (type 8)'),
      isDefault: yes('INIT'),
      counters: 6,
      setNrCounters: { most: yes('6'), beyond: no('7', 'EINVAL', 'too many') },
    },
    {
      pmu: { name: 'armv8_cortex_a72', type: 7, cpus: [4, 5] },
      setPmu: no('SET_PMU (type 7)', 'ENXIO', 'KVM does not know it'),
    },
  ],
  setPmu: yes('HAS SET_PMU'),
  setNrCounters: yes('HAS SET_NR_COUNTERS'),
  filter: yes('FILTER'),
  filterEvents: 1024,
  strict: no('STRICT', 'ENOENT', 'too old'),
  fixedCountersOnly: {
    is: 'something-else',
    answers: [yes('HAS 5'), no('SET 5', 'EFAULT', 'it wants a pointer')],
  },
  milliseconds: 12.3,
}

const kvm: KvmFacts = {
  apiVersion: 12,
  pmus,
  guests: [
    {
      pmu: { name: 'armv8_cortex_a53', type: 8, cpus: [0, 1, 2, 3] },
      answer: yes('KVM_RUN'),
      pmuVer: 1,
      events: [0x00, 0x08, 0x11],
    },
    {
      pmu: { name: 'armv8_cortex_a72', type: 7, cpus: [4, 5] },
      answer: no('SET_PMU (type 7)', 'ENXIO', 'KVM does not know it'),
    },
  ],
  capabilities: [
    { name: 'KVM_CAP_IRQCHIP', number: 0, value: 1, ofVm: false },
    { name: 'KVM_CAP_ARM_SVE', number: 170, value: 0, ofVm: false },
    {
      name: 'KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES',
      number: 229,
      value: 0x40201000,
      ofVm: false,
    },
    { name: 'KVM_CAP_MSI_DEVID', number: 131, value: undefined, errno: 'EINVAL', ofVm: true },
  ],
  vms: {
    ipaBits: 40,
    maxVcpus: 512,
    recommendedVcpus: 6,
    gics: [
      { name: 'GICv2', device: 'KVM_DEV_TYPE_ARM_VGIC_V2', available: true, maxVcpus: 8 },
      { name: 'GICv5', device: 'KVM_DEV_TYPE_ARM_VGIC_V5', available: false },
    ],
  },
}

describe('the text', () => {
  it('of pmus: what sysfs says, what KVM answered, and what that means', () => {
    expect(renderProbed({ topic: 'pmus', host: host(RK3399), kvm })).toBe(`\
PMU               TYPE  CPUS  CORES       EVENTS  CAPS
armv8_cortex_a53     8  0-3   Cortex-A53       2  bus_slots=0 bus_width=0 slots=0 threshold_max=0
armv8_cortex_a72     7  4-5   Cortex-A72       2  bus_slots=0 bus_width=0 slots=0 threshold_max=0

GUESTS WITH       SET_PMU   VERSION            COUNTERS  SET_NR_COUNTERS  DEFAULT
armv8_cortex_a53  accepted  PMUv3 for Armv8.0         6  0-6              yes
armv8_cortex_a72  ENXIO     -                         -  -                -

armv8_cortex_a72: SET_PMU (type 7) → ENXIO, KVM does not know it

EVENTS of guests with armv8_cortex_a53: 3
  SW_INCR       INST_RETIRED  CPU_CYCLES
The driver of armv8_cortex_a53 has names for 1 more, which guests do not see.

KVM                  IS                      ANSWER
SET_PMU              available               HAS SET_PMU → accepted
STRICT               absent                  STRICT → ENOENT, too old
FILTER               available, 1024 events  FILTER → accepted
SET_NR_COUNTERS      available               HAS SET_NR_COUNTERS → accepted
FIXED_COUNTERS_ONLY  something else          HAS 5 → accepted; SET 5 → EFAULT, it wants a pointer

KVM was asked on VMs made for it, which took 12.3 ms.
`)
  })

  it('of all: a tree, and a line for each kind of fact', () => {
    expect(renderProbed({ topic: 'all', host: host(RK3399), kvm })).toBe(`\
TOPOLOGY     CORE                   CAPACITY  PMU               TYPE  SET_PMU   COUNTERS  DEFAULT
CPUs 0-5
├─ CPUs 0-3  Cortex-A53 r0p4 (Arm)       485  armv8_cortex_a53     8  accepted         6  yes
└─ CPUs 4-5  Cortex-A72 r0p2 (Arm)      1024  armv8_cortex_a72     7  ENXIO            -  -

CPUs possible              0-5
CPUs present               0-5
CPUs online                0-5
CPUs offline               none
CPUs without a PMU         none
affinity of this process   0-1,4
PMU abilities of KVM       SET_PMU, FILTER (1024 events), SET_NR_COUNTERS
  absent                   STRICT
  something else           FIXED_COUNTERS_ONLY
events that guests see     3 (armv8_cortex_a53)
capabilities of KVM        2 of 4
IPA bits of a VM, at most  40
vCPUs of a VM, at most     512, recommended 6
GICs for guests            GICv2
`)
  })

  it('of cpus: every possible CPU, also those that do not run', () => {
    expect(renderProbed({ topic: 'cpus', host: host(HOTPLUG, [0, 1]) })).toBe(`\
CPUs possible             0-7
CPUs present              0-5
CPUs online               0-2,5
CPUs offline              3-4,6-7
CPUs without a PMU        4-7
affinity of this process  0-1

CPU  STATE    CORE                          MIDR        PMU
  0  online   Cortex-A72 r0p2 (Arm)         0x410fd082  armv8_pmuv3_0
  1  online   Cortex-A72 r0p2 (Arm)         0x410fd082  armv8_pmuv3_0
  2  online   Cortex-A72 r0p2 (Arm)         0x410fd082  armv8_pmuv3_0
  3  offline  -                             -           armv8_pmuv3_0
  4  offline  -                             -           -
  5  online   implementer 0x41, part 0xabc  0x410fabc2  none
  6  absent   -                             -           -
  7  absent   -                             -           -
`)
  })

  it('of caps and gic: values by name, large ones also as bits, errnos where there is no value', () => {
    expect(renderProbed({ topic: 'caps', kvm })).toBe(`\
NUMBER  CAPABILITY                         VALUE       BITS
     0  KVM_CAP_IRQCHIP                    1
   170  KVM_CAP_ARM_SVE                    0
   229  KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES  1075843072  0x40201000
   131  KVM_CAP_MSI_DEVID                  EINVAL
`)
    expect(renderProbed({ topic: 'gic', kvm })).toBe(`\
GIC    KVM        VCPUS  DEVICE
GICv2  available      8  KVM_DEV_TYPE_ARM_VGIC_V2
GICv5  absent         -  KVM_DEV_TYPE_ARM_VGIC_V5

IPA bits of a VM, at most  40
vCPUs of a VM, at most     512, recommended 6
`)
  })

  it('has colours that are not in the way of the columns, where they are wanted', () => {
    const paint = (style: string, text: string) => `<${style}>${text}</>`
    for (const topic of ['all', 'pmus', 'cpus', 'caps', 'gic'] as const) {
      const probed = { topic, host: host(RK3399), kvm }
      const coloured = renderProbed(probed, { paint })
      expect(coloured).toMatch(/^(<bold>\w+<\/> *)+$/m)
      expect(coloured.replaceAll(/<\/?\w*>/g, '')).toBe(renderProbed(probed))
    }
    const pmus = renderProbed({ topic: 'pmus', host: host(RK3399), kvm }, { paint })
    expect(pmus).toContain('<green>accepted</>  PMUv3 for Armv8.0         6')
    expect(pmus).toContain('<red>ENXIO</>     -                         -')
    expect(pmus).toContain('<yellow>absent</>')
  })

  it('says once, in one line, why KVM could not be asked and what to do', () => {
    const denied = new HostError('KVM_ACCESS', 'cannot open /dev/kvm', {
      why: 'it takes permission',
      try: ['ask for it', 'or not'],
    })
    const line =
      'KVM could not be asked: cannot open /dev/kvm, since it takes permission; try: ask for it'
    for (const topic of ['all', 'pmus'] as const) {
      const text = renderProbed({ topic, host: host(RK3399), kvm: denied })
      expect(text.split('\n').filter(found => found.includes('KVM'))).toEqual([line])
      expect(text).toContain('armv8_cortex_a72')
    }
    const again = new HostError('KVM_ACCESS', 'cannot open /dev/kvm', {
      why: 'it takes permission',
      try: ['ask for it'],
    })
    const partly = renderProbed({
      topic: 'all',
      host: host(RK3399),
      kvm: { ...kvm, pmus: denied, guests: again },
    })
    expect(partly).toContain(`\n\n${line}\n`)
    expect(partly).toContain('GICs for guests')
  })

  it('says of a saved tree that there was no KVM to ask, and names CPUs without a PMU', () => {
    const text = renderProbed({ topic: 'pmus', source: 'saved', host: host(HOTPLUG, [0]) })
    expect(text).toContain('CPUs without a PMU: 4-7\n')
    expect(text).toMatch(/\n\nKVM was not asked: saved holds no answers of it\n$/)
    expect(renderProbed({ topic: 'pmus', host: host(noPmus(RK3399)) })).toMatch(
      /^This host has no core PMU\.\n\nCPUs without a PMU: 0-5\n$/,
    )
  })

  it('ends with what is wrong, and of much that is wrong with how much more there is', () => {
    const problems = Array.from({ length: 12 }, (_, i) => `${i}\u001b`)
    const text = (some: string[], topic: 'all' | 'pmus' | 'cpus') =>
      renderProbed({ topic, host: { ...host(RK3399), problems: some } })
    for (const topic of ['all', 'pmus', 'cpus'] as const) {
      expect(text([], topic)).not.toContain('not right')
      expect(text(problems.slice(0, 2), topic)).toMatch(
        /\n\nnot right: 0\\u\{1b\}\nnot right: 1\\u\{1b\}\n$/,
      )
      expect(text(problems, topic)).toMatch(
        /\nnot right: 9\\u\{1b\}\nnot right: 2 more, which tsvmm probe --json has\n$/,
      )
    }
  })
})

function noPmus(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !path.startsWith('bus/')))
}

describe('the words behind probe', () => {
  it.each<[string | undefined, string | true | undefined, object]>([
    [undefined, undefined, { topic: 'all', json: undefined }],
    ['cpus', undefined, { topic: 'cpus', json: undefined }],
    [undefined, true, { topic: 'all', json: true }],
    ['cpus', true, { topic: 'cpus', json: true }],
    ['cpus', '-', { topic: 'cpus', json: true }],
    [undefined, 'pmus', { topic: 'pmus', json: true }],
    [undefined, 'out.json', { topic: 'all', json: 'out.json' }],
    ['gic', './pmus', { topic: 'gic', json: './pmus' }],
    [undefined, 'host', { topic: 'all', json: 'host' }],
  ])('%j --json %j', (word, json, words) => {
    expect(readWords(word, json)).toEqual(words)
  })

  it.each<[string | undefined, string | undefined, RegExp]>([
    ['pmu', undefined, /^tsvmm probe pmu: there is no such topic; did you mean pmus\?$/],
    ['weather', undefined, /^tsvmm probe weather: there is no such topic$/],
    ['', undefined, /there is no such topic/],
    [undefined, 'cpu', /^--json cpu: is that a file or a topic\?$/],
    ['cpus', 'pmus', /^--json pmus: is that a file or a topic\?$/],
    ['cpus', '', /^--json names no file: it is empty$/],
  ])('%j --json %j is refused', (word, json, message) => {
    const read = () => readWords(word, json)
    expect(read).toThrow(UsageError)
    expect(read).toThrow(message)
  })
})
