import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as rows from './abi-rows.ts'

/** What the kernel's headers say: see scripts/abi.mjs. */
interface Dump {
  readonly headers: string
  readonly constants: Readonly<Record<string, string>>
  readonly structs: Readonly<Record<string, rows.StructRow>>
  readonly registers: Readonly<Record<string, string>>
  readonly systemRegisters: Readonly<Record<string, number>>
  readonly names: readonly string[]
}

const fixture = new URL('../../fixtures/abi/arm64.json', import.meta.url)
const dump = JSON.parse(readFileSync(fixture, 'utf8')) as Dump

/** Rows that no released header has, and why. Everything else must be in the dump. */
const UNPROVEN = {
  KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY:
    'proposed on the kvmarm list (v7, Apr 2026), not merged; 5 is contested by the partitioned PMU',
}

const hex = (value: bigint) => `0x${value.toString(16)}`
const sorted = (record: object) => Object.fromEntries(Object.entries(record).sort())

// Both ways: a row of ours that the dump lacks fails like a row of the dump that we lost.
describe(`src/ioctl is what the kernel's headers say (${dump.headers})`, () => {
  test('requests and constants', () => {
    const ours = [...rows.constants()].map(([name, value]) => [name, hex(value)])
    expect(sorted(Object.fromEntries(ours) as object)).toEqual(sorted(dump.constants))
  })

  test('structs: sizes, and offset and size of every field', () => {
    expect(Object.fromEntries(rows.structs())).toEqual(dump.structs)
  })

  test('core registers', () => {
    const ours = [...rows.coreRegisters()].map(([name, { id }]) => [name, hex(id)])
    expect(Object.fromEntries(ours)).toEqual(dump.registers)
  })

  test('system registers, as the assembler knows them', () => {
    expect(Object.fromEntries(rows.systemRegisters())).toEqual(dump.systemRegisters)
  })

  test('no vCPU feature, attribute, device type, Arm capability or Arm exit is missing', () => {
    const known = rows.constants()
    expect(dump.names.filter(name => !known.has(name))).toEqual([])
  })

  test('only what is listed here is unproven', () => {
    expect([...rows.unmerged()]).toEqual(Object.keys(UNPROVEN))
  })
})
