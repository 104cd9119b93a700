import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../../src/errors/index.ts'
import { MAX_CPUS, parseCpuList, renderCpuList } from '../../../src/host/index.ts'

const cpus = fc.array(fc.nat(MAX_CPUS - 1))

describe('parseCpuList', () => {
  test.each<[string, number[]]>([
    ['', []],
    ['\n', []],
    ['0', [0]],
    ['0-3,8', [0, 1, 2, 3, 8]],
    ['8,0-3\n', [0, 1, 2, 3, 8]],
    ['0-2,1-3,3', [0, 1, 2, 3]],
    ['3-3', [3]],
    [' 0 , 2-3 ', [0, 2, 3]],
    ['0-31:2/8', [0, 1, 8, 9, 16, 17, 24, 25]],
    ['4-9:1/4', [4, 8]],
    ['0-3:4/4', [0, 1, 2, 3]],
    ['007', [7]],
    ['8191', [8191]],
  ])('%j is %j', (text, expected) => {
    expect(parseCpuList(text)).toEqual(expected)
  })

  test.each<[string, RegExp]>([
    ['0,', /"0," is not a list of CPUs: an item is empty/],
    [',', /an item is empty/],
    ['0,,1', /an item is empty/],
    ['a', /"a" is no CPU and no range/],
    ['0-3,x-4', /"0-3,x-4" is not a list of CPUs: "x-4" is no CPU and no range/],
    ['-1', /"-1" is no CPU/],
    ['1-', /"1-" is no CPU/],
    ['1--2', /"1--2" is no CPU/],
    ['0x3', /"0x3" is no CPU/],
    ['1.5', /"1.5" is no CPU/],
    ['0 1', /"0 1" is no CPU/],
    ['all', /"all" is no CPU/],
    ['4:1/2', /"4:1\/2" is no CPU/],
    ['0-7:1', /"0-7:1" is no CPU/],
    ['3-1', /the range "3-1" ends before it begins/],
    ['0-7:0/2', /"0-7:0\/2" takes 0 CPUs of every 2/],
    ['0-7:3/2', /takes 3 CPUs of every 2/],
    ['0-7:0/0', /takes 0 CPUs of every 0/],
    ['8192', /"8192" goes beyond CPU 8191/],
    ['0-99999999999999999999', /goes beyond CPU 8191/],
    ['0-4294967295', /"0-4294967295" goes beyond CPU 8191/],
    ['0,'.repeat(40_000), /^"(0,){30}…" is not a list of CPUs: it has 80000 characters/],
    ['9'.repeat(400), /^"9{60}…" is not a list of CPUs/],
  ])('%j is refused', (text, message) => {
    expect(() => parseCpuList(text)).toThrow(UsageError)
    expect(() => parseCpuList(text)).toThrow(message)
  })

  test('all CPUs one by one, and as often as there is room', () => {
    const all = Array.from({ length: MAX_CPUS }, (_, cpu) => cpu)

    expect(parseCpuList(all.join())).toEqual(all)
    expect(parseCpuList(Array(8000).fill('0-8191').join())).toEqual(all)
  })

  test('whatever the text is, there is a list or a UsageError', () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .array(fc.constantFrom('0', '7', '9', '-', ',', ':', '/', ' '))
        .map(parts => parts.join('')),
    )
    fc.assert(
      fc.property(text, text => {
        try {
          expect(parseCpuList(text).every(cpu => cpu >= 0 && cpu < MAX_CPUS)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
        }
      }),
    )
  })
})

describe('renderCpuList', () => {
  test.each<[number[], string]>([
    [[], ''],
    [[5], '5'],
    [[0, 1], '0-1'],
    [[8, 3, 2, 1, 0, 0], '0-3,8'],
    [[0, 2, 4], '0,2,4'],
  ])('%j is %j', (list, expected) => {
    expect(renderCpuList(list)).toBe(expected)
  })

  test('parsing what was rendered gives the same CPUs, ascending and each once', () => {
    fc.assert(
      fc.property(cpus, list => {
        const expected = [...new Set(list)].sort((a, b) => a - b)

        expect(parseCpuList(renderCpuList(list))).toEqual(expected)
      }),
    )
  })
})
