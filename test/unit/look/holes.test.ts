import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BugError, HostError, TsvmmError } from '../../../src/errors/index.ts'
import { MemoryTree, type HostFacts } from '../../../src/host/index.ts'
import { advise } from '../../../src/look/advice/advise.ts'
import { renderAdvice } from '../../../src/look/advice/text.ts'
import { VMMS, type VmmName } from '../../../src/look/advice/vmms.ts'
import { answeredBefore, lookAt, PROBE_TOPICS, type Machine } from '../../../src/look/facts.ts'
import { probedToJson } from '../../../src/look/json.ts'
import { renderFeatureFile } from '../../../src/look/nfd.ts'
import type { SavedMachine } from '../../../src/look/saved.ts'
import { renderSvg } from '../../../src/look/svg.ts'
import { renderProbed } from '../../../src/look/text.ts'
import { arbitraryMachine } from './arbitrary-machine.ts'
import { parseXml } from './xml.ts'

const vmms = Object.keys(VMMS) as VmmName[]

/** Undefined: nothing can be said without the CPUs that are possible. */
async function seen({
  files,
  kvm,
}: SavedMachine): Promise<(Machine & { host: HostFacts }) | undefined> {
  try {
    const { host, kvm: answers } = await lookAt(
      'all',
      new MemoryTree(files, 'x.json'),
      kvm && answeredBefore(kvm),
    )
    return { host: host!, kvm: answers }
  } catch (error) {
    expect(error).toBeInstanceOf(HostError)
    expect((error as HostError).message).toContain('/sys/devices/system/cpu/possible')
    return undefined
  }
}

it('whatever is wrong with a machine, it is shown, with that, and drawn', async () => {
  let count = 0
  await fc.assert(
    fc.asyncProperty(arbitraryMachine, async machine => {
      const found = await seen(machine)
      if (found === undefined) return
      count++
      const { host } = found
      for (const topic of PROBE_TOPICS) {
        const text = renderProbed({ topic, ...found })
        expect(/^not right: /m.test(text)).toBe(host.problems.length > 0)
        JSON.stringify(probedToJson({ topic, ...found }))
      }
      parseXml(renderSvg({ topic: 'all', ...found }, host))
      renderFeatureFile(found)
      vmms.forEach(vmm => alternatives(vmm, found))
    }),
  )
  expect(count).toBeGreaterThan(50)
})

const CPU = '/sys/devices/system/cpu'
const PMU = '/sys/bus/event_source/devices'

const list = fc.constantFrom('0-3', '2', '0-1', '2-5', '8', '', '0,3-8', 'x')

/** With PMUs that have types of their own, and lists that are drawn by lot. */
const contradictory = fc
  .record({ present: list, online: list, a: list, b: list, affinity: fc.option(list) })
  .map(({ present, online, a, b, affinity }) => ({
    [`${CPU}/possible`]: '0-5',
    [`${CPU}/present`]: present,
    [`${CPU}/online`]: online,
    [`${PMU}/a/type`]: '8',
    [`${PMU}/a/cpus`]: a,
    [`${PMU}/b/type`]: '9',
    [`${PMU}/b/cpus`]: b,
    ...(affinity !== null && { '/proc/self/status': `Cpus_allowed_list:\t${affinity}` }),
  }))

it('nobody is sent to CPUs that do not run, cannot be, or are of several PMUs', async () => {
  let count = 0
  await fc.assert(
    fc.asyncProperty(contradictory, fc.constantFrom(...vmms), async (files, vmm) => {
      const found = await seen({ tsvmm: '1', files: new Map(Object.entries(files)) })
      if (found === undefined) throw new Error('there are possible CPUs')
      const { possible, online, pmus } = found.host
      const isSound = (cpu: number) =>
        possible.includes(cpu) && pmus.filter(({ cpus }) => cpus.includes(cpu)).length < 2
      for (const { cpus, vcpus, argv, xml } of alternatives(vmm, found)) {
        count++
        expect(online).toEqual(expect.arrayContaining([...cpus]))
        expect(cpus.filter(cpu => !isSound(cpu))).toEqual([])
        expect(vcpus).toBeGreaterThan(0)
        const isKept = /taskset|affinity|emulatorpin/.test(argv?.join(' ') ?? xml ?? '')
        if (!isKept) expect(online.filter(cpu => !isSound(cpu))).toEqual([])
      }
    }),
    { numRuns: 500 },
  )
  expect(count).toBeGreaterThan(50)
})

function alternatives(vmm: VmmName, machine: Machine & { host: HostFacts }) {
  try {
    const advice = advise(vmm, machine)
    renderAdvice(advice)
    return advice.alternatives
  } catch (error) {
    expect(error).toBeInstanceOf(TsvmmError)
    expect(error).not.toBeInstanceOf(BugError)
    return []
  }
}
