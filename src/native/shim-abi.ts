/**
 * The numbers and layouts of native-shims/tsvmm.h, which a test compares with this file. Raise
 * `SHIM_ABI` in both with every change.
 */
export const SHIM_ABI = 2

export const FRAME_WORDS = 8

export const OP = {
  ABI: 0,
  IOCTL: 1,
  OPEN: 2,
  CLOSE: 3,
  EVENTFD: 4,
  SOCKETPAIR: 5,
  MMAP: 6,
  MUNMAP: 7,
  GET_AFFINITY: 8,
  SET_AFFINITY: 9,
  ENGINE_CREATE: 10,
  ENGINE_DESTROY: 11,
  VCPU_START: 12,
  VCPU_KICK: 13,
  TERMINAL_GUARD: 14,
  TERMINAL_RELEASE: 15,
} as const

/** `enum tsvmm_state`: docs/engine.md has the protocol. */
export const STATE = {
  FREE: 0,
  RUNNING: 1,
  EXIT: 2,
  ASLEEP: 3,
  RESUME: 4,
  STOP: 5,
  DONE: 6,
} as const

/** `struct tsvmm_shared`, followed by one {@link SLOT} per vCPU. */
export const SHARED = { size: 64, pending: 0 } as const

/** `struct tsvmm_slot`. */
export const SLOT = {
  size: 64,
  state: 0,
  result: 4,
  start_error: 8,
  tid: 12,
  resume_fd: 16,
  exits: 24,
} as const
