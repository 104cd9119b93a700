/*
 * What the fields of ESR_EL1 mean. Arm DDI 0487 (L.a), D24.2.40 "ESR_EL1, Exception Syndrome
 * Register (EL1)". Values that are reserved there are missing here.
 */

/** EC, bits 31 to 26: why the exception was taken. */
export const EXCEPTION_CLASSES: Readonly<Record<number, string>> = {
  0x00: 'unknown reason (an undefined instruction, mostly)',
  0x01: 'trapped WFI or WFE',
  0x03: 'trapped MCR or MRC (coprocessor 15)',
  0x04: 'trapped MCRR or MRRC (coprocessor 15)',
  0x05: 'trapped MCR or MRC (coprocessor 14)',
  0x06: 'trapped LDC or STC',
  0x07: 'trapped access to SVE, SIMD or floating point',
  0x09: 'trapped pointer authentication',
  0x0a: 'trapped instruction of another kind (LD64B, ST64B)',
  0x0c: 'trapped MRRC (coprocessor 14)',
  0x0d: 'branch target exception',
  0x0e: 'illegal execution state',
  0x11: 'SVC of AArch32',
  0x12: 'HVC of AArch32',
  0x13: 'SMC of AArch32',
  0x14: 'trapped MSRR, MRRS or 128-bit system instruction',
  0x15: 'SVC',
  0x16: 'HVC',
  0x17: 'SMC',
  0x18: 'trapped MSR, MRS or system instruction',
  0x19: 'trapped access to SVE',
  0x1a: 'trapped ERET',
  0x1b: 'exception of TSTART',
  0x1c: 'pointer authentication failure',
  0x1d: 'trapped access to SME',
  0x20: 'instruction abort from a lower exception level',
  0x21: 'instruction abort',
  0x22: 'misaligned PC',
  0x24: 'data abort from a lower exception level',
  0x25: 'data abort',
  0x26: 'misaligned SP',
  0x27: 'exception of a memory copy or set instruction',
  0x28: 'floating-point exception of AArch32',
  0x2c: 'floating-point exception',
  0x2d: 'guarded control stack exception',
  0x2f: 'SError interrupt',
  0x30: 'breakpoint from a lower exception level',
  0x31: 'breakpoint',
  0x32: 'software step from a lower exception level',
  0x33: 'software step',
  0x34: 'watchpoint from a lower exception level',
  0x35: 'watchpoint',
  0x38: 'BKPT of AArch32',
  0x3a: 'vector catch of AArch32',
  0x3c: 'BRK',
  0x3d: 'profiling exception',
}

/** DFSC and IFSC, bits 5 to 0: what was wrong with an access, but for what comes in levels. */
export const FAULT_STATUS: Readonly<Record<number, string>> = {
  0x10: 'synchronous external abort (nothing is there)',
  0x11: 'synchronous tag check fault',
  0x18: 'synchronous parity or ECC error',
  0x21: 'alignment fault',
  0x28: 'granule protection fault',
  0x29: 'address size fault, level -1',
  0x2a: 'translation fault, level -2',
  0x2b: 'translation fault, level -1',
  0x2c: 'address size fault, level -2',
  0x30: 'TLB conflict abort',
  0x31: 'unsupported atomic hardware update',
  0x34: 'lockdown fault of this implementation',
  0x35: 'unsupported exclusive or atomic access',
}

/** The faults whose last two bits are the level of the table walk; 0x12 and 0x13 are -2 and -1. */
export const LEVELED_FAULTS: Readonly<Record<number, string>> = {
  0x00: 'address size fault',
  0x04: 'translation fault',
  0x08: 'access flag fault',
  0x0c: 'permission fault',
  0x14: 'synchronous external abort on a table walk',
  0x1c: 'synchronous parity or ECC error on a table walk',
  0x24: 'granule protection fault on a table walk',
}

/** AET, bits 12 to 10 of an SError interrupt's ISS: what became of the CPU. */
export const SERROR_TYPES: Readonly<Record<number, string>> = {
  0: 'uncontainable',
  1: 'unrecoverable',
  2: 'restartable',
  3: 'recoverable',
  6: 'corrected',
}
