import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HostError, IoctlError, TsvmmError, UsageError } from '../../../src/errors/index.ts'
import { MemoryTree, RecordingTree } from '../../../src/host/index.ts'
import { answeredBefore, lookAt, type Machine } from '../../../src/look/facts.ts'
import { probedToJson } from '../../../src/look/json.ts'
import { decodeMachine, encodeMachine, type SavedMachine } from '../../../src/look/saved.ts'
import { renderProbed } from '../../../src/look/text.ts'
import { RK3399 } from '../host/machines.ts'
import { madeSysfs } from '../host/sysfs-tree.ts'
import { arbitraryMachine } from './arbitrary-machine.ts'

const NAME = '--from x.json'

/** Errors as plain objects: a `RecordedError` is another object each time. */
function plain(machine: SavedMachine): unknown {
  return JSON.parse(
    JSON.stringify(
      Object.assign({}, machine, { files: [...machine.files] }),
      (_, value: unknown) =>
        value instanceof TsvmmError
          ? {
              code: value.code,
              message: value.message,
              why: value.why,
              try: value.try,
              see: value.see,
            }
          : value,
    ),
  )
}

async function shown(machine: SavedMachine): Promise<Machine> {
  const { files, kvm } = machine
  return lookAt('all', new MemoryTree(files, 'x.json'), kvm && answeredBefore(kvm))
}

/** Nobody could have an error but us. */
async function isOursOrWorks(action: () => unknown): Promise<void> {
  try {
    await action()
  } catch (error) {
    expect(error).toSatisfy(each => each instanceof UsageError || each instanceof HostError)
  }
}

describe('a saved machine', () => {
  it('says the same when it is read again', () => {
    fc.assert(
      fc.property(arbitraryMachine, machine => {
        expect(plain(decodeMachine(encodeMachine(machine), NAME))).toEqual(plain(machine))
      }),
    )
  })

  it('is shown whatever its files hold, or what is wrong with them is said', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryMachine, async machine => {
        await isOursOrWorks(async () => {
          const probed = { topic: 'all' as const, source: 'x', ...(await shown(machine)) }
          renderProbed(probed, { paint: (_, text) => text, branches: 'ascii' })
          JSON.stringify(probedToJson(probed))
        })
      }),
    )
  })

  it('that was cut, or of which a character changed, is a machine or explained', async () => {
    const change = fc.tuple(fc.nat(), fc.string({ maxLength: 3 }), fc.nat(3), fc.boolean())
    await fc.assert(
      fc.asyncProperty(arbitraryMachine, change, async (machine, [at, added, gone, isCut]) => {
        const text = encodeMachine(machine)
        const place = at % text.length
        const rest = isCut ? '' : added + text.slice(place + gone)
        await isOursOrWorks(() => shown(decodeMachine(text.slice(0, place) + rest, NAME)))
      }),
      { numRuns: 500 },
    )
  })

  it('any JSON is a machine or explained', () => {
    const text = encodeMachine({ tsvmm: '1', files: new Map([['/sys/x', '']]) })
    const fields = Object.keys(JSON.parse(text) as object)
    fc.assert(
      fc.property(fc.constantFrom(...fields, 'kvm'), fc.jsonValue(), (field, value) => {
        const changed = { ...(JSON.parse(text) as object), [field]: value }
        try {
          decodeMachine(JSON.stringify(changed), NAME)
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
        }
      }),
    )
  })

  it('is made of what was read of a machine', async () => {
    const tree = new RecordingTree(
      madeSysfs(RK3399, { 'self/status': 'Name:\tnode\nCpus_allowed_list:\t0-4\nPid:\t7\n' }),
    )
    const before = await lookAt('all', tree, undefined)
    const text = encodeMachine({ tsvmm: '1', files: tree.files })
    expect(await shown(decodeMachine(text, NAME))).toEqual(before)
    expect(text).toContain('"/sys/devices/system/cpu/online": "0-5"')
    expect(text).toContain('"/proc/self/status": "Cpus_allowed_list:\\t0-4"')
  })
})

describe('nothing personal is saved', () => {
  it('of files, only those of the list, and of some only a part', () => {
    const files = new Map<string, string | null>([
      ['/sys/devices/system/cpu/online', '0'],
      ['/sys/devices/system/cpu/present', null],
      ['/sys/devices/system/cpu/cpu0/topology/ppin', 'secret'],
      ['/sys/class/dmi/id/product_serial', 'secret'],
      ['/proc/cmdline', 'secret'],
      ['/proc/self/status', 'Name:\tsecret\nCpus_allowed_list:\t0\n'],
      ['/proc/self/cpuset', '/user.slice/secret'],
      ['/proc/self/mountinfo', '35 24 0:29 / /home/secret rw - cgroup2 secret rw'],
      ['/home/secret/cpuset.cpus.effective', '0'],
    ])
    const text = encodeMachine({ tsvmm: '1', files })
    expect(text).not.toContain('secret')
    expect([...decodeMachine(text, NAME).files]).toEqual([
      ['/sys/devices/system/cpu/online', '0'],
      ['/sys/devices/system/cpu/present', null],
      ['/proc/self/status', 'Cpus_allowed_list:\t0'],
      ['/proc/self/cpuset', '/'],
      ['/proc/self/mountinfo', '1 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw'],
      ['/sys/fs/cgroup/cpuset.cpus.effective', '0'],
    ])
  })

  it('of errors that may name files, only what their code means', () => {
    const shim = new HostError('SHIM', 'no /home/secret/x.so', { why: 'secret', try: ['secret'] })
    const ioctl = new IoctlError({ request: 'KVM_CREATE_VM', on: '/dev/kvm', errno: 12 })
    const kvm = { apiVersion: 12, pmus: shim, vms: ioctl }
    const text = encodeMachine({ tsvmm: '1', files: new Map(), kvm })
    expect(text).not.toContain('secret')
    expect(decodeMachine(text, NAME).kvm).toMatchObject({
      pmus: { code: 'TSVMM_HOST_SHIM', exitStatus: 120, why: undefined },
      vms: { code: 'TSVMM_IOCTL', message: ioctl.message, why: ioctl.why, exitStatus: 121 },
    })
  })
})

describe('what is no saved machine is explained', () => {
  const machine = (fields: object) =>
    JSON.stringify({ format: 'tsvmm machine', version: 1, tsvmm: '1', files: {}, ...fields })
  const pmus = (fields: object) => machine({ kvm: { apiVersion: 12, pmus: fields } })

  it.each<[string, string, string]>([
    ['nothing', '', 'is empty'],
    ['no JSON', 'CPUS  CORE\n', 'is no JSON'],
    ['half of one', machine({}).slice(0, -9), 'ends in the middle: part of it is missing'],
    ['a list', '[]', 'is no machine that was saved by tsvmm'],
    ['of others', '{"format":"zip"}', 'is no machine that was saved by tsvmm'],
    [
      'a later format',
      machine({ version: 2 }),
      'newer tsvmm (format 2), and this one reads format 1',
    ],
    ['no format there was', machine({ version: 0 }), 'has format 0, which there never was'],
    ['no version', machine({ version: undefined }), ': version is missing'],
    ['a wrong version', machine({ version: '1' }), ': version is "1", not a whole number from 0'],
    ['no files', machine({ files: [] }), ': files is a list, not an object'],
    [
      'files elsewhere',
      machine({ files: { '/etc/passwd': '' } }),
      'is "/etc/passwd", not a file in',
    ],
    ['files by detours', machine({ files: { '/sys/../x': '' } }), 'is "/sys/../x", not a file in'],
    ['a prototype', machine({}).replace('{}', '{"__proto__":""}'), ': files["__proto__"] is'],
    ['a file of numbers', machine({ files: { '/sys/x': 1 } }), ': files["/sys/x"] is 1, not text'],
    ['half a probe', pmus({ pmuV3: true }), ': kvm.pmus.pmus is missing'],
    ['a word', pmus({ pmuV3: 'yes' }), ': kvm.pmus.pmuV3 is "yes", not true or false'],
    ['a huge number', machine({ kvm: { apiVersion: 1e300 } }), ': kvm.apiVersion is 1e+300, not'],
    ['an error of others', pmus({ error: { code: 'X' } }), ': kvm.pmus.error.code is "X", not a'],
    [
      'a control character',
      machine({ kvm: { apiVersion: '\u001b[2J' } }),
      ': kvm.apiVersion is "\\u001b[2J", not',
    ],
    [
      'deep nesting',
      machine({ kvm: 0 }).replace('0}', `${'['.repeat(1e5)}${']'.repeat(1e5)}}`),
      ': kvm is a list, not an object',
    ],
  ])('%s', (_, text, message) => {
    expect(() => decodeMachine(text, NAME)).toThrow(UsageError)
    expect(() => decodeMachine(text, NAME)).toThrow(message)
    expect(() => decodeMachine(text, NAME)).toThrow(/^--from x\.json[: ]/)
  })
})
