import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { diagnose } from '../../../src/doctor/conclusion.ts'
import { gatherFacts, type Sources } from '../../../src/doctor/facts.ts'
import { BugError, HostError } from '../../../src/errors/index.ts'
import type { HostTree } from '../../../src/host/index.ts'
import { GRAVITON3 } from '../host/machines.ts'
import { madeSys, madeTree } from '../host/made-tree.ts'

const sources = (changed: Partial<Sources>): Sources => ({
  tree: madeSys(GRAVITON3),
  kvmPath: '/no/kvm',
  env: {},
  arch: 'arm64',
  nodeVersion: '20.19.0',
  loadNative: () => ({ backend: 'as a module of Node' }),
  askKvm: () => Promise.reject(new BugError('KVM was asked')),
  ...changed,
})

/** Nothing can be read, nothing listed. */
const CLOSED: HostTree = {
  read: path => {
    throw new HostError('SYSFS', `cannot read ${path}`)
  },
  list: path => {
    throw new HostError('SYSFS', `cannot list ${path}`)
  },
  nameOf: path => path,
}

/** A file that can be opened, for a device that can. */
function openable(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'kvm')
  writeFileSync(path, '')
  return path
}

describe('facts', () => {
  it('KVM is asked where it can be opened, and what it says is kept, refusals too', async () => {
    const refusal = new HostError('KVM_API', 'KVM speaks another version')
    const asked = { kvmPath: openable(), askKvm: () => Promise.reject(refusal) }
    expect((await gatherFacts(sources(asked))).kvm).toBe(refusal)
    const answer = Promise.resolve({ apiVersion: 12 })
    let parts: readonly string[] = []
    const askKvm: Sources['askKvm'] = wanted => {
      parts = wanted
      return answer
    }
    const answered = await gatherFacts(sources({ ...asked, askKvm }))
    expect(parts).not.toContain('guests')
    expect(answered.kvm).toEqual({ apiVersion: 12 })
    expect(answered.host).toMatchObject({ online: [0, 1] })
  })

  it.each<[string, Partial<Sources>]>([
    ['another architecture', { arch: 'x64' }],
    ['no device', { kvmPath: '/no/kvm' }],
    [
      'native code that does not load',
      {
        loadNative: () => {
          throw new HostError('FFI', 'ffi-napi cannot be loaded')
        },
      },
    ],
  ])('KVM is not asked: %s', async (_, changed) => {
    const from = sources({ kvmPath: openable(), ...changed })
    expect((await gatherFacts(from)).kvm).toBeUndefined()
  })

  it('of a machine that lets nothing be read are reasons, and never an exception', async () => {
    const facts = await gatherFacts(sources({ tree: CLOSED, arch: 'x64' }))
    for (const fact of [facts.kernel, facts.level, facts.surroundings, facts.host])
      expect(fact).toBeInstanceOf(HostError)
    const { checks } = diagnose({ ...facts, arch: 'arm64' })
    expect(checks.find(({ id }) => id === 'cpu.online')).toMatchObject({
      verdict: 'SKIP',
      found: expect.stringMatching(/^not known: cannot read/) as unknown,
    })
  })

  it('of an empty machine', async () => {
    const facts = await gatherFacts(sources({ tree: madeTree({}), arch: 'x64' }))
    expect(facts.host).toBeInstanceOf(HostError)
    expect(diagnose(facts).exitStatus).toBe(77)
  })

  it('a bug of ours is not taken for a fact', async () => {
    const loadNative = () => {
      throw new BugError('no')
    }
    await expect(gatherFacts(sources({ loadNative }))).rejects.toThrow(BugError)
  })
})
