import { describe, expect, test } from 'vitest'
import { IoctlError } from '../../../src/errors/index.ts'
import type { HostPmu } from '../../../src/host/index.ts'
import {
  CAPABILITIES,
  featureWords,
  kvm_device_attr,
  kvm_one_reg,
  kvm_pmu_event_filter,
  kvm_vcpu_init,
  KvmFd,
  requestName,
  SYSTEM_REGISTERS,
  type FdKind,
} from '../../../src/ioctl/index.ts'
import type { NativeMemory } from '../../../src/native/memory.ts'
import { probePmus, unprobed, type PmuProbe } from '../../../src/pmu/probe.ts'
import { RecordingSystem, SCRATCH, type Call } from '../ioctl/recording-system.ts'

const EPERM = 1
const ENOENT = 2
const ENXIO = 6
const ENOMEM = 12
const EFAULT = 14
const EBUSY = 16
const ENODEV = 19
const EINVAL = 22
const EMFILE = 24

const FILTER = 2
const SET_PMU = 3
const SET_NR_COUNTERS = 4
const NUMBER_5 = 5

const pmu = (name: string, type: number, cpus: readonly number[]): HostPmu => ({ name, type, cpus })
const a53 = pmu('armv8_cortex_a53', 10, [0, 1])
const a72 = pmu('armv8_cortex_a72', 11, [2, 3])
const four = [a53, a72, pmu('armv9_cortex_a720', 12, [4]), pmu('armv9_cortex_x4', 13, [5])]

/** How a kernel behaves; left out: as v7.3 without FIXED_COUNTERS_ONLY, both PMUs with 6 counters. */
interface Behaviour {
  readonly pmuV3: boolean
  readonly strict: boolean
  /** Bit 9 of the features is refused, whatever the capability says. */
  readonly strictInit: number
  /** Attributes it has. */
  readonly attributes: readonly number[]
  /** v7: SET_PMU and FIXED_COUNTERS_ONLY, the last wins; v8: EBUSY both ways. */
  readonly number5: 'v7' | 'v8' | 'partition' | 'refused' | 'write-only'
  /** Event counters by perf type; no number: SET_PMU says ENXIO. */
  readonly counters: Readonly<Record<number, number>>
  readonly pmuVer: bigint
  readonly filter: number
  /** The type KVM picks for a VM that is made on a CPU of a PMU; this process may not go there. */
  readonly picks: (pmu: HostPmu) => number
  readonly elsewhere: boolean
  /** Errnos in place of what would be done, by request. */
  readonly fail: (call: string, kernel: KernelModel) => number | undefined
}

const v73: Behaviour = {
  pmuV3: true,
  strict: true,
  strictInit: 0,
  attributes: [0, 1, FILTER, SET_PMU, SET_NR_COUNTERS],
  number5: 'v7',
  counters: { 10: 6, 11: 6, 12: 8, 13: 31 },
  pmuVer: 6n,
  filter: 0,
  picks: ({ type }) => type,
  elsewhere: false,
  fail: () => undefined,
}

interface Vm {
  readonly fd: number
  /** Of its vCPUs. */
  readonly fds: number[]
  features: number | undefined
  type: number
  limit: number | undefined
  filtered: boolean
  fixed: boolean
  picked: number
  /** What was done to it, in words. */
  readonly done: string[]
}

/** KVM as far as a probe can see it. */
class KernelModel {
  readonly system: RecordingSystem
  readonly vms: Vm[] = []
  readonly #behaviour: Behaviour
  readonly #kinds = new Map<number, FdKind>([[3, 'kvm']])
  #nextFd = 10
  /** What is picked where the thread is. */
  #here = 0

  constructor(behaviour: Partial<Behaviour> = {}) {
    this.#behaviour = { ...v73, ...behaviour }
    this.system = new RecordingSystem('kvm', (call, scratch) => this.#answer(call, scratch))
  }

  get kvm(): KvmFd {
    return new KvmFd(this.system, 3, '/dev/kvm')
  }

  get requests(): string[] {
    return this.system.calls.map(call => this.#name(call))
  }

  /** fds that were handed out and not closed. */
  get open(): number[] {
    return [...this.#kinds.keys()].filter(fd => fd !== 3 && !this.system.closed.includes(fd))
  }

  probe(pmus: readonly HostPmu[]): PmuProbe {
    const { kvm } = this
    return probePmus({
      kvm,
      createVm: () => kvm.createVm(40),
      pmus,
      onCpuOf: (pmu, action) => {
        this.#here = this.#behaviour.picks(pmu)
        return action(!this.#behaviour.elsewhere)
      },
    })
  }

  #name({ fd, request }: Call): string {
    return requestName(request, this.#kinds.get(fd) ?? 'device') ?? `${request}`
  }

  #vmOf(fd: number): Vm {
    if (this.system.closed.includes(fd)) throw new Error(`fd ${fd} is closed`)
    return this.vms.find(vm => vm.fd === fd || vm.fds.includes(fd))!
  }

  #open(kind: FdKind): number {
    this.#kinds.set(this.#nextFd, kind)
    return this.#nextFd++
  }

  #answer(call: Call, scratch: NativeMemory): number {
    const name = this.#name(call)
    const errno = this.#behaviour.fail(name, this)
    if (errno !== undefined) return -errno
    const { fd, argument } = call
    switch (name) {
      case 'KVM_CHECK_EXTENSION':
        if (argument === CAPABILITIES.KVM_CAP_ARM_PMU_V3) return Number(this.#behaviour.pmuV3)
        if (argument === CAPABILITIES.KVM_CAP_ARM_PMU_V3_STRICT)
          return Number(this.#behaviour.strict)
        return 0
      case 'KVM_CREATE_VM': {
        const vm = this.#open('vm')
        this.vms.push({
          fd: vm,
          fds: [],
          features: undefined,
          type: 0,
          limit: undefined,
          filtered: false,
          fixed: false,
          picked: 0,
          done: [],
        })
        return vm
      }
      case 'KVM_CREATE_VCPU': {
        const vcpu = this.#open('vcpu')
        this.#vmOf(fd).fds.push(vcpu)
        return vcpu
      }
      case 'KVM_ARM_PREFERRED_TARGET':
        kvm_vcpu_init.encode(scratch, 0, { target: 5 })
        return 0
      case 'KVM_ARM_VCPU_INIT': {
        const { target, features } = kvm_vcpu_init.decode(scratch, 0)
        const strict = ((features[0] ?? 0) >> 9) & 1
        if (target !== 5) return -EINVAL
        if (strict !== 0 && this.#behaviour.strictInit !== 0) return -this.#behaviour.strictInit
        this.#vmOf(fd).features = features[0]
        this.#vmOf(fd).picked = this.#here
        return 0
      }
      case 'KVM_GET_ONE_REG': {
        const { id, addr } = kvm_one_reg.decode(scratch, 0)
        const value = this.#register(this.#vmOf(fd), id)
        if (value === undefined) return -ENOENT
        scratch.writeU64(Number(addr - SCRATCH), value)
        return 0
      }
      case 'KVM_HAS_DEVICE_ATTR':
        return this.#behaviour.attributes.includes(attribute(scratch).attr) ? 0 : -ENXIO
      case 'KVM_SET_DEVICE_ATTR':
        return this.#set(this.#vmOf(fd), scratch)
      case 'KVM_GET_DEVICE_ATTR':
        return this.#vmOf(fd).fixed && this.#behaviour.number5 !== 'write-only' ? 0 : -ENXIO
      default:
        throw new Error(`a probe does not need ${name}`)
    }
  }

  #register(vm: Vm, id: bigint): bigint | undefined {
    if (id === SYSTEM_REGISTERS.ID_AA64DFR0_EL1) return 0x1_0000n | (this.#behaviour.pmuVer << 8n)
    const counters = this.#behaviour.counters[vm.type] ?? 6
    if (id === SYSTEM_REGISTERS.PMCR_EL0) return 0x4100_0000n | (BigInt(counters) << 11n) | 0x7n
    return undefined
  }

  #set(vm: Vm, scratch: NativeMemory): number {
    const { attr, addr } = attribute(scratch)
    const at = Number(addr - SCRATCH)
    const { attributes, counters, number5, filter } = this.#behaviour
    if (vm.features === undefined) return -ENODEV
    if (!attributes.includes(attr)) return -ENXIO
    switch (attr) {
      case FILTER: {
        const { base_event, nevents, action } = kvm_pmu_event_filter.decode(scratch, at)
        vm.done.push(`FILTER ${base_event} ${nevents} ${action}`)
        vm.filtered = filter === 0
        return -filter
      }
      case SET_PMU: {
        const type = scratch.readI32(at)
        vm.done.push(`SET_PMU ${type}`)
        if (counters[type] === undefined) return -ENXIO
        if ((vm.filtered && vm.picked !== type) || (vm.fixed && number5 === 'v8')) return -EBUSY
        vm.type = type
        return 0
      }
      case SET_NR_COUNTERS: {
        const count = scratch.readU32(at)
        vm.done.push(`SET_NR_COUNTERS ${count}`)
        return count > (counters[vm.type] ?? 0) ? -EINVAL : 0
      }
      case NUMBER_5:
        vm.done.push('5')
        if (number5 === 'partition' && addr === 0n) return -EFAULT
        if (number5 === 'refused') return -EPERM
        if (vm.filtered || (vm.type !== 0 && number5 === 'v8')) return -EBUSY
        vm.fixed = true
        return 0
      default:
        throw new Error(`a probe does not need attribute ${attr}`)
    }
  }
}

function attribute(scratch: NativeMemory) {
  const { group, attr, addr } = kvm_device_attr.decode(scratch, 0)
  expect(group).toBe(0)
  return { attr: Number(attr), addr }
}

const with5 = (number5: Behaviour['number5']): Partial<Behaviour> => ({
  attributes: [...v73.attributes, NUMBER_5],
  number5,
})

describe('what it asks', () => {
  test.each([
    ['v7.3', {}],
    ['v7.3 with FIXED_COUNTERS_ONLY', with5('v7')],
  ])('of a host with 4 PMUs on %s takes at most 50 ioctls', (_, behaviour) => {
    const kernel = new KernelModel(behaviour)

    kernel.probe(four)

    expect(kernel.requests.length).toBeLessThanOrEqual(50)
  })

  test.each([0, 1, 2, 4])('is 8 ioctls for each of %i PMUs and 15 more', count => {
    const kernel = new KernelModel(with5('v8'))

    kernel.probe(four.slice(0, count))

    expect(kernel.requests).toHaveLength(8 * count + 15)
  })

  test('gives every candidate a VM of its own, and STRICT one as well', () => {
    const kernel = new KernelModel(with5('v8'))

    kernel.probe(four.slice(0, 2))

    expect(kernel.vms.map(({ done }) => done)).toEqual([
      [],
      ['5'],
      ['FILTER 0 1 1', 'SET_PMU 10', 'SET_NR_COUNTERS 6', 'SET_NR_COUNTERS 7'],
      ['FILTER 0 1 1', 'SET_PMU 11', 'SET_NR_COUNTERS 6', 'SET_NR_COUNTERS 7'],
    ])
    const [plain] = featureWords(['KVM_ARM_VCPU_PSCI_0_2', 'KVM_ARM_VCPU_PMU_V3'])
    expect(kernel.vms.map(({ features }) => features)).toEqual([
      plain! | (1 << 9),
      plain,
      plain,
      plain,
    ])
    expect(kernel.vms.every(({ fds }) => fds.length === 1)).toBe(true)
  })

  test('leaves no fd open, and one VM open at a time', () => {
    let most = 0
    const kernel = new KernelModel({
      ...with5('v7'),
      fail: (_, model) => {
        most = Math.max(most, model.open.length)
        return undefined
      },
    })

    kernel.probe(four)

    expect(kernel.open).toEqual([])
    expect(most).toBe(2)
  })

  test('is nothing more where KVM has no PMU', () => {
    const kernel = new KernelModel({ pmuV3: false })
    const answer = {
      call: 'KVM_CHECK_EXTENSION KVM_CAP_ARM_PMU_V3',
      ok: false,
      meaning: 'KVM of this host has no PMU for guests',
    }

    const { milliseconds, ...probe } = kernel.probe([a53])

    expect(kernel.requests).toEqual(['KVM_CHECK_EXTENSION'])
    expect(milliseconds).toBeLessThan(1000)
    expect(probe).toEqual({
      pmuV3: false,
      pmus: [{ pmu: a53, setPmu: answer }],
      setPmu: answer,
      setNrCounters: answer,
      filter: answer,
      strict: answer,
      fixedCountersOnly: { is: 'absent', answers: [answer] },
    })
  })
})

describe('what it answers', () => {
  test('on v7.3', () => {
    const { milliseconds, ...probe } = new KernelModel({ counters: { 10: 6 } }).probe([a53, a72])

    expect(milliseconds).toBeGreaterThanOrEqual(0)
    expect(probe).toEqual({
      pmuV3: true,
      setPmu: { call: 'KVM_HAS_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU', ok: true },
      setNrCounters: {
        call: 'KVM_HAS_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_NR_COUNTERS',
        ok: true,
      },
      filter: {
        call: 'KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/FILTER (event 0)',
        ok: true,
      },
      filterEvents: 65536,
      strict: { call: 'KVM_ARM_VCPU_INIT with KVM_ARM_VCPU_PMU_V3_STRICT', ok: true },
      fixedCountersOnly: {
        is: 'absent',
        answers: [
          {
            call: 'KVM_HAS_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/FIXED_COUNTERS_ONLY',
            ok: false,
            errno: 'ENXIO',
            meaning: 'this kernel does not have the attribute',
          },
        ],
      },
      pmus: [
        {
          pmu: a53,
          setPmu: {
            call: 'KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU (type 10)',
            ok: true,
          },
          counters: 6,
          isDefault: { call: 'KVM_ARM_VCPU_INIT on a CPU of armv8_cortex_a53', ok: true },
          setNrCounters: {
            most: {
              call: 'KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_NR_COUNTERS (counters 6)',
              ok: true,
            },
            beyond: {
              call: 'KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_NR_COUNTERS (counters 7)',
              ok: false,
              errno: 'EINVAL',
              meaning: expect.stringContaining('has fewer event counters') as string,
            },
          },
        },
        {
          pmu: a72,
          setPmu: {
            call: 'KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU (type 11)',
            ok: false,
            errno: 'ENXIO',
            meaning: expect.stringContaining('no PMU with this perf type') as string,
          },
        },
      ],
    })
    expect(structuredClone(probe)).toEqual(probe)
  })

  test('on v6.12: no STRICT, no SET_NR_COUNTERS, and neither is tried', () => {
    const kernel = new KernelModel({ strict: false, attributes: [0, 1, FILTER, SET_PMU] })

    const probe = kernel.probe([a53])

    expect(probe).toMatchObject({
      setPmu: { ok: true },
      setNrCounters: { ok: false, errno: 'ENXIO' },
      strict: {
        call: 'KVM_CHECK_EXTENSION KVM_CAP_ARM_PMU_V3_STRICT',
        ok: false,
        meaning: 'this kernel does not have it: it came with Linux 7.3',
      },
      pmus: [{ setPmu: { ok: true }, counters: 6, setNrCounters: undefined }],
    })
    expect(kernel.vms.map(({ done }) => done)).toEqual([[], ['FILTER 0 1 1', 'SET_PMU 10']])
  })

  test('on a kernel older than SET_PMU', () => {
    const probe = new KernelModel({ strict: false, attributes: [0, 1] }).probe([a53])

    expect(probe).toMatchObject({
      setPmu: { ok: false, errno: 'ENXIO', meaning: 'this kernel does not have the attribute' },
      filter: { ok: false, errno: 'ENXIO' },
      pmus: [{ setPmu: { ok: false, errno: 'ENXIO' } }],
    })
    expect(probe.pmus[0]).not.toHaveProperty('counters')
  })

  test.each([
    [31, { 13: 31 }],
    [0, { 13: 0 }],
  ])('%i counters are read from PMCR_EL0.N', (expected, counters) => {
    expect(new KernelModel({ counters }).probe([four[3]!]).pmus[0]?.counters).toBe(expected)
  })

  test.each([
    [1n, 1024],
    [4n, 65536],
    [6n, 65536],
  ])('with PMUVer %i a filter may name %i events', (pmuVer, events) => {
    expect(new KernelModel({ pmuVer }).probe([a53]).filterEvents).toBe(events)
  })

  test('a filter that is refused is an answer', () => {
    expect(new KernelModel({ filter: ENOMEM }).probe([a53]).filter).toMatchObject({
      ok: false,
      errno: 'ENOMEM',
      meaning: expect.stringContaining('no memory') as string,
    })
  })

  test('STRICT that is announced but refused is not there', () => {
    expect(new KernelModel({ strictInit: EINVAL }).probe([]).strict).toMatchObject({
      call: 'KVM_ARM_VCPU_INIT with KVM_ARM_VCPU_PMU_V3_STRICT',
      ok: false,
      errno: 'EINVAL',
    })
  })
})

describe('what KVM picks by itself', () => {
  test('is the PMU of the CPU since Linux 6.3', () => {
    const { pmus } = new KernelModel().probe([a53, a72])

    expect(pmus.map(({ isDefault }) => isDefault?.ok)).toEqual([true, true])
  })

  test('is one for the whole host before; the others are asked about once more', () => {
    const kernel = new KernelModel({ picks: () => 10, strict: false })

    const { pmus } = kernel.probe([a53, a72])

    expect(pmus).toMatchObject([
      { setPmu: { ok: true }, isDefault: { ok: true }, counters: 6 },
      { setPmu: { ok: true }, isDefault: { ok: false, errno: 'EBUSY' }, counters: 6 },
    ])
    expect(kernel.vms.map(({ done }) => done[0])).toEqual([
      undefined,
      'FILTER 0 1 1',
      'FILTER 0 1 1',
      'SET_PMU 11',
    ])
  })

  test('is not known of a PMU on whose CPUs this process may not be, or without filters', () => {
    const elsewhere = new KernelModel({ elsewhere: true, picks: () => 10 }).probe([a53, a72])
    expect(elsewhere.pmus).toMatchObject([{ setPmu: { ok: true } }, { setPmu: { ok: true } }])
    expect(elsewhere.pmus.map(({ isDefault }) => isDefault)).toEqual([undefined, undefined])

    const [only] = new KernelModel({ filter: ENOMEM }).probe([a53]).pmus
    expect(only).toMatchObject({ setPmu: { ok: true }, isDefault: undefined })
  })
})

describe('attribute 5', () => {
  const asked = (behaviour: Partial<Behaviour>) => new KernelModel(behaviour).probe([a53, a72])

  test.each(['v7', 'v8'] as const)('is FIXED_COUNTERS_ONLY as proposed in %s', number5 => {
    const probe = asked(with5(number5))

    expect(probe.fixedCountersOnly).toEqual({
      is: 'available',
      answers: ['HAS', 'SET', 'GET'].map(verb => ({
        call: `KVM_${verb}_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/FIXED_COUNTERS_ONLY`,
        ok: true,
      })),
    })
    // It did not get into the way of the rest.
    expect(probe.pmus.every(({ setPmu }) => setPmu.ok)).toBe(true)
    expect(probe.filter.ok).toBe(true)
  })

  test('is something else where it wants a pointer (ENABLE_PARTITION)', () => {
    expect(asked(with5('partition')).fixedCountersOnly).toMatchObject({
      is: 'something-else',
      answers: [{ ok: true }, { ok: false, errno: 'EFAULT' }, { ok: false, errno: 'ENXIO' }],
    })
  })

  test('is something else where it takes no pointer, but cannot be read back', () => {
    expect(asked(with5('write-only')).fixedCountersOnly).toMatchObject({
      is: 'something-else',
      answers: [{ ok: true }, { ok: true }, { ok: false, errno: 'ENXIO' }],
    })
  })

  test('is something else where it is there and refused', () => {
    expect(asked(with5('refused')).fixedCountersOnly).toMatchObject({
      is: 'something-else',
      answers: [{ ok: true }, { ok: false, errno: 'EPERM' }, { ok: false, errno: 'ENXIO' }],
    })
  })
})

describe('when a step fails', () => {
  const steps = new KernelModel(with5('v7'))
  steps.probe([a53])

  /** What is asked in vain of any of these, is an answer or ends the probe. */
  test.each(steps.requests.map((name, index) => [index, name] as const))(
    'call %i, %s: nothing stays open, and only an IoctlError comes out',
    (failing, name) => {
      const kernel = new KernelModel({
        ...with5('v7'),
        fail: (_, { system }) => (system.calls.length - 1 === failing ? EMFILE : undefined),
      })

      let error: unknown
      try {
        kernel.probe([a53])
      } catch (thrown) {
        error = thrown
      }

      expect(kernel.open).toEqual([])
      if (error !== undefined) {
        expect(error).toBeInstanceOf(IoctlError)
        expect(error).toMatchObject({ request: name, errnoName: 'EMFILE' })
      }
      if (name.endsWith('_DEVICE_ATTR')) expect(error).toBeUndefined()
    },
  )

  test('what is no refusal of KVM is not taken for one', () => {
    const kernel = new KernelModel({
      fail: name => {
        if (name === 'KVM_SET_DEVICE_ATTR') throw new TypeError('a bug')
        return undefined
      },
    })

    expect(() => kernel.probe([a53])).toThrow(TypeError)
    expect(kernel.open).toEqual([])
  })

  test('a vCPU that cannot be made ends it, since every answer would be that', () => {
    const kernel = new KernelModel({
      fail: name => (name === 'KVM_ARM_VCPU_INIT' ? ENODEV : undefined),
    })

    expect(() => kernel.probe([a53])).toThrow('KVM_ARM_VCPU_INIT')
    expect(kernel.open).toEqual([])
  })
})

test('unprobed says one thing of everything', () => {
  const answer = { call: 'x', ok: false, meaning: 'y' }

  expect(unprobed([a53, a72], answer)).toEqual({
    pmuV3: true,
    pmus: [
      { pmu: a53, setPmu: answer },
      { pmu: a72, setPmu: answer },
    ],
    setPmu: answer,
    setNrCounters: answer,
    filter: answer,
    strict: answer,
    fixedCountersOnly: { is: 'absent', answers: [answer] },
    milliseconds: 0,
  })
})
