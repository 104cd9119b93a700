import { expect, it } from 'vitest'
import { renderRegisters } from '../../../src/cli/run-registers.ts'
import type { Outcome } from '../../../src/vm/outcome.ts'
import { locate } from '../../../src/vm/whereabouts.ts'
import { madeState } from '../vcpu/made-state.ts'

const here = locate(madeState({ PC: 0x8008_0000n }), () => Buffer.from('7f2003d5', 'hex'))
const lost = locate(madeState({ PC: 0x10n, ESR_EL1: 0xfe00_0000n }), () => undefined)

const GUEST_ERROR: Outcome = { kind: 'guest-error', vcpu: 1, problem: 'it fell' }

it('shows the registers of the first vCPU after a timeout, and what it waited for', () => {
  const lines = renderRegisters({ outcome: { kind: 'timeout', seconds: 1 }, vcpus: [here, lost] })
  expect(lines[0]).toBe('tsvmm: vcpu 0:')
  expect(lines[1]).toBe(
    '  X0        0000000000000000  X1        0000000000000000  X2        0000000000000000  X3        0000000000000000',
  )
  expect(lines.join('\n')).toContain('PC        0000000080080000')
  expect(lines.slice(-2)).toEqual([
    '  next instruction: 0x80080000: d503207f  wfi',
    '  no exception yet',
  ])
})

it('shows those of the vCPU that a guest error is of', () => {
  const lines = renderRegisters({ outcome: GUEST_ERROR, vcpus: [here, lost] })
  expect(lines[0]).toBe('tsvmm: vcpu 1:')
  expect(lines.slice(-2)).toEqual([
    '  next instruction: 0x10, which is no RAM or is not mapped',
    '  last exception: a reserved exception class (EC 0x3f), at 0x0, which is no RAM or is not mapped',
  ])
})

it.each<Outcome>([{ kind: 'powered-off' }, { kind: 'reset' }, { kind: 'guest-panic', by: 'kvm' }])(
  'shows none when the guest ended by itself: %o',
  outcome => {
    expect(renderRegisters({ outcome, vcpus: [here] })).toEqual([])
  },
)
