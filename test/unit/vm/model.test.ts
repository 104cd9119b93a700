import { readdirSync, readFileSync } from 'node:fs'
import { expect, describe, it } from 'vitest'
import { TsvmmError } from '../../../src/errors/index.ts'
import { describeHost, MemoryTree } from '../../../src/host/index.ts'
import { KvmFd } from '../../../src/ioctl/index.ts'
import { decodeMachine } from '../../../src/look/saved.ts'
import type { Answer, PmuProbe } from '../../../src/pmu/probe.ts'
import { askCapabilities, askVms, type Capability, type VmFacts } from '../../../src/vm/look.ts'
import { assumeKvm } from '../../../src/vm/model/assumed-kvm.ts'
import { mpidrOf } from '../../../src/vm/model/kvm-model.ts'
import { ModelSystem } from '../../../src/vm/model/model-system.ts'
import { probeWith } from '../../../src/vm/probe-host.ts'

const folder = new URL('../../../machines/', import.meta.url)

/** What a model is asked and answers, as it was asked. */
function ask(text: string, name: string) {
  const { files, kvm } = decodeMachine(text, name)
  if (kvm === undefined || kvm instanceof TsvmmError) throw new Error('no answers were saved')
  const tree = new MemoryTree(files, name)
  const { pmus, affinity, online } = describeHost(tree)
  const system = new ModelSystem(assumeKvm(kvm, pmus), affinity ?? online)
  return { saved: kvm, tree, system, kvm: KvmFd.open(system) }
}

/** What can be told from answers: whether, and with which errno. */
const plain = ({ ok, errno }: Answer) => (ok ? 'yes' : (errno ?? 'no'))
const plainProbe = ({ pmus, ...probe }: PmuProbe) => ({
  pmus: pmus.map(({ pmu, counters, setPmu, isDefault }) => ({
    pmu,
    counters,
    setPmu: plain(setPmu),
    isDefault: isDefault && plain(isDefault),
  })),
  setPmu: plain(probe.setPmu),
  setNrCounters: plain(probe.setNrCounters),
  filter: plain(probe.filter),
  filterEvents: probe.filterEvents,
  strict: plain(probe.strict),
  fixedCountersOnly: probe.fixedCountersOnly.is,
})

describe('a model of a saved machine', () => {
  // Its firmware leaves no EL2 to KVM.
  const machines = readdirSync(folder).filter(name => name !== 'snapdragon-x-elite.json')
  it.each(machines)('%s answers as the machine did', name => {
    const { saved, tree, system, kvm } = ask(readFileSync(new URL(name, folder), 'utf8'), name)
    if (saved.pmus === undefined || saved.pmus instanceof TsvmmError) throw new Error('no PMUs')
    expect(plainProbe(probeWith({ system, kvm, tree }))).toEqual(plainProbe(saved.pmus))
    if (!Array.isArray(saved.capabilities)) throw new Error('no capabilities')
    const values = (list: readonly Capability[]) => list.map(({ name, value = 0 }) => [name, value])
    expect(values(askCapabilities(kvm))).toEqual(values(saved.capabilities as Capability[]))
    if (saved.vms === undefined || saved.vms instanceof TsvmmError) throw new Error('no VMs')
    const kinds = ({ gics, ipaBits }: VmFacts) => [ipaBits, ...gics.map(gic => gic.available)]
    expect(kinds(askVms(kvm))).toEqual(kinds(saved.vms))
  })
})

describe('mpidrOf', () => {
  it.each([
    [0, 0x8000_0000n],
    [15, 0x8000_000fn],
    [16, 0x8000_0100n],
    [511, 0x8000_1f0fn],
    [4096, 0x8001_0000n],
  ])('of vCPU %i is as KVM computes it', (id, mpidr) => expect(mpidrOf(id)).toBe(mpidr))
})
