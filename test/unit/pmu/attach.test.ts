import { describe, expect, it } from 'vitest'
import { errnoName, IoctlError } from '../../../src/errors/index.ts'
import {
  attributeLabel,
  kvm_device_attr,
  kvm_pmu_event_filter,
  VCPU_ATTRIBUTES,
  VcpuFd,
} from '../../../src/ioctl/index.ts'
import { NativeMemory } from '../../../src/native/memory.ts'
import { attachPmu, type PmuAttachment } from '../../../src/pmu/attach.ts'
import { parsePmuFilter } from '../../../src/pmu/filter.ts'
import { RecordingSystem, SCRATCH, type Call } from '../ioctl/recording-system.ts'

const IRQ = 0n
const INIT = 1n
const FILTER = 2n

const NAMES = ['IRQ', 'INIT', 'FILTER', 'SET_PMU', 'SET_NR_COUNTERS', 'FIXED_COUNTERS_ONLY']

const PPI = { kind: 'ppi', number: 7 } as const
const FULL: PmuAttachment = {
  selection: { kind: 'host-pmu', type: 11 },
  counters: 3,
  filter: parsePmuFilter(['deny:0-0xffff', 'allow:0x11,0x08-0x09']),
  interrupt: PPI,
}

function attr({ scratch }: Call) {
  const memory = NativeMemory.onHeap(scratch.length)
  memory.writeBytes(0, scratch)
  const { group, attr, addr, flags } = kvm_device_attr.decode(memory, 0)
  expect([group, flags]).toEqual([0, 0])
  return { attr, addr, memory }
}

/** `10 IRQ 23`: fd, attribute, and the int or the filter it pointed at. */
function decode(call: Call): string {
  expect(call.name).toBe('KVM_SET_DEVICE_ATTR')
  const { attr: number, addr, memory } = attr(call)
  const words = [call.fd, NAMES[Number(number)]]
  if (addr === 0n) return words.join(' ')
  const at = Number(addr - SCRATCH)
  if (number !== FILTER) return [...words, memory.readI32(at)].join(' ')
  const { base_event, nevents, action } = kvm_pmu_event_filter.decode(memory, at)
  return [...words, action === 0 ? 'allow' : 'deny', base_event, nevents].join(' ')
}

function attach(vcpus: number, attachment: PmuAttachment, answer?: (call: Call) => number) {
  const system = new RecordingSystem('vcpu', answer)
  const fds = Array.from({ length: vcpus }, (_, id) => new VcpuFd(system, 10 + id, id))
  let error: unknown
  try {
    attachPmu(fds, attachment)
  } catch (thrown) {
    error = thrown
  }
  return { calls: system.calls, error }
}

const calls = (vcpus: number, attachment: PmuAttachment) => {
  const { calls, error } = attach(vcpus, attachment)
  expect(error).toBeUndefined()
  return calls.map(decode)
}

describe('attachPmu', () => {
  it('selects once, then gives each vCPU its interrupt and initializes it', () => {
    const selection = { kind: 'host-pmu', type: 11 } as const
    expect(calls(3, { selection, interrupt: PPI })).toEqual([
      '10 SET_PMU 11',
      '10 IRQ 23',
      '10 INIT',
      '11 IRQ 23',
      '11 INIT',
      '12 IRQ 23',
      '12 INIT',
    ])
  })

  it('selects FIXED_COUNTERS_ONLY by its name alone', () => {
    expect(calls(1, { selection: { kind: 'fixed' }, interrupt: PPI })).toEqual([
      '10 FIXED_COUNTERS_ONLY',
      '10 IRQ 23',
      '10 INIT',
    ])
  })

  it("selects nothing for the kernel's own pick", () => {
    expect(calls(1, { selection: { kind: 'default' }, interrupt: PPI })).toEqual([
      '10 IRQ 23',
      '10 INIT',
    ])
  })

  it('sets counters after the selection that resets them, then the filters in their order', () => {
    expect(calls(2, FULL)).toEqual([
      '10 SET_PMU 11',
      '10 SET_NR_COUNTERS 3',
      '10 FILTER deny 0 65535',
      '10 FILTER deny 65535 1',
      '10 FILTER allow 8 2',
      '10 FILTER allow 17 1',
      '10 IRQ 23',
      '10 INIT',
      '11 IRQ 23',
      '11 INIT',
    ])
  })

  it('takes 0 counters for a number', () => {
    expect(calls(1, { ...FULL, filter: [], counters: 0 })).toContain('10 SET_NR_COUNTERS 0')
  })

  it.each([1, 8, 64, 512])('makes 2 calls per vCPU and a constant: %i', vcpus => {
    for (const interrupt of [PPI, { kind: 'spi', first: 40 } as const]) {
      expect(attach(vcpus, { ...FULL, interrupt }).calls).toHaveLength(2 * vcpus + 6)
      expect(attach(vcpus, { selection: { kind: 'default' }, interrupt }).calls).toHaveLength(
        2 * vcpus,
      )
    }
  })

  it('gives every vCPU the same PPI and an SPI of its own', () => {
    const intids = (interrupt: PmuAttachment['interrupt']) =>
      calls(5, { selection: { kind: 'default' }, interrupt })
        .filter(call => call.includes('IRQ'))
        .map(call => Number(call.split(' ')[2]))

    expect(intids({ kind: 'ppi', number: 9 })).toEqual([25, 25, 25, 25, 25])
    expect(intids({ kind: 'spi', first: 8 })).toEqual([40, 41, 42, 43, 44])
  })
})

/** Linux's numbers of the errnos in the attributes' rows. */
const ERRNOS = new Map(
  Array.from({ length: 133 }, (_, number) => [errnoName(number), number] as const),
)

const PMU_ATTRIBUTES = Object.values(VCPU_ATTRIBUTES).filter(
  ({ groupName }) => groupName === 'KVM_ARM_VCPU_PMU_V3_CTRL',
)

describe.each(PMU_ATTRIBUTES.map(attribute => [attributeLabel(attribute), attribute] as const))(
  '%s',
  (label, attribute) => {
    const attachment: PmuAttachment = label.endsWith('/FIXED_COUNTERS_ONLY')
      ? { ...FULL, selection: { kind: 'fixed' }, filter: [], counters: undefined }
      : FULL

    it.each([...(attribute.errors.set ?? [])])(
      'refused with %s says what and why, and is the last call',
      name => {
        const errno = ERRNOS.get(name)!
        const { calls, error } = attach(2, attachment, call =>
          attr(call).attr === attribute.attr ? -errno : 0,
        )

        expect(error).toBeInstanceOf(IoctlError)
        const { message, why, errnoName, attribute: refused } = error as IoctlError
        expect(refused).toBe(label)
        expect(errnoName).toBe(name)
        expect(message).toMatch(`vcpu 0: KVM_SET_DEVICE_ATTR ${label}`)
        expect(why).toMatch(/\S+ \S+/)
        expect(attr(calls.at(-1)!).attr).toBe(attribute.attr)
        expect(calls.filter(call => attr(call).attr === attribute.attr)).toHaveLength(1)
      },
    )
  },
)

it('says which vCPU was refused, and the value', () => {
  const refuseThird = (refused: bigint) => {
    let count = 0
    return (call: Call) => (attr(call).attr === refused && ++count === 3 ? -22 : 0)
  }
  expect((attach(4, FULL, refuseThird(IRQ)).error as Error).message).toMatch(
    /^vcpu 2: KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL\/IRQ \(intid 23\) failed: EINVAL/,
  )
  expect((attach(4, FULL, refuseThird(INIT)).error as Error).message).toMatch(
    /^vcpu 2: KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL\/INIT failed: EINVAL/,
  )
  expect((attach(4, FULL, refuseThird(FILTER)).error as Error).message).toMatch(
    /FILTER \(filter base_event 8, nevents 2, action 0\) failed: EINVAL/,
  )
})
