import { spawnSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLIENTS } from '../../src/look/advice/clients.ts'
import { PROBE_TOPICS } from '../../src/look/facts.ts'
import { decodeMachine, encodeMachine } from '../../src/look/saved.ts'
import { complaints, SCHEMA_FILES } from '../schemas.ts'
import { APPLE_M1, GRAVITON3, HOTPLUG, RK3399, UNCORE_ONLY } from '../unit/host/machines.ts'
import { machine } from '../unit/look/kernels.ts'

const clone = fileURLToPath(new URL('../..', import.meta.url))
const SHIPPED = join(clone, 'machines')
const bin = join(clone, 'bin/tsvmm.js')

let folder: string
beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'tsvmm-test-'))
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

function tsvmm(...args: string[]) {
  const { status, stdout } = spawnSync(process.execPath, [bin, ...args], { cwd: folder })
  return { status, object: JSON.parse(String(stdout)) as Record<string, unknown> }
}

type Files = Readonly<Record<string, string>>

/** A tree for --sysroot, with this below sys. */
function tree(files: Files): string {
  const root = fs.mkdtempSync(join(folder, 'tree-'))
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, 'sys', path)
    fs.mkdirSync(dirname(file), { recursive: true })
    fs.writeFileSync(file, content)
  }
  return root
}

const MACHINES: readonly (readonly [string, Files])[] = [
  ['RK3399', RK3399],
  ['GRAVITON3', GRAVITON3],
  ['APPLE_M1', APPLE_M1],
  ['HOTPLUG', HOTPLUG],
  ['UNCORE_ONLY', UNCORE_ONLY],
  ['CPUs that are not possible', { ...RK3399, 'devices/system/cpu/present': '0-8' }],
]

/** For --from: a board, and what its KVM said. */
function saved(kvm: object | undefined): string {
  const file = join(fs.mkdtempSync(join(folder, 'saved-')), 'machine.json')
  const files = Object.fromEntries(
    Object.entries(RK3399).map(([path, content]) => [`/sys/${path}`, content.trimEnd()]),
  )
  const about = { name: 'a board', published: [{ fact: 'all', source: 'us' }], assumed: ['all'] }
  const object = { format: 'tsvmm machine', version: 1, tsvmm: '0.1.0', about, files, kvm }
  const text = encodeMachine(decodeMachine(JSON.stringify(object), file))
  expect(complaints('machine.schema.json', JSON.parse(text))).toEqual([])
  fs.writeFileSync(file, text)
  return file
}

const REFUSED = {
  error: { code: 'TSVMM_HOST_NO_KVM', message: 'there is no KVM', try: [], see: [] },
}

/** What KVM of the board could say, in part or all of it. */
const KVMS: readonly (readonly [string, object | undefined])[] = [
  ['not asked', undefined],
  ['away', REFUSED],
  ['current', machine(RK3399, {}).kvm],
  ['with everything', machine(RK3399, { fixed: 'available', strict: true }).kvm],
  ['old', machine(RK3399, { picks: 'armv8_cortex_a53', setPmu: false }).kvm],
  ['that refuses', machine(RK3399, { refuses: ['armv8_cortex_a53', 'armv8_cortex_a72'] }).kvm],
  ['without PMUs', machine(RK3399, { pmuV3: false }).kvm],
  [
    'answering in part',
    {
      apiVersion: 12,
      pmus: REFUSED,
      guests: [
        { pmu: { name: 'x', type: 8, cpus: [0] }, answer: { call: 'x', ok: true }, events: [17] },
      ],
      capabilities: [{ name: 'KVM_CAP_MSI_DEVID', number: 131, errno: 'EINVAL', ofVm: true }],
      vms: { ipaBits: 40, maxVcpus: 512, recommendedVcpus: 2, gics: [] },
    },
  ],
]

describe('a machine we do not have', () => {
  it.each(MACHINES)('%s, as each topic, and saved', (_, files) => {
    const sysroot = tree(files)
    for (const topic of ['pmus', 'cpus', 'all']) {
      const { status, object } = tsvmm('probe', topic, '--sysroot', sysroot, '--json')
      expect(complaints('probe.schema.json', object)).toEqual([])
      expect(status).toBe(0)
    }
    const { object } = tsvmm('probe', '--sysroot', sysroot, '--save', '-')
    expect(complaints('machine.schema.json', object)).toEqual([])
  })

  it.each(KVMS)('with a KVM %s, as each topic it has an answer to', (name, kvm) => {
    const from = saved(kvm)
    const topics = kvm && (name === 'away' || 'guests' in kvm) ? PROBE_TOPICS : ['pmus', 'all']
    for (const topic of topics) {
      const { status, object } = tsvmm('probe', topic, '--from', from, '--json')
      expect(complaints('probe.schema.json', object)).toEqual([])
      expect(object['exitStatus']).toBe(status)
    }
  })

  it.each(KVMS)('with a KVM %s, as advice', (_, kvm) => {
    checkAdvice(['tsvmm', 'qemu', 'nfd'], saved(kvm))
  })

  it('as advice for everything', () => {
    checkAdvice(CLIENTS, saved(machine(RK3399, {}).kvm))
  })

  function checkAdvice(clients: readonly string[], from: string): void {
    for (const client of clients) {
      const { status, object } = tsvmm('probe', '--for', client, '--from', from, '--json')
      expect(complaints('advice.schema.json', object)).toEqual([])
      expect(object['exitStatus']).toBe(status)
    }
  }

  it.each(fs.readdirSync(SHIPPED))('%s of the package, shown, and as advice', name => {
    const file = join(SHIPPED, name)
    expect(complaints('machine.schema.json', JSON.parse(fs.readFileSync(file, 'utf8')))).toEqual([])
    const { object } = tsvmm('probe', '--from', file, '--json')
    expect(complaints('probe.schema.json', object)).toEqual([])
    checkAdvice(['tsvmm', 'libvirt'], file)
  })

  it('that cannot be read', () => {
    const sysroot = tree({ ...RK3399, 'devices/system/cpu/possible': 'nonsense' })
    const probed = tsvmm('probe', '--sysroot', sysroot, '--json')
    expect(complaints('probe.schema.json', probed.object)).toEqual([])
    const advice = tsvmm('probe', '--for', 'qemu', '--sysroot', sysroot, '--json')
    expect(complaints('advice.schema.json', advice.object)).toEqual([])
    expect([probed.status, advice.status]).toEqual([120, 120])
  })
})

describe('this machine, whatever it is', () => {
  it.each(PROBE_TOPICS)('as topic %s', topic => {
    const { status, object } = tsvmm('probe', topic, '--json')
    expect(complaints('probe.schema.json', object)).toEqual([])
    expect(object['exitStatus']).toBe(status)
  })

  it('and saved, and diagnosed', () => {
    expect(complaints('machine.schema.json', tsvmm('probe', '--save', '-').object)).toEqual([])
    expect(complaints('doctor.schema.json', tsvmm('doctor', '--json').object)).toEqual([])
  })

  it('with a guest that was not run', () => {
    const file = join(folder, 'run.json')
    spawnSync(process.execPath, [bin, 'run', '--json', file, '/nowhere'])
    const object: unknown = JSON.parse(fs.readFileSync(file, 'utf8'))
    expect(object).toHaveProperty('error')
    expect(complaints('run.schema.json', object)).toEqual([])
  })
})

it('explanations of everything that can be explained, by its name', () => {
  const { object } = tsvmm('explain', '--json')
  expect(complaints('explain.schema.json', object)).toEqual([])
  for (const { names } of object['kinds'] as { names: string[] }[]) {
    const { status, object: explained } = tsvmm('explain', '--json', ...names)
    expect(complaints('explain.schema.json', explained)).toEqual([])
    expect(status).toBe(0)
  }
})

describe('the schemas', () => {
  it.each(SCHEMA_FILES)('%s is a schema, and takes not just anything', file => {
    const isOfParts = file === 'common.schema.json'
    expect(complaints(file, { command: 'none' }).length === 0).toBe(isOfParts)
  })

  it('take no field they do not know', () => {
    const { object } = tsvmm('probe', '--sysroot', tree(RK3399), '--json')
    const host = { ...(object['host'] as object), hostname: 'x' }
    expect(complaints('probe.schema.json', { ...object, host })).toEqual([
      '/host must NOT have additional properties {"additionalProperty":"hostname"}',
    ])
  })

  it('are in the package', () => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
    const { stdout } = spawnSync('npm', args, { cwd: clone, encoding: 'utf8' })
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }]
    expect(files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(SCHEMA_FILES.map(file => `schema/${file}`)),
    )
  })
})
