import { expect, it } from 'vitest'
import { readKernelLevel } from '../../../src/host/exception-level.ts'
import { madeTree } from './made-tree.ts'

const interrupts = (...lines: string[]) =>
  readKernelLevel(
    madeTree({ '/proc/interrupts': ['           CPU0       CPU1', ...lines].join('\n') }),
  )

it.each([
  ['VHE', ' 19:       2327       3368     GICv3  26 Level     arch_timer', 'el2'],
  ['nVHE', ' 11:        412         31     GICv2  30 Level     arch_timer', 'el1-below-el2'],
  ['a guest', ' 10:        412         31     GICv3  27 Level     arch_timer', 'el1'],
  ['an older GIC-0 name', ' 2:        412         31     GIC-0  27 Level     arch_timer', 'el1'],
])('%s', (_, line, level) => {
  expect(interrupts(line, ' 20:   0   0     GICv3  27 Level     kvm guest vtimer')).toBe(level)
})

it.each([
  ['an interrupt controller of Apple', ' 35:    7755597     AIC-FIQ   0 Level     arch_timer'],
  ['another number', ' 35:    77     GICv3  17 Level     arch_timer'],
  ['no timer of the architecture', '  0:   40   0   IO-APIC   2-edge      timer'],
])('does not guess: %s', (_, line) => {
  expect(interrupts(line)).toBeUndefined()
})

it('without the file', () => {
  expect(readKernelLevel(madeTree({}))).toBeUndefined()
})
