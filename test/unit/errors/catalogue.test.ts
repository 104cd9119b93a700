import { constants } from 'node:os'
import { describe, expect, test } from 'vitest'
import { catalogue, lookUp, type CatalogueEntry } from '../../../src/errors/index.ts'
import { attributeLabel, REQUESTS } from '../../../src/ioctl/index.ts'
import { attributes } from '../ioctl/abi-rows.ts'

const attributeErrors = attributes().map(attribute => {
  const { set = [], get = [] } = attribute.errors
  return { label: attributeLabel(attribute), errnos: new Set([...set, ...get]) }
})
const rows = Object.entries(catalogue()).flatMap(([key, byErrno]) =>
  Object.entries(byErrno).map(([errno, entry]): [string, string, CatalogueEntry] => [
    key,
    errno,
    entry,
  ]),
)

describe('the catalogue and the tables of src/ioctl', () => {
  test.each(attributeErrors)('$label: every errno of the table has a row', ({ label, errnos }) => {
    const unexplained = [...errnos].filter(errno => catalogue()[label]?.[errno] === undefined)
    expect(unexplained).toEqual([])
  })

  test('every key is a request or an attribute', () => {
    const known = new Set([
      ...Object.keys(REQUESTS),
      ...attributeErrors.map(({ label }) => label),
      'open /dev/kvm',
    ])
    expect(Object.keys(catalogue()).filter(key => !known.has(key))).toEqual([])
  })

  test('an attribute has no row for an errno that its table does not list', () => {
    const surplus = rows.filter(([key, errno]) => {
      const same = attributeErrors.filter(({ label }) => label === key)
      return same.length > 0 && !same.some(({ errnos }) => errnos.has(errno))
    })
    expect(surplus.map(([key, errno]) => `${key} ${errno}`)).toEqual([])
  })

  test('every errno is one', () => {
    const unknown = rows.filter(([, errno]) => !(errno in constants.errno))
    expect(unknown.map(([key, errno]) => `${key} ${errno}`)).toEqual([])
  })
})

describe('every row', () => {
  test.each(rows)(
    '%s %s is a sentence without a full stop, its sources have a version',
    (...row) => {
      const [, , entry] = row
      expect(entry.why).toMatch(/^[^.]\S* .*[^.\s]$/)
      for (const remedy of entry.try ?? []) expect(remedy).toMatch(/^\S.*[^.\s]$/)
      for (const source of entry.see ?? [])
        expect(source).toMatch(
          /^((Documentation|arch|virt)\/\S+,? .*\(v7\.3\)|KVM: arm64: .* \(not in v7\.3\))$/,
        )
    },
  )
})

test.each(rows.filter(([key]) => key.startsWith('KVM_ARM_VCPU_PMU_V3_CTRL/')))(
  '%s %s, of the PMU, says why, what to try and where it stands',
  (...row) => {
    const [, , entry] = row
    expect(entry.try?.length).toBeGreaterThan(0)
    expect(entry.see?.length).toBeGreaterThan(0)
  },
)

describe('lookUp', () => {
  test('a row of the attribute wins over one of the request', () => {
    expect(lookUp('KVM_SET_DEVICE_ATTR', 'KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU', 'ENXIO').why).toMatch(
      /^the kernel has no PMU with this perf type/,
    )
  })

  test('without an attribute it is that of the request', () => {
    expect(lookUp('KVM_CREATE_VCPU', undefined, 'EBUSY').why).toMatch(/^the GIC is initialised/)
  })

  test('nothing rather than a guess', () => {
    expect(lookUp('KVM_CREATE_VCPU', undefined, 'EIO')).toEqual({})
    expect(lookUp('KVM_UNHEARD_OF', undefined, 'EBUSY')).toEqual({})
  })
})
