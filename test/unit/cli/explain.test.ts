import { describe, expect, it, test } from 'vitest'
import { findTopics } from '../../../src/cli/explain-find.ts'
import { namesOf, renderOverview, renderTopics } from '../../../src/cli/explain-text.ts'
import { wrap } from '../../../src/cli/wrap.ts'
import { KINDS } from '../../../src/cli/explain-topic.ts'
import { allTopics } from '../../../src/cli/explain-topics.ts'
import { CHECKS } from '../../../src/doctor/checks.ts'
import { KERNEL_FEATURES } from '../../../src/doctor/kernel-features.ts'
import { CODE_ADVICE, STATUS_ADVICE } from '../../../src/errors/code-notes.ts'
import { catalogue, ERROR_CODES, EXIT_CODES, UsageError } from '../../../src/errors/index.ts'
import { TERMS } from '../../../src/errors/terms.ts'
import * as notes from '../../../src/errors/topics.ts'
import * as ioctl from '../../../src/ioctl/index.ts'

const topics = allTopics()
const find = (...words: string[]) => findTopics(words, topics)
const names = (...words: string[]) => find(...words).map(({ name }) => name)
const refused = (...words: string[]) => {
  try {
    find(...words)
  } catch (error) {
    if (error instanceof UsageError) return error
    throw error
  }
  throw new Error(`${words.join(' ')} was found`)
}

const attributes = [
  ioctl.VCPU_ATTRIBUTES,
  ioctl.VM_ATTRIBUTES,
  ioctl.VGIC_V2_ATTRIBUTES,
  ioctl.VGIC_V3_ATTRIBUTES,
  ioctl.VGIC_ITS_ATTRIBUTES,
].flatMap(table => Object.values<ioctl.DeviceAttribute>(table))
const attributeNames = [
  ...new Set(attributes.map(({ attrName, groupName }) => attrName ?? groupName)),
]
const exits = [
  ...Object.keys(ioctl.EXIT_REASONS),
  'KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED',
  ...Object.keys(ioctl.SYSTEM_EVENTS),
  ...Object.keys(ioctl.INTERNAL_ERRORS),
]
const errnos = [...new Set(Object.values(catalogue()).flatMap(rows => Object.keys(rows)))]

describe('everything in the tables can be explained', () => {
  test.each([
    ...errnos,
    ...attributeNames,
    ...attributes.map(ioctl.attributeLabel),
    ...new Set(attributes.map(({ groupName }) => groupName)),
    ...Object.keys(ioctl.REQUESTS),
    ...Object.keys(ioctl.CAPABILITIES),
    ...Object.keys(ioctl.VCPU_FEATURES),
    ...exits,
    ...Object.keys(ioctl.DEVICE_TYPES),
    ...Object.entries(TERMS).flatMap(([name, { aliases = [] }]) => [name, ...aliases]),
    ...CHECKS.map(({ id }) => id),
    ...Object.keys(ERROR_CODES),
    'TSVMM_INTERRUPTED',
    ...Object.values(EXIT_CODES).map(({ status }) => `${status}`),
    '/dev/kvm',
  ])('%s', word => {
    const found = find(word.toLowerCase())
    expect(found.length).toBeGreaterThan(0)
    for (const { what } of found) expect(what).toMatch(/^\S.*[^.\s]$/)
    for (const width of [80, 40]) {
      const text = renderTopics(found, width)
      const tooLong = text
        .split('\n')
        .filter(line => line.length > width && line.trim().includes(' '))
        // What does not break: a label or an indentation with one word.
        .filter(line => line.trim().split(/ +/).length > 2)
      expect(tooLong).toEqual([])
      expect(text).not.toMatch(/ $|undefined|\n\n\n\n/m)
    }
  })

  test.each(Object.entries(catalogue()))(
    '%s, with every errno, its reason and its sources',
    (...row) => {
      const [key, rows] = row
      for (const [errno, entry] of Object.entries(rows)) {
        const found = find(...key.split(' '), errno)
        expect(found.flatMap(topic => topic.rows)).toContainEqual({ of: key, errno, ...entry })
        const text = renderTopics(found, 1000)
        for (const part of [key, entry.why, ...(entry.try ?? []), ...(entry.see ?? [])])
          expect(text).toContain(part)
      }
    },
  )

  test.each(KERNEL_FEATURES)('$symbol, with its history', ({ symbol, since, what, takes }) => {
    const text = renderTopics(find(symbol), 1000)
    expect(text).toMatch(new RegExp(`^ {2}since Linux +${since?.join('.') ?? 'no release'}$`, 'm'))
    expect(text).toMatch(/^ {2}asked by +KVM_\w+.*: tsvmm probe (caps|pmus|gic)$/m)
    for (const part of [what, takes ?? '']) expect(text).toContain(part)
  })

  test.each(CHECKS)('the check $id, with what it needs', ({ id, about, needs }) => {
    const [topic] = find(id)
    expect(topic).toMatchObject({ kind: 'check of doctor', name: id, what: about })
    if (needs.length > 0) expect(topic?.facts[0]).toEqual(['needs', needs.join(', ')])
    for (const need of needs)
      expect(find(need)[0]?.facts.at(-1)).toEqual(['needed by', expect.stringContaining(id)])
  })

  test.each(KINDS)('the overview has %ss', kind => {
    expect(namesOf(kind, topics).length).toBeGreaterThan(0)
    expect(renderOverview(topics, 80)).toContain(`\n  ${kind} `)
  })
})

test('the notes are about what is in the tables, and about all of it', () => {
  const sorted = (table: object) => Object.keys(table).sort()
  expect(sorted(notes.EXIT_NOTES)).toEqual([...exits].sort())
  expect(sorted(notes.FEATURE_NOTES)).toEqual(sorted(ioctl.VCPU_FEATURES))
  expect(sorted(notes.ATTRIBUTE_NOTES)).toEqual([...attributeNames].sort())
  expect(sorted(notes.DEVICE_NOTES)).toEqual(sorted(ioctl.DEVICE_TYPES))
  expect(sorted(notes.REQUEST_NOTES)).toEqual(sorted(ioctl.REQUESTS))
  expect(sorted(ioctl.CAPABILITIES)).toEqual(
    expect.arrayContaining([
      ...sorted(notes.CAPABILITY_NOTES),
      ...Object.values(notes.FEATURE_NOTES).flatMap(({ capability }) => capability ?? []),
    ]),
  )
})

test('names a note mentions are names', () => {
  const known = new Set([...topics.map(({ name }) => name), ...Object.keys(ioctl.MP_STATES)])
  const mentioned =
    JSON.stringify([notes, TERMS, CODE_ADVICE, STATUS_ADVICE]).match(/\bKVM_[A-Z0-9_]+/g) ?? []
  expect([...new Set(mentioned)].filter(name => !known.has(name))).toEqual([])
})

test.each([
  ...['TSVMM_HOST_ARCH', 'TSVMM_HOST_NO_KVM', 'TSVMM_HOST_KVM_ACCESS', 'TSVMM_HOST_OUTPUT'],
  ...['TSVMM_HOST_NO_SPACE', 'TSVMM_HOST_SYSFS', 'TSVMM_CPU_UNSUPPORTED'],
  ...Object.keys(ERROR_CODES).filter(code => code.startsWith('TSVMM_PMU_')),
  ...[1, 2, 77, 120, 121, 122, 193].map(status => `exit status ${status}`),
])('%s has a when and a try', name => {
  const [topic] = find(name)
  expect(topic?.when).toMatch(/^\S.*[^.\s]$/)
  expect(topic?.try?.length).toBeGreaterThan(0)
})

test('no topic has the name of another', () => {
  expect(new Set(topics.map(({ name }) => name)).size).toBe(topics.length)
})

describe('a name', () => {
  it.each<[string, string[]]>([
    ['SET_PMU', ['KVM_ARM_VCPU_PMU_V3_SET_PMU']],
    ['set-pmu', ['KVM_ARM_VCPU_PMU_V3_SET_PMU']],
    ['-EBUSY', ['EBUSY']],
    ['EWOULDBLOCK', ['EAGAIN']],
    ['mmio', ['KVM_EXIT_MMIO']],
    ['CPU_UNSUPPORTED', ['KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED', 'TSVMM_CPU_UNSUPPORTED']],
    ['STRICT', ['KVM_CAP_ARM_PMU_V3_STRICT', 'KVM_ARM_VCPU_PMU_V3_STRICT', 'TSVMM_PMU_STRICT']],
    ['PENDING_TABLES', ['KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES']],
    ['0x4010AEAB', ['KVM_ARM_SET_DEVICE_ADDR', 'KVM_GET_ONE_REG']],
    ['9', ['EBADF', 'KVM_EXIT_FAIL_ENTRY']],
    ['2', ['ENOENT', 'exit status 2']],
    ['193', ['exit status 193']],
    ['gic', ['GICv2', 'GICv3']],
    ['pmceid0_el0', ['PMCEID']],
  ])('%s is found', (word, expected) => expect(names(word)).toEqual(expected))

  it.each<[string, string]>([
    ['SETPMU', 'KVM_ARM_VCPU_PMU_V3_SET_PMU'],
    ['EBUSSY', 'EBUSY'],
    ['KVM_EXIT_MIMO', 'KVM_EXIT_MMIO'],
    ['KVM_ARM_VCPU_SET_PMU', 'KVM_ARM_VCPU_PMU_V3_SET_PMU'],
    ['TSVMM_PMU_LOTERY', 'TSVMM_PMU_LOTTERY'],
    ['pmu.choise', 'pmu.choice'],
    ['pmu_choice', 'pmu.choice'],
    ['GIC-V3', 'GICv3'],
    ['biglitle', 'big.LITTLE'],
  ])('%s is not, but nearly', (word, meant) => {
    const { message, why } = refused(word)
    expect(message).toBe(`there is nothing called ${word}`)
    expect(why).toMatch(/^did you mean .+\?$/)
    expect(why).toContain(meant)
  })

  it('of the kernel is suggested before one of tsvmm, what sets a PMU up before all', () => {
    expect(refused('pmu').why).toMatch(
      /^did you mean KVM_ARM_VCPU_PMU_V3, KVM_ARM_VCPU_PMU_V3_SET_PMU, /,
    )
    expect(refused('COUNTER').why).toMatch(/ KVM_CAP_COUNTER_OFFSET, .*TSVMM_PMU_COUNTERS\?$/)
  })

  it('that is long is not said whole', () => {
    expect(refused('x'.repeat(100_000)).message).toBe(`there is nothing called ${'x'.repeat(100)}…`)
  })

  it.each(['qqqqqq', '4711', '0x1', '_', 'KVM_', '[', 'x'.repeat(100_000)])(
    '%s is not at all',
    word => {
      const { why, try: remedies } = refused(word)
      expect(why).toBeUndefined()
      expect(remedies).toEqual(['tsvmm explain    # what can be explained'])
    },
  )
})

describe('two words', () => {
  const rows = (...words: string[]) =>
    find(...words).flatMap(topic => topic.rows.map(({ of, errno }) => `${of} ${errno}`))

  test('an errno of a thing, in any order', () => {
    const expected = ['KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU EBUSY']
    expect(rows('SET_PMU', 'EBUSY')).toEqual(expected)
    expect(rows('16', 'set_pmu')).toEqual(expected)
    expect(rows('KVM_SET_DEVICE_ATTR', 'SET_PMU', 'EBUSY')).toEqual(expected)
  })

  test('an errno of a group, and of everything KVM_SET_DEVICE_ATTR sets', () => {
    expect(rows('KVM_ARM_VCPU_PMU_V3_CTRL', 'EINVAL')).toHaveLength(4)
    expect(rows('KVM_SET_DEVICE_ATTR', 'EBUSY').length).toBeGreaterThan(8)
  })

  test('an errno it does not fail with: those it does', () => {
    const { message, why, try: remedies } = refused('SET_PMU', 'EPERM')
    expect(message).toBe('the catalogue has nothing about SET_PMU EPERM')
    expect(why).toBe('of KVM_ARM_VCPU_PMU_V3_SET_PMU it knows ENODEV, EBUSY, ENXIO, EFAULT')
    expect(remedies).toEqual(['tsvmm explain KVM_ARM_VCPU_PMU_V3_SET_PMU'])
    expect(refused('KVM_RUN', 'EINTR').why).toMatch(/^of KVM_RUN it knows ENOEXEC, /)
    expect(refused('KVM_EXIT_MMIO', 'EBUSY').why).toBe(
      'KVM_EXIT_MMIO fails with no errno that it knows',
    )
  })

  test('an errno of several things: of one at a time', () => {
    const { message, why, try: remedies } = refused('SET_PMU', 'KVM_RUN', 'EPERM')
    expect(message).toBe('an errno is explained of one thing, not of SET_PMU and KVM_RUN')
    expect(why).toBe('with an errno, explain takes one name')
    expect(remedies).toEqual(['tsvmm explain KVM_RUN EPERM'])
    expect(refused('SET_PMU', 'KVM_EXIT_MMIO', 'EIO').try).toEqual([
      'tsvmm explain SET_PMU KVM_EXIT_MMIO',
    ])
    expect(refused('open', '/dev/kvm', 'EIO').message).toBe(
      'the catalogue has nothing about open /dev/kvm EIO',
    )
  })

  test('several things are explained one after the other, each once', () => {
    expect(names('KVM_RUN', 'KVM_EXIT_MMIO', 'kvm_run')).toEqual(['KVM_RUN', 'KVM_EXIT_MMIO'])
    expect(names('EBUSY', 'ENXIO')).toEqual(['EBUSY', 'ENXIO'])
    expect(names('open', '/dev/kvm')).toEqual(['open /dev/kvm'])
  })
})

describe('wrap', () => {
  test('breaks at blanks, with the indentation of its own for further lines', () => {
    expect(wrap('one two three', 9, '- ', '  ')).toEqual(['- one two', '  three'])
  })

  test('breaks first before the comment behind a command', () => {
    const command = 'grep x    # a comment of many words'
    expect(wrap(command, 30)).toEqual(['grep x', '# a comment of many words'])
    expect(wrap(command, 80)).toEqual([command])
  })

  test('leaves a word whole that is longer than the line', () => {
    expect(wrap('a longer_than_that b', 5)).toEqual(['a', 'longer_than_that', 'b'])
  })
})
