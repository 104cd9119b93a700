import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GuestImage } from '../../../src/boot/image.ts'
import { decodeFdt, findNode, readCells } from '../../../src/fdt/index.ts'
import type { GicKind } from '../../../src/gic/kinds.ts'
import {
  DEVICE_TYPES,
  CAPABILITIES,
  featureWords,
  KVM_ARM_VCPU_PVTIME_CTRL,
  kvm_create_device,
  kvm_device_attr,
  kvm_one_reg,
  kvm_userspace_memory_region,
  kvm_vcpu_init,
  KvmFd,
  requestName,
  SYSTEM_REGISTERS,
  type DeviceTypeName,
  type CapabilityName,
  type FdKind,
  type VcpuFeatureName,
} from '../../../src/ioctl/index.ts'
import type { NativeMemory, System } from '../../../src/native/index.ts'
import { parsePmuFilter } from '../../../src/pmu/filter.ts'
import {
  fdtOffset,
  FDT_MAX_SIZE,
  GIC_DIST_BASE,
  itsBase,
  RAM_MIN,
  redistributorBase,
} from '../../../src/vm/memory-map.ts'
import { WHOLE_CPU } from '../../../src/vcpu/features.ts'
import { Vm, type PmuPlan, type VmPlan } from '../../../src/vm/builder.ts'
import { RecordingSystem, SCRATCH, type Call } from '../ioctl/recording-system.ts'

const ENXIO = 6
const ENODEV = 19
const EINVAL = 22

const KVM = 3
const VM = 100
const VCPU = 200
/** And the type of the device. */
const DEVICE = 300
const GIC = DEVICE + DEVICE_TYPES.KVM_DEV_TYPE_ARM_VGIC_V3
const ITS = DEVICE + DEVICE_TYPES.KVM_DEV_TYPE_ARM_VGIC_ITS

const VGIC_GROUPS: Readonly<Record<number, string>> = { 0: 'ADDR', 3: 'NR_IRQS', 4: 'CTRL' }
const PMU_ATTRIBUTES = ['IRQ', 'INIT', 'FILTER', 'SET_PMU', 'SET_NR_COUNTERS', 'FIXED']

/** A KVM with a GICv3 that takes everything; what is done is written down in words. */
class Host {
  readonly done: string[] = []
  readonly recording: RecordingSystem
  readonly system: System
  readonly mapped: NativeMemory[] = []
  refuse: (what: string) => number = () => 0
  devices: readonly DeviceTypeName[] = ['KVM_DEV_TYPE_ARM_VGIC_V3']
  capabilities: readonly CapabilityName[] = []
  hasStolenTime = false

  constructor() {
    const recording = new RecordingSystem('kvm', (call, scratch) => this.#answer(call, scratch))
    this.recording = recording
    this.system = Object.assign(Object.create(recording) as System, {
      getAffinity: () => [0, 1, 2, 3],
      setAffinity: (_: number, cpus: readonly number[]) => this.#did(`to CPUs ${cpus.join()}`),
      mmap: (request: Parameters<System['mmap']>[0]) => {
        const memory = recording.mmap(request)
        if (typeof memory !== 'number') this.mapped.push(memory)
        return memory
      },
    })
  }

  build(fields: Partial<VmPlan>): Vm {
    return Vm.build(this.system, new KvmFd(this.system, KVM, '/dev/kvm'), {
      vcpus: 1,
      ramSize: RAM_MIN,
      ramPages: { kind: 'any' },
      image,
      bootArgs: '',
      cpu: WHOLE_CPU,
      ...fields,
    })
  }

  #did(what: string): number {
    this.done.push(what)
    return -this.refuse(what)
  }

  #answer({ fd, request, argument }: Call, scratch: NativeMemory): number {
    const kinds: readonly [number, FdKind][] = [
      [DEVICE, 'device'],
      [VCPU, 'vcpu'],
      [VM, 'vm'],
      [KVM, 'kvm'],
    ]
    const [first, kind] = kinds.find(([from]) => fd >= from)!
    const on = kind === 'vcpu' ? `vcpu ${fd - first}` : kind
    const name = (requestName(request, kind) ?? '').replace('KVM_', '')
    switch (name) {
      case 'CREATE_VM':
        return VM
      case 'CREATE_VCPU':
        return VCPU + Number(argument)
      case 'GET_VCPU_MMAP_SIZE':
        return 4096
      case 'CREATE_DEVICE': {
        const asked = kvm_create_device.decode(scratch, 0)
        if (!this.devices.some(name => DEVICE_TYPES[name] === asked.type)) return -ENODEV
        kvm_create_device.encode(scratch, 0, { ...asked, fd: DEVICE + asked.type })
        return 0
      }
      case 'ARM_PREFERRED_TARGET':
        kvm_vcpu_init.encode(scratch, 0, { target: 5 })
        return 0
      case 'ARM_VCPU_INIT':
        return this.#did(
          `${on} INIT 0x${kvm_vcpu_init.decode(scratch, 0).features[0]!.toString(16)}`,
        )
      case 'CHECK_EXTENSION':
        return this.capabilities.some(name => CAPABILITIES[name] === Number(argument)) ? 1 : 0
      case 'ARM_VCPU_FINALIZE':
        return this.#did(`${on} FINALIZE ${scratch.readI32(0)}`)
      case 'HAS_DEVICE_ATTR':
        return this.hasStolenTime ? 0 : -ENXIO
      case 'SET_USER_MEMORY_REGION': {
        const { slot, guest_phys_addr } = kvm_userspace_memory_region.decode(scratch, 0)
        return this.#did(`${on} MEMORY ${slot} 0x${guest_phys_addr.toString(16)}`)
      }
      case 'GET_ONE_REG': {
        const { id, addr } = kvm_one_reg.decode(scratch, 0)
        if (id === SYSTEM_REGISTERS.MPIDR_EL1)
          scratch.writeU64(Number(addr - SCRATCH), 0x8000_0000n + BigInt(fd - VCPU))
        return 0
      }
      case 'SET_DEVICE_ATTR': {
        const { group, attr, addr } = kvm_device_attr.decode(scratch, 0)
        const value = addr === 0n ? '' : ` ${scratch.readU32(Number(addr - SCRATCH))}`
        if (group === KVM_ARM_VCPU_PVTIME_CTRL)
          return this.#did(`${on} PVTIME 0x${scratch.readU64(Number(addr - SCRATCH)).toString(16)}`)
        const what =
          kind === 'vcpu'
            ? `PMU ${PMU_ATTRIBUTES[Number(attr)]}`
            : `${VGIC_GROUPS[group]}${group === 3 ? '' : ` ${attr}`}`
        return this.#did(`${fd === ITS ? 'its' : on} ${what}${value}`)
      }
      default:
        return 0
    }
  }
}

let directory: string
let image: GuestImage
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsvmm-builder-'))
  const path = join(directory, 'guest.flat')
  writeFileSync(path, Buffer.from([0, 0, 0, 0x14]))
  image = new GuestImage(path)
})
afterAll(() => {
  image[Symbol.dispose]()
  rmSync(directory, { recursive: true })
})

const plan: PmuPlan = {
  selection: { kind: 'host-pmu', type: 11 },
  cpus: [2, 3],
  strict: false,
  counters: 3,
  filter: parsePmuFilter(['allow:0x11']),
  interrupt: { kind: 'ppi', number: 7 },
}

const features = (...names: VcpuFeatureName[]) =>
  `0x${featureWords(['KVM_ARM_VCPU_PSCI_0_2', ...names])[0]!.toString(16)}`

const isNoAddress = (what: string) => !/^(device ADDR|vm MEMORY)/.test(what)

describe('Vm.build', () => {
  it('does it in the order the kernel accepts: the GIC before the PMU, the selection first', () => {
    const host = new Host()

    using vm = host.build({ vcpus: 2, pmu: plan })

    expect(vm.gic).toBe('gicv3')
    expect(vm.vcpus).toHaveLength(2)
    expect(host.done.filter(isNoAddress)).toEqual([
      'to CPUs 2,3',
      `vcpu 0 INIT ${features('KVM_ARM_VCPU_PMU_V3')}`,
      `vcpu 1 INIT ${features('KVM_ARM_VCPU_PMU_V3', 'KVM_ARM_VCPU_POWER_OFF')}`,
      'to CPUs 0,1,2,3',
      'device NR_IRQS 128',
      'device CTRL 0',
      'to CPUs 2,3',
      'vcpu 0 PMU SET_PMU 11',
      'vcpu 0 PMU SET_NR_COUNTERS 3',
      // base_event 17 and nevents 1 as one word.
      `vcpu 0 PMU FILTER 65553`,
      'vcpu 0 PMU IRQ 23',
      'vcpu 0 PMU INIT',
      'vcpu 1 PMU IRQ 23',
      'vcpu 1 PMU INIT',
      'to CPUs 0,1,2,3',
    ])
  })

  it('gives every vCPU STRICT, if it is to be', () => {
    const host = new Host()

    using vm = host.build({ vcpus: 2, pmu: { ...plan, strict: true } })

    expect(vm.vcpus).toHaveLength(2)
    expect(host.done).toContain(
      `vcpu 1 INIT ${features('KVM_ARM_VCPU_PMU_V3', 'KVM_ARM_VCPU_PMU_V3_STRICT', 'KVM_ARM_VCPU_POWER_OFF')}`,
    )
  })

  it('without a PMU moves nowhere and touches no PMU', () => {
    const host = new Host()

    using vm = host.build({ vcpus: 1 })

    expect(vm.vcpus).toHaveLength(1)
    expect(host.done.filter(isNoAddress)).toEqual([
      `vcpu 0 INIT ${features()}`,
      'device NR_IRQS 128',
      'device CTRL 0',
    ])
    expect(findNode(fdtOf(host).root, '/pmu')).toBeUndefined()
    expect(findNode(fdtOf(host).root, '/rtc@1010000')).toBeDefined()
  })

  it('gives each guest its own seeds, or the one that was asked for', () => {
    const seeds = [undefined, undefined, 0x12n].map(kaslrSeed => {
      const host = new Host()
      using vm = host.build({ kaslrSeed })
      expect(vm.vcpus).toHaveLength(1)
      const { props } = findNode(fdtOf(host).root, '/chosen')!
      return ['kaslr-seed', 'rng-seed'].map(name => Buffer.from(props.get(name)!).toString('hex'))
    })

    expect(new Set(seeds.flat()).size).toBe(6)
    expect(seeds[2]![0]).toBe('0000000000000012')
  })

  it.each([
    [8, 4, 128],
    [92, 4, 128],
    [93, 4, 160],
    [956, 4, 992],
  ])('has a GIC large enough for SPIs from %i for %i vCPUs', (first, vcpus, irqs) => {
    const host = new Host()

    using vm = host.build({ vcpus, pmu: { ...plan, interrupt: { kind: 'spi', first } } })

    expect(vm.vcpus).toHaveLength(vcpus)
    expect(host.done).toContain(`device NR_IRQS ${irqs}`)
    expect(host.done.filter(what => what.includes('PMU IRQ'))).toEqual(
      Array.from({ length: vcpus }, (_, i) => `vcpu ${i} PMU IRQ ${32 + first + i}`),
    )
  })

  it('tells the guest of the SPIs it was given', () => {
    const host = new Host()

    using vm = host.build({ vcpus: 2, pmu: { ...plan, interrupt: { kind: 'spi', first: 8 } } })

    expect(vm.vcpus).toHaveLength(2)
    const pmu = findNode(fdtOf(host).root, '/pmu')
    expect(readCells(pmu!.props.get('interrupts')!)).toEqual([0, 8, 4, 0, 9, 4])
    expect(readCells(pmu!.props.get('interrupt-affinity')!)).toHaveLength(2)
  })

  it.each([
    ['vcpu 1 INIT', EINVAL],
    ['device CTRL', EINVAL],
    ['vcpu 0 PMU SET_PMU', ENXIO],
    ['vcpu 1 PMU INIT', ENXIO],
  ])('gives back everything, and the thread, when %s is refused', (refused, errno) => {
    const host = new Host()
    host.refuse = what => (what.startsWith(refused) ? errno : 0)

    expect(() => host.build({ vcpus: 2, pmu: plan })).toThrow('failed: E')

    // The last made first.
    expect(host.recording.closed).toEqual([VCPU + 1, VCPU, GIC, VM])
    expect(host.mapped.every(({ released }) => released)).toBe(true)
    expect(host.done.filter(what => what.startsWith('to CPUs')).at(-1)).toBe('to CPUs 0,1,2,3')
  })

  it('makes nothing of KVM’s where the thread cannot be put on the PMU’s CPUs', () => {
    const host = new Host()
    host.refuse = what => (what === 'to CPUs 2,3' ? EINVAL : 0)

    expect(() => host.build({ vcpus: 1, pmu: plan })).toThrow('sched_setaffinity')

    expect(host.done.filter(what => what.startsWith('vcpu'))).toEqual([])
    expect(host.recording.closed).toEqual([VCPU, GIC, VM])
  })
})

const V2 = 'KVM_DEV_TYPE_ARM_VGIC_V2'
const V3 = 'KVM_DEV_TYPE_ARM_VGIC_V3'
const ITS_TYPE = 'KVM_DEV_TYPE_ARM_VGIC_ITS'

describe('the interrupt controller', () => {
  it.each<[string, DeviceTypeName[], GicKind | undefined, GicKind]>([
    ['the ITS where there is one', [V2, V3, ITS_TYPE], undefined, 'gicv3-its'],
    ['a GICv3 without', [V2, V3], undefined, 'gicv3'],
    ['a GICv2m where there is no GICv3', [V2], undefined, 'gicv2m'],
    ['what was asked for', [V2, V3, ITS_TYPE], 'gicv3', 'gicv3'],
    ['what was asked for, however old', [V2, V3, ITS_TYPE], 'gicv2', 'gicv2'],
  ])('is %s', (_, devices, irqchip, chosen) => {
    const host = new Host()
    host.devices = devices

    using vm = host.build({ ...(irqchip && { irqchip }) })

    expect(vm.gic).toBe(chosen)
  })

  it.each<[DeviceTypeName[], GicKind, string, string, string[]]>([
    [[V2], 'gicv3', 'gicv2m and gicv2', 'cannot be a GICv3', ['gicv2m', 'gicv2']],
    [[V3, ITS_TYPE], 'gicv2', 'gicv3-its and gicv3', '(GICV)', ['gicv3-its', 'gicv3']],
  ])('with %s is no %s, and it says what can be', (devices, irqchip, can, why, remedies) => {
    const host = new Host()
    host.devices = devices

    expect(() => host.build({ irqchip })).toThrow(
      expect.objectContaining({
        code: 'TSVMM_HOST_CAPABILITY',
        message: `--irqchip ${irqchip} cannot be had: this host's KVM gives guests ${can} only`,
        why: expect.stringContaining(why) as string,
        try: remedies.map(kind => `--irqchip ${kind}`),
      }) as Error,
    )
  })

  it('serves eight vCPUs if it is a GICv2', () => {
    const host = new Host()
    host.devices = [V2]

    expect(() => host.build({ vcpus: 9 })).toThrow('--cpus 9 is more than a GICv2 can serve')
  })

  it('with an ITS has it before the vCPUs, initialized after the GIC, and described', () => {
    const host = new Host()
    host.devices = [V3, ITS_TYPE]

    using vm = host.build({ vcpus: 2 })

    expect(vm.gic).toBe('gicv3-its')
    expect(host.done.filter(what => !what.startsWith('v'))).toEqual([
      `device ADDR 2 ${GIC_DIST_BASE}`,
      `device ADDR 3 ${redistributorBase(2)}`,
      `its ADDR 4 ${itsBase(2)}`,
      'device NR_IRQS 128',
      'device CTRL 0',
      'its CTRL 0',
    ])
    const its = '/interrupt-controller@3fff0000/msi-controller@3ff90000'
    expect(findNode(fdtOf(host).root, its)).toBeDefined()
  })

  it('without room for its ITS gives back the GIC', () => {
    const host = new Host()
    host.devices = [V3, ITS_TYPE]
    host.refuse = what => (what.startsWith('its ADDR') ? EINVAL : 0)

    expect(() => host.build({})).toThrow('failed: E')

    expect(host.recording.closed).toEqual([ITS, GIC, VM])
  })

  it('that is a GICv2m has SPIs for messages', () => {
    const host = new Host()
    host.devices = [V2]

    using vm = host.build({})

    expect(vm.gic).toBe('gicv2m')
    expect(host.done).toContain('device NR_IRQS 992')
    const frame = '/interrupt-controller@3fff0000/v2m@3ffcf000'
    expect(findNode(fdtOf(host).root, frame)).toBeDefined()
  })
})

describe('the CPUs of the guest', () => {
  const SVE_AND_PTRAUTH = [
    'KVM_CAP_ARM_SVE',
    'KVM_CAP_ARM_PTRAUTH_ADDRESS',
    'KVM_CAP_ARM_PTRAUTH_GENERIC',
  ] as const

  it('have what the host has: SVE settled right after INIT, and stolen time behind the PMU', () => {
    const host = new Host()
    host.capabilities = SVE_AND_PTRAUTH
    host.hasStolenTime = true

    using vm = host.build({ vcpus: 2 })

    const all = [
      'KVM_ARM_VCPU_SVE',
      'KVM_ARM_VCPU_PTRAUTH_ADDRESS',
      'KVM_ARM_VCPU_PTRAUTH_GENERIC',
    ] as const
    expect(vm.vcpus).toHaveLength(2)
    expect(host.done.filter(what => what.startsWith('v'))).toEqual([
      'vm MEMORY 0 0x80000000',
      `vcpu 0 INIT ${features(...all)}`,
      'vcpu 0 FINALIZE 4',
      `vcpu 1 INIT ${features(...all, 'KVM_ARM_VCPU_POWER_OFF')}`,
      'vcpu 1 FINALIZE 4',
      'vm MEMORY 1 0x1020000',
      'vcpu 0 PVTIME 0x1020000',
      'vcpu 1 PVTIME 0x1020040',
    ])
  })

  it('have nothing of it where it is not wanted', () => {
    const host = new Host()
    host.capabilities = SVE_AND_PTRAUTH
    host.hasStolenTime = true

    using vm = host.build({ cpu: { sve: false, pointerAuth: false, stolenTime: false } })

    expect(vm.vcpus).toHaveLength(1)
    expect(host.done.filter(what => what.startsWith('v'))).toEqual([
      'vm MEMORY 0 0x80000000',
      `vcpu 0 INIT ${features()}`,
    ])
  })
})

function fdtOf(host: Host) {
  return decodeFdt(host.mapped[0]!.readBytes(fdtOffset(RAM_MIN), FDT_MAX_SIZE))
}
