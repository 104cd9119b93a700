import { describe, expect, it } from 'vitest'
import { SyscallError } from '../../../src/errors/index.ts'
import { KvmFd } from '../../../src/ioctl/index.ts'
import type { Answer, PmuProbe } from '../../../src/pmu/probe.ts'
import { identifyPmus } from '../../../src/vm/identify.ts'
import { RecordingSystem } from '../ioctl/recording-system.ts'

const EMFILE = 24

const a53 = { name: 'armv8_cortex_a53', type: 8, cpus: [0, 1] }
const a72 = { name: 'armv8_cortex_a72', type: 7, cpus: [2, 3] }
const yes = (call: string): Answer => ({ call, ok: true })
const no: Answer = { call: 'SET_PMU (type 7)', ok: false, errno: 'ENXIO' }

const probe: PmuProbe = {
  pmuV3: true,
  pmus: [
    { pmu: a53, setPmu: yes('SET_PMU (type 8)') },
    { pmu: a72, setPmu: yes('SET_PMU (type 7)') },
  ],
  setPmu: yes('HAS SET_PMU'),
  setNrCounters: no,
  filter: no,
  strict: no,
  fixedCountersOnly: { is: 'absent', answers: [no] },
  milliseconds: 1,
}

/** A host whose CPUs 0 to 3 this process may use, unless `ours` says otherwise. */
class Host extends RecordingSystem {
  readonly #ours: number[] | number

  constructor(ours: number[] | number = [0, 1, 2, 3]) {
    super('kvm', ({ name }) => (name === 'KVM_CREATE_VM' ? -EMFILE : 0))
    this.#ours = ours
  }

  override getAffinity(): never {
    return this.#ours as never
  }

  identify(given: Partial<PmuProbe> = {}) {
    return identifyPmus({
      system: this,
      kvm: new KvmFd(this, 3, '/dev/kvm'),
      probe: { ...probe, ...given },
    })
  }

  get vms(): number {
    return this.calls.filter(({ name }) => name === 'KVM_CREATE_VM').length
  }
}

describe('what guests see', () => {
  it('is not asked where KVM refused the PMU: its answer says it', () => {
    const host = new Host()
    const pmus = [{ pmu: a72, setPmu: no }]
    expect(host.identify({ pmus })).toEqual([{ pmu: a72, answer: no }])
    expect(host.vms).toBe(0)
  })

  it.each<[string, Partial<PmuProbe>]>([
    ['KVM has no PMU for guests', { pmuV3: false }],
    ['nothing could be asked before', { unasked: true }],
    ['the kernel has no SET_PMU, and there are two', { setPmu: no }],
  ])('is not asked where %s', (_, given) => {
    const host = new Host()
    const pmus = probe.pmus.map(({ pmu }) => ({ pmu, setPmu: no }))
    const views = host.identify({ pmus, ...given })
    expect(views.map(({ answer }) => answer)).toEqual([no, no])
    expect(host.vms).toBe(0)
  })

  it('is asked on CPUs that this process may use, and not known of other PMUs', () => {
    const host = new Host([3])
    const [little, big] = host.identify()
    expect(little).toEqual({
      pmu: a53,
      answer: {
        call: 'KVM_RUN on a CPU of armv8_cortex_a53',
        ok: false,
        meaning: 'this process may not use any CPU of it',
      },
    })
    expect(big?.answer.meaning).toContain('EMFILE')
    expect(host.vms).toBe(1)
  })

  it('is asked of the only PMU there is on a kernel without SET_PMU', () => {
    const host = new Host()
    host.identify({ setPmu: no, pmus: [{ pmu: a53, setPmu: no }] })
    expect(host.vms).toBe(1)
  })

  it('is an answer for each PMU when something fails, and no error', () => {
    const views = new Host().identify()
    expect(views).toMatchObject([
      {
        pmu: a53,
        answer: { ok: false, meaning: expect.stringMatching(/KVM_CREATE_VM.*EMFILE/) as string },
      },
      { pmu: a72, answer: { ok: false } },
    ])
    expect(views.every(view => !('events' in view))).toBe(true)
  })

  it('cannot be asked where nobody says which CPUs are ours', () => {
    expect(() => new Host(-1).identify()).toThrow(SyscallError)
  })
})
