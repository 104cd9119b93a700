import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
// @ts-expect-error -- a script without types
import { MACHINES } from '../../scripts/machines/all.mjs'
// @ts-expect-error -- a script without types
import { encodeDescribed } from '../../scripts/machines/describe.mjs'
import { CLIENTS } from '../../src/look/advice/clients.ts'
import { complaints } from '../schemas.ts'
import { ADVISED } from './machines-table.ts'

const bin = fileURLToPath(new URL('../../bin/tsvmm.js', import.meta.url))
const folder = fileURLToPath(new URL('../../machines', import.meta.url))

interface Output {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

function probe(file: string, ...args: string[]): Promise<Output> {
  const argv = ['--no-addons', bin, 'probe', ...args, '--from', `${folder}/${file}.json`]
  return new Promise(resolve => {
    execFile(process.execPath, argv, (error, stdout, stderr) => {
      resolve({ status: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}

interface Probed {
  readonly about: { name: string; published: { fact: string; source: string }[]; assumed: string[] }
  readonly host: {
    cpus: { online: number[]; uncovered: number[] }
    pmus: { name: string; cpus: number[]; events: object }[]
  }
  readonly kvm: {
    pmus?: { pmus: { pmu: { name: string }; setPmu: { ok: boolean }; counters: number }[] }
    guests?: { pmu: { name: string }; events: { number: number; name: string | null }[] }[]
    vms?: { ipaBits: number; gics: { name: string; available: boolean }[] }
    error?: { code: string }
  }
}

async function asJson(file: string): Promise<Probed> {
  const object = JSON.parse((await probe(file, '--json')).stdout) as Probed
  expect(complaints('probe.schema.json', object)).toEqual([])
  return object
}

const files = (MACHINES as { file: string }[]).map(({ file }) => file)

describe('the machines in the package', () => {
  it('are all there, and none else; few enough to be in it', () => {
    const names = readdirSync(folder)
    expect(names).toEqual(files.map(file => `${file}.json`))
    expect(Object.keys(ADVISED)).toEqual(files)
    const sizes = names.map(name => readFileSync(`${folder}/${name}`).length)
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(400_000)
  })

  it.each(MACHINES as { file: string }[])(
    '$file is what the script writes (else: npm run machines)',
    machine => {
      const encode = encodeDescribed as (machine: object) => string
      const text = readFileSync(`${folder}/${machine.file}.json`, 'utf8')
      expect(encode(machine)).toBe(text)
      expect(complaints('machine.schema.json', JSON.parse(text))).toEqual([])
    },
  )
})

describe.each(Object.entries(ADVISED))('%s', (file, wanted) => {
  it('says what is published, where, and what is assumed', async () => {
    const { about } = await asJson(file)
    expect(about.name).toMatch(/Linux 6\.\d+$/)
    expect(about.published.length).toBeGreaterThan(2)
    for (const { fact, source } of about.published) {
      expect(fact).toMatch(/\w{3}/)
      expect(source).toMatch(/\w{3}/)
    }
    expect(about.assumed.length).toBeGreaterThan(2)
  })

  it('has its PMUs, each on its CPUs, and what KVM says of them', async () => {
    const { host, kvm } = await asJson(file)
    expect(host.cpus).toMatchObject({ uncovered: [] })
    expect(host.cpus.online).toHaveLength(wanted.cpus)
    expect(host.pmus.map(({ name, cpus }) => [name, cpus.length])).toEqual(wanted.pmus)
    if (wanted.counters === undefined) {
      expect(kvm).toMatchObject({ error: { code: 'TSVMM_HOST_NO_KVM' } })
      return
    }
    expect(
      kvm.pmus?.pmus.map(({ pmu, setPmu, counters }) => [pmu.name, setPmu.ok, counters]),
    ).toEqual(wanted.pmus.map(([name]) => [name, true, wanted.counters]))
    expect(kvm.vms?.ipaBits).toBe(wanted.ipaBits)
    expect(kvm.vms?.gics.filter(gic => gic.available).map(({ name }) => name)).toEqual(wanted.gics)
    const seen = kvm.guests?.map(({ pmu, events }) => [pmu.name, events.length])
    expect(seen).toEqual(wanted.pmus.map(([name], index) => [name, wanted.events?.[index]]))
    for (const { events } of kvm.guests ?? [])
      for (const { name } of events) expect(name).toMatch(/^[A-Z]/)
  })

  it('is shown by every topic, and as a picture', async () => {
    const needsKvm = ['caps', 'gic']
    const topics = ['pmus', 'cpus', 'all', ...needsKvm]
    const outputs = await Promise.all(topics.map(topic => probe(file, topic)))
    for (const [index, topic] of topics.entries()) {
      const nothing = wanted.counters === undefined && needsKvm.includes(topic)
      expect(outputs[index], topic).toMatchObject({ status: nothing ? 120 : 0 })
      if (!nothing) expect(outputs[index], topic).toMatchObject({ stderr: '' })
    }
    const svg = await probe(file, '--svg', '-')
    expect(svg).toMatchObject({ status: 0, stderr: '' })
    expect(svg.stdout).toMatch(/^<svg [^]*<\/svg>\n$/)
    for (const [name] of wanted.pmus) expect(svg.stdout).toContain(name)
  })

  it('has advice for every VMM, and labels', async () => {
    const outputs = await Promise.all(
      CLIENTS.map(async client => [client, await probe(file, '--for', client)] as const),
    )
    const some = wanted.counters === undefined ? 120 : 0
    expect(Object.fromEntries(outputs.map(([client, { status }]) => [client, status]))).toEqual({
      ...Object.fromEntries(CLIENTS.map(client => [client, some])),
      // It has no machine without a GICv3.
      'cloud-hypervisor': wanted.gics?.includes('GICv3') === false ? 1 : some,
      firecracker: 1,
      nfd: 0,
    })
    const { tsvmm, nfd } = Object.fromEntries(outputs)
    const commands = tsvmm?.stdout.split('\n').filter(line => /^(# )?tsvmm run/.test(line))
    expect(commands).toEqual(wanted.tsvmm)
    expect(nfd?.stdout).toContain(`tsvmm-pmu=${String(wanted.counters !== undefined)}\n`)
  })
})
