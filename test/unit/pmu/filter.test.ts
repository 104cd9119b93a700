import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../src/errors/index.ts'
import { kvm_pmu_event_filter } from '../../../src/ioctl/index.ts'
import { NativeMemory } from '../../../src/native/memory.ts'
import {
  checkFilter,
  encodeFilter,
  filterDecides,
  filterNotices,
  parsePmuFilter,
  renderPmuFilter,
  type PmuFilter,
  type PmuFilterRange,
} from '../../../src/pmu/filter.ts'

const range = (action: 'allow' | 'deny', first: number, last = first): PmuFilterRange => ({
  action,
  first,
  last,
})

/** What the kernel does with the payloads: true is a bit that is set. */
function kernelBitmap(filter: PmuFilter, eventCount: number): boolean[] {
  let bitmap: boolean[] | undefined
  for (const { base_event, nevents, action } of encodeFilter(filter)) {
    expect(base_event + nevents).toBeLessThanOrEqual(eventCount)
    bitmap ??= Array.from({ length: eventCount }, () => action === 1)
    bitmap.fill(action === 0, base_event, base_event + nevents)
  }
  return bitmap ?? Array.from({ length: eventCount }, () => true)
}

function thrownBy(call: () => unknown): UsageError {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return error as UsageError
  }
  throw new Error('nothing was thrown')
}

/** The values of the option in a line to paste. */
function texts(command: string): string[] {
  return command.split(/ ?--pmu-filter /).slice(1)
}

const ranges = fc
  .tuple(fc.constantFrom('allow' as const, 'deny' as const), fc.nat(70), fc.nat(20))
  .map(([action, first, more]) => range(action, first, first + more))
const filters = fc.array(ranges, { maxLength: 6 })

describe('parsePmuFilter', () => {
  test.each<[string[], PmuFilter]>([
    [[], []],
    [['allow:0x11'], [range('allow', 0x11)]],
    [['allow:0x11,0x08-0x0b'], [range('allow', 8, 11), range('allow', 0x11)]],
    [
      ['deny:CPU_CYCLES,inst_retired,0x40-0x4f'],
      [range('deny', 8), range('deny', 0x11), range('deny', 0x40, 0x4f)],
    ],
    [['allow:8,9,10-12,11-20,30'], [range('allow', 8, 20), range('allow', 30)]],
    [['allow:5-9,6'], [range('allow', 5, 9)]],
    [['deny: 0x8 - 0xb , 17 '], [range('deny', 8, 11), range('deny', 17)]],
    [['allow:0-65535'], [range('allow', 0, 65535)]],
    // The order of texts means something: nothing is merged across them.
    [
      ['allow:9', 'deny:8', 'allow:8'],
      [range('allow', 9), range('deny', 8), range('allow', 8)],
    ],
  ])('%j', (given, expected) => {
    expect(parsePmuFilter(given)).toEqual(expected)
  })

  test.each<[string, RegExp, string[]]>([
    [
      'allow:0x11,inst_retird',
      /^--pmu-filter allow:0x11,inst_retird: "inst_retird" is no event; did you mean INST_RETIRED\?$/,
      ['--pmu-filter allow:0x11,INST_RETIRED'],
    ],
    ['allow:0x11,', /an item is empty/, ['--pmu-filter allow:0x11']],
    ['deny:', /it names no event/, ['--pmu-filter deny:CPU_CYCLES,INST_RETIRED']],
    ['deny:,', /an item is empty/, ['--pmu-filter deny:CPU_CYCLES,INST_RETIRED']],
    [
      '0x11',
      /begins with neither allow: nor deny:/,
      ['--pmu-filter allow:0x11', '--pmu-filter deny:0x11'],
    ],
    [
      'block:0x11,cycles',
      /"block" is neither allow nor deny/,
      ['--pmu-filter allow:0x11,CPU_CYCLES', '--pmu-filter deny:0x11,CPU_CYCLES'],
    ],
    ['toString:1', /"toString" is neither/, ['--pmu-filter allow:1', '--pmu-filter deny:1']],
    ['', /neither allow: nor deny:/, expect.any(Array) as string[]],
    [
      'allow:0x0b-0x08',
      /the range "0x0b-0x08" ends before it begins/,
      ['--pmu-filter allow:0x08-0x0b'],
    ],
    ['allow:0x40-0x10000', /goes beyond 0xffff/, ['--pmu-filter allow:0x40-0xffff']],
    ['allow:0x1 1', /"0x1 1" is no event/, ['--pmu-filter allow:CPU_CYCLES,INST_RETIRED']],
    ['allow:0x8-', /"0x8-" is no event and no range/, expect.any(Array) as string[]],
    [`allow:${'x'.repeat(400)}`, /^.{0,200}$/, expect.any(Array) as string[]],
  ])('%j is refused with what would do', (text, message, remedies) => {
    const error = thrownBy(() => parsePmuFilter([text]))

    expect(error.message).toMatch(message)
    expect(error.try).toEqual(remedies)
  })

  test('whatever the text is, there is a filter or an error whose remedies parse', () => {
    const piece = fc.constantFrom(
      'allow:',
      'deny:',
      '0x',
      '1',
      'f',
      '-',
      ',',
      ' ',
      'cpu_cycle',
      'x',
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(piece).map(pieces => pieces.join('')),
      fc.array(piece).map(pieces => `allow:${pieces.join('')}`),
    )
    fc.assert(
      fc.property(text, text => {
        try {
          const filter = parsePmuFilter([text])
          expect(filter.every(({ first, last }) => 0 <= first && first <= last)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
          const remedies = (error as UsageError).try
          expect(remedies.length).toBeGreaterThan(0)
          for (const remedy of remedies) expect(parsePmuFilter(texts(remedy))).not.toEqual([])
        }
      }),
      { numRuns: 500 },
    )
  })

  test('the events of one text become ranges that neither meet nor touch, ascending', () => {
    const items = fc.array(fc.tuple(fc.nat(60), fc.nat(5)), { minLength: 1 })
    fc.assert(
      fc.property(items, items => {
        const filter = parsePmuFilter([
          `allow:${items.map(([first, more]) => `${first}-${first + more}`).join(',')}`,
        ])
        const listed = filter.flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, i) => first + i),
        )
        const wanted = items.flatMap(([first, more]) =>
          Array.from({ length: more + 1 }, (_, i) => first + i),
        )

        expect(listed).toEqual([...new Set(wanted)].sort((a, b) => a - b))
        filter.slice(1).forEach(({ first }, i) => {
          expect(first).toBeGreaterThan(filter[i]!.last + 1)
        })
      }),
    )
  })
})

describe('renderPmuFilter', () => {
  test('what belongs together is one text', () => {
    expect(renderPmuFilter(parsePmuFilter(['allow:17,8-11', 'deny:9', 'deny:0x4004']))).toEqual([
      'allow:0x08-0x0b,0x11',
      'deny:0x09,0x4004',
    ])
    expect(renderPmuFilter([])).toEqual([])
  })

  test('parsing what was rendered gives a filter that decides the same', () => {
    fc.assert(
      fc.property(filters, filter => {
        const again = parsePmuFilter(renderPmuFilter(filter))

        expect(kernelBitmap(again, 128)).toEqual(kernelBitmap(filter, 128))
      }),
    )
  })
})

describe('encodeFilter', () => {
  test('a payload per range, and two for all events', () => {
    expect(encodeFilter([range('allow', 8, 11), range('deny', 0x4004)])).toEqual([
      { base_event: 8, nevents: 4, action: 0 },
      { base_event: 0x4004, nevents: 1, action: 1 },
    ])
    expect(encodeFilter([range('deny', 0, 65535)])).toEqual([
      { base_event: 0, nevents: 65535, action: 1 },
      { base_event: 65535, nevents: 1, action: 1 },
    ])
    expect(encodeFilter([range('deny', 0, 65534)])).toHaveLength(1)
    expect(encodeFilter([range('deny', 1, 65535)])).toHaveLength(1)
    expect(encodeFilter([])).toEqual([])
  })

  test('the struct of the attribute takes every payload and gives it back', () => {
    const memory = NativeMemory.onHeap(kvm_pmu_event_filter.size)
    for (const payload of encodeFilter([range('deny', 0, 65535), range('allow', 65535)])) {
      kvm_pmu_event_filter.encode(memory, 0, payload)
      expect(kvm_pmu_event_filter.decode(memory, 0)).toEqual(payload)
    }
  })
})

describe('filterDecides', () => {
  test.each<[string[], number, 'allow' | 'deny']>([
    [[], 0x11, 'allow'],
    [['allow:0x11'], 0x11, 'allow'],
    [['allow:0x11'], 0x10, 'deny'],
    [['deny:0x11'], 0x11, 'deny'],
    [['deny:0x11'], 0x10, 'allow'],
    [['allow:0-9', 'deny:0-9'], 5, 'deny'],
    [['allow:0-9', 'deny:0-9'], 10, 'deny'],
    [['deny:0-9', 'allow:0-9'], 10, 'allow'],
    [['allow:0-9', 'deny:5', 'allow:5'], 5, 'allow'],
    [['allow:0-65535'], 65535, 'allow'],
  ])('%j, event %i: %s', (given, event, expected) => {
    expect(filterDecides(parsePmuFilter(given), event)).toBe(expected)
  })

  test("it is what the kernel's bitmap says after all calls", () => {
    fc.assert(
      fc.property(filters, filter => {
        const decided = Array.from({ length: 128 }, (_, i) => filterDecides(filter, i) === 'allow')

        expect(decided).toEqual(kernelBitmap(filter, 128))
      }),
    )
  })

  test('the last of 65536 events is decided as well', () => {
    const filter = parsePmuFilter(['deny:0-65535', 'allow:0xffff,0x11'])
    const bitmap = kernelBitmap(filter, 65536)

    expect([0, 0x11, 0xfffe, 0xffff].map(event => bitmap[event])).toEqual(
      [0, 0x11, 0xfffe, 0xffff].map(event => filterDecides(filter, event) === 'allow'),
    )
  })
})

describe('checkFilter', () => {
  test.each<[string[], number]>([
    [[], 1024],
    [['allow:0-1023'], 1024],
    [['allow:0-65535'], 65536],
    [['allow:CNT_CYCLES'], 65536],
  ])('%j passes with %i events', (given, count) => {
    expect(() => checkFilter(parsePmuFilter(given), count)).not.toThrow()
  })

  test('the event that is beyond is named, with the version of the PMU', () => {
    const error = thrownBy(() => checkFilter(parsePmuFilter(['allow:0x11,CNT_CYCLES']), 1024))

    expect(error.message).toBe(
      '--pmu-filter allow:0x4004: CNT_CYCLES (0x4004) is beyond 0x3ff, the last event of ' +
        'PMUv3 for Armv8.0, which this host has',
    )
    expect(error.why).toBe('events from 0x400 on need PMUv3 for Armv8.1')
    expect(error.try).toEqual(['--pmu-filter allow:0x11'])
  })

  test('of a range that goes beyond, the rest is kept', () => {
    const error = thrownBy(() => checkFilter(parsePmuFilter(['deny:0x3f0-0x4f0']), 1024))

    expect(error.message).toContain('deny:0x3f0-0x4f0: event 0x400 is beyond 0x3ff')
    expect(error.try).toEqual(['--pmu-filter deny:0x3f0-0x3ff'])
  })

  test('nothing is proposed that would turn the policy round', () => {
    const given = parsePmuFilter(['allow:0x4004', 'deny:0x11'])

    expect(thrownBy(() => checkFilter(given, 1024)).try).toEqual(['name only events up to 0x3ff'])
  })

  test('beyond 65536 it is beyond every PMU', () => {
    expect(() => checkFilter([range('deny', 0, 65536)], 65536)).toThrow(
      'event 0x10000 is beyond 0xffff, the last event of any PMUv3',
    )
  })

  test('what is proposed passes, and decides the same about the events there are', () => {
    fc.assert(
      fc.property(filters, filter => {
        const wide = filter.map(({ action, first, last }) => range(action, first * 16, last * 16))
        try {
          checkFilter(wide, 1024)
        } catch (error) {
          const [remedy = ''] = (error as UsageError).try
          if (!remedy.startsWith('--')) return
          const narrow = parsePmuFilter(texts(remedy))
          checkFilter(narrow, 1024)
          const decisions = (filter: PmuFilter) =>
            Array.from({ length: 64 }, (_, i) => filterDecides(filter, 16 * i))
          expect(decisions(narrow)).toEqual(decisions(wide))
        }
      }),
    )
  })
})

describe('filterNotices', () => {
  const CYCLES =
    "the guest's cycle counter PMCCNTR_EL0 does not count, as CPU_CYCLES (0x11) is denied: " +
    'add --pmu-filter allow:CPU_CYCLES as the last'

  test.each<[string[], string[]]>([
    [[], []],
    [['allow:0x11,0x08'], []],
    [['deny:0x40-0x4f'], []],
    [['allow:INST_RETIRED'], [CYCLES]],
    [['deny:CPU_CYCLES'], [CYCLES]],
    [['deny:CPU_CYCLES', 'allow:CPU_CYCLES,8'], [expect.stringMatching(/^all events are allowed/)]],
    [['allow:0-0x3f', 'deny:0x08'], []],
    [['deny:0-9'], ['SW_INCR (0x00) counts although it is denied: KVM never filters it']],
    [['deny:0x1e'], ['denying CHAIN (0x1e) has no effect: it only joins two counters']],
    [
      ['allow:0x11', 'deny:0x40,0x42'],
      [
        '--pmu-filter deny:0x40,0x42 changes nothing: since the first one says allow, events ' +
          'that none names are denied',
      ],
    ],
    [
      ['deny:0x40', 'allow:0x08'],
      [
        '--pmu-filter allow:0x08 changes nothing: since the first one says deny, events that ' +
          'none names are allowed',
      ],
    ],
    [
      ['allow:1-9', 'deny:1-9'],
      [
        'all events are denied: the --pmu-filter options cancel each other, and since the first ' +
          'one says allow, events that none names are denied',
        CYCLES,
      ],
    ],
  ])('%j', (given, expected) => {
    expect(filterNotices(parsePmuFilter(given))).toEqual(expected)
  })

  test('with what is to be added the cycle counter counts', () => {
    fc.assert(
      fc.property(filters, filter => {
        const amended = [...filter, ...parsePmuFilter(['allow:CPU_CYCLES'])]
        if (filterNotices(filter).includes(CYCLES))
          expect(filterNotices(amended)).not.toContain(CYCLES)
        else expect(filterDecides(filter, 0x11)).toBe('allow')
      }),
    )
  })

  test('"all events" is said if, and only if, it is so', () => {
    fc.assert(
      fc.property(filters, filter => {
        // No range of these reaches the last bit.
        const isOneSided = filter.length > 0 && new Set(kernelBitmap(filter, 128)).size === 1

        expect(filterNotices(filter).some(notice => notice.startsWith('all events'))).toBe(
          isOneSided,
        )
      }),
    )
  })

  test('"changes nothing" is said if, and only if, it is so', () => {
    const alike = fc.array(ranges, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(alike, ranges, fc.boolean(), (alike, other, isAllowing) => {
        const [action, opposite] = isAllowing
          ? (['allow', 'deny'] as const)
          : (['deny', 'allow'] as const)
        const before = alike.map(range => ({ ...range, action }))
        const filter = [...before, { ...other, action: opposite }]
        const isIdle = String(kernelBitmap(before, 128)) === String(kernelBitmap(filter, 128))

        expect(filterNotices(filter).some(notice => notice.includes('changes nothing'))).toBe(
          isIdle,
        )
      }),
    )
  })
})
