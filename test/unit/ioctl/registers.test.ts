import { describe, expect, test } from 'vitest'
import * as registers from '../../../src/ioctl/registers.ts'

const { CORE_REGISTERS, KVM_REGISTERS, SYSTEM_REGISTERS, registerName } = registers

describe('register ids', () => {
  // Written down from a program compiled against the kernel's headers (7.3-rc7), not from our code.
  test.each([
    [registers.xRegister(0), 0x6030_0000_0010_0000n],
    [registers.xRegister(1), 0x6030_0000_0010_0002n],
    [CORE_REGISTERS.SP(), 0x6030_0000_0010_003en],
    [CORE_REGISTERS.PC(), 0x6030_0000_0010_0040n],
    [CORE_REGISTERS.PSTATE(), 0x6030_0000_0010_0042n],
    [SYSTEM_REGISTERS.MIDR_EL1, 0x6030_0000_0013_c000n],
    [SYSTEM_REGISTERS.MPIDR_EL1, 0x6030_0000_0013_c005n],
    [SYSTEM_REGISTERS.ID_AA64DFR0_EL1, 0x6030_0000_0013_c028n],
    [SYSTEM_REGISTERS.PMCR_EL0, 0x6030_0000_0013_dce0n],
    [SYSTEM_REGISTERS.PMCNTENSET_EL0, 0x6030_0000_0013_dce1n],
    [SYSTEM_REGISTERS.PMCNTENCLR_EL0, 0x6030_0000_0013_dce2n],
    [SYSTEM_REGISTERS.PMOVSCLR_EL0, 0x6030_0000_0013_dce3n],
    [SYSTEM_REGISTERS.PMSWINC_EL0, 0x6030_0000_0013_dce4n],
    [SYSTEM_REGISTERS.PMSELR_EL0, 0x6030_0000_0013_dce5n],
    [SYSTEM_REGISTERS.PMCCNTR_EL0, 0x6030_0000_0013_dce8n],
    [SYSTEM_REGISTERS.PMUSERENR_EL0, 0x6030_0000_0013_dcf0n],
    [SYSTEM_REGISTERS.PMOVSSET_EL0, 0x6030_0000_0013_dcf3n],
    [SYSTEM_REGISTERS.PMINTENSET_EL1, 0x6030_0000_0013_c4f1n],
    [SYSTEM_REGISTERS.PMINTENCLR_EL1, 0x6030_0000_0013_c4f2n],
    [SYSTEM_REGISTERS.PMMIR_EL1, 0x6030_0000_0013_c4f6n],
    [SYSTEM_REGISTERS.PMCCFILTR_EL0, 0x6030_0000_0013_df7fn],
    [registers.eventCounter(0), 0x6030_0000_0013_df40n],
    [registers.eventCounter(30), 0x6030_0000_0013_df5en],
    [registers.eventType(0), 0x6030_0000_0013_df60n],
    [KVM_REGISTERS.KVM_REG_ARM_PSCI_VERSION, 0x6030_0000_0014_0000n],
    [KVM_REGISTERS.KVM_REG_ARM_TIMER_CNT, 0x6030_0000_0013_df1an],
  ])('%# is 0x%x', (id, expected) => {
    expect(id).toBe(expected)
  })

  test('a register is named by its id, an unknown one by its number', () => {
    expect(registerName(registers.xRegister(30))).toBe('X30')
    expect(registerName(registers.vRegister(31))).toBe('V31')
    expect(registerName(registers.eventCounter(3))).toBe('PMEVCNTR3_EL0')
    expect(registerName(registers.eventType(30))).toBe('PMEVTYPER30_EL0')
    expect(registerName(SYSTEM_REGISTERS.PMCR_EL0)).toBe('PMCR_EL0')
    expect(registerName(CORE_REGISTERS.PC())).toBe('PC')
    expect(registerName(0x6030_0000_0013_8000n)).toBe('0x6030000000138000')
  })

  test('no two names share an id', () => {
    const ids = [
      ...Object.values(SYSTEM_REGISTERS),
      ...Object.values(KVM_REGISTERS),
      ...Object.values(CORE_REGISTERS).map(id => id()),
    ]
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('the size of a value is part of the id', () => {
    expect(registers.registerSize(CORE_REGISTERS.PC())).toBe(8)
    expect(registers.registerSize(registers.vRegister(0))).toBe(16)
  })

  test.each([
    ['X31', () => registers.xRegister(31)],
    ['V32', () => registers.vRegister(32)],
    ['PMEVCNTR31', () => registers.eventCounter(31)],
    ['X-1', () => registers.xRegister(-1)],
  ])('there is no %s', (name, id) => {
    expect(id).toThrow(`there is no register ${name}`)
  })
})
