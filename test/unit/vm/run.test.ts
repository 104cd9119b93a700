import { describe, expect, it } from 'vitest'
import { WHOLE_CPU } from '../../../src/vcpu/features.ts'
import { checkRequest, type RunRequest } from '../../../src/vm/run.ts'
import { openKvm, requireArm64 } from '../../../src/vm/open-kvm.ts'
import { RecordingSystem } from '../ioctl/recording-system.ts'

const MIB = 2 ** 20
const request: RunRequest = {
  image: 'x',
  vcpus: 1,
  ramSize: 256 * MIB,
  ramPages: { kind: 'any' },
  bootArgs: '',
  defaultBootArgs: true,
  cpu: WHOLE_CPU,
  pmu: {
    mode: { kind: 'auto' },
    fallback: 'none',
    strict: 'auto',
    interrupt: { kind: 'ppi', number: 7 },
  },
  onUnsupportedCpu: 'repin',
}

/** With other wishes for the PMU, and more RAM than there is. */
const withPmu = (pmu: Partial<RunRequest['pmu']>, vcpus = 1): RunRequest => ({
  ...request,
  vcpus,
  ramSize: 2 ** 40,
  pmu: { ...request.pmu, ...pmu },
})

describe('checkRequest', () => {
  it('takes what fits', () => {
    expect(() => checkRequest(request, 1024 * MIB)).not.toThrow()
  })

  it.each([0, 31 * MIB])('refuses %i bytes of RAM, and says the least', ramSize => {
    expect(() => checkRequest({ ...request, ramSize }, 1024 * MIB)).toThrow(
      expect.objectContaining({
        message: `--mem ${ramSize / MIB}M is too little for a guest`,
        try: ['--mem 32M    # the least'],
        exitStatus: 2,
      }) as Error,
    )
  })

  it('refuses RAM that is not made of whole pages, and says what would be', () => {
    expect(() => checkRequest({ ...request, ramSize: 33 * MIB + 4096 }, 1024 * MIB)).toThrow(
      expect.objectContaining({
        message: '--mem 33796k is no multiple of 64 KiB',
        try: ['--mem 33M'],
      }) as Error,
    )
  })

  it('refuses more RAM than the machine has, and says how much that is', () => {
    expect(() => checkRequest({ ...request, ramSize: 2 ** 40 }, 8192 * MIB)).toThrow(
      '--mem 1048576M is more than this machine has (8192 MiB)',
    )
  })
})

it.each(['gicv2', 'gicv2m'] as const)('checkRequest refuses nine vCPUs on a %s', irqchip => {
  expect(() => checkRequest({ ...request, irqchip, vcpus: 8 }, 1024 * MIB)).not.toThrow()
  expect(() => checkRequest({ ...request, irqchip, vcpus: 9 }, 1024 * MIB)).toThrow(
    '--cpus 9 is more than a GICv2 can serve',
  )
})

describe('checkRequest refuses a PMU that no host could give, before all else:', () => {
  it.each<[string, Partial<RunRequest['pmu']>, number, string]>([
    ['a timer’s PPI', { interrupt: { kind: 'ppi', number: 11 } }, 1, 'ppi:11 is INTID 27'],
    ['an INTID', { interrupt: { kind: 'ppi', number: 23 } }, 1, 'ppi:23 is beyond'],
    ['the UART’s SPI', { interrupt: { kind: 'spi', first: 0 } }, 1, 'spi:0 needs SPI 0, which the'],
    [
      'SPIs beyond the GIC’s',
      { interrupt: { kind: 'spi', first: 957 } },
      4,
      'spi:957 needs SPIs up',
    ],
  ])('%s', (_, pmu, vcpus, message) => {
    expect(() => checkRequest(withPmu(pmu, vcpus), 1024 * MIB)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(`--pmu-irq ${message}`) as string,
        try: expect.arrayContaining(['--pmu-irq ppi:7']) as string[],
        exitStatus: 2,
      }) as Error,
    )
  })

  it('a contradiction', () => {
    expect(() => checkRequest(withPmu({ mode: { kind: 'off' }, counters: 2 }), 1024 * MIB)).toThrow(
      '--pmu-counters 2 and --pmu=off contradict each other',
    )
  })

  it('but takes the last SPIs a GIC can have', () => {
    const irq = { interrupt: { kind: 'spi', first: 956 } } as const
    const small = { ...withPmu(irq, 4), ramSize: 256 * MIB }
    expect(() => checkRequest({ ...small, irqchip: 'gicv3' }, 1024 * MIB)).not.toThrow()
    // Those are a GICv2m's, which the host may turn out to have.
    expect(() => checkRequest(small, 1024 * MIB)).toThrow(
      '--pmu-irq spi:956 needs SPI 956, which the MSI frame of a GICv2m has',
    )
  })
})

describe('requireArm64', () => {
  it('says what the machine is and what to do instead', () => {
    expect(() => requireArm64('x64')).toThrow(
      expect.objectContaining({
        code: 'TSVMM_HOST_ARCH',
        message: 'tsvmm runs guests on arm64 hosts, and this machine is x64',
        exitStatus: 120,
      }) as Error,
    )
    expect(() => requireArm64('arm64')).not.toThrow()
  })
})

describe('openKvm', () => {
  it('refuses another version of the interface, and closes what it opened', () => {
    const system = new RecordingSystem('kvm', () => 11)
    expect(() => openKvm(system)).toThrow(
      expect.objectContaining({
        code: 'TSVMM_HOST_KVM_API',
        message: '/dev/kvm speaks version 11 of the KVM interface, tsvmm speaks 12',
      }) as Error,
    )
    expect(system.closed).toEqual([3])
  })
})
