/**
 * The numbers and layouts of native-shims/tsvmm.h, which a test compares with this file. Raise
 * `SHIM_ABI` in both with every change.
 */
export const SHIM_ABI = 5

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
  RUN_ONCE: 16,
} as const

/** `enum tsvmm_pages`. */
export const PAGES = { ANY: 0, TRANSPARENT: 1, HUGETLB: 2 } as const

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

/** `enum tsvmm_fast_kind`. */
export const FAST_KIND = { OFF: 0, SHADOW: 1, POST: 2, QUEUE: 3 } as const

/** `struct tsvmm_fast`, of which there are `count`. */
export const FAST = { size: 16, count: 4, address: 0, kind: 8, value: 12 } as const

/** `struct tsvmm_post`, of which there are `count`. */
export const POST = {
  size: 24,
  count: 1024,
  address: 0,
  data: 8,
  length: 16,
  sequence: 20,
} as const

/** `struct tsvmm_queue`: `count` words from `values` on. */
export const QUEUE = { size: 128 + 256 * 4, count: 256, head: 0, tail: 64, values: 128 } as const

/** `struct tsvmm_shared`, followed by one {@link SLOT} per vCPU. */
export const SHARED = {
  size: 64 + 4 * 16 + 64 + 64 + 1024 * 24 + QUEUE.size,
  pending: 0,
  fast: 64,
  head: 128,
  tail: 192,
  posts: 256,
  queue: 256 + 1024 * 24,
} as const

/** `struct tsvmm_slot`. */
export const SLOT = {
  size: 64,
  state: 0,
  result: 4,
  start_error: 8,
  tid: 12,
  resume_fd: 16,
  exits: 24,
  shadow_reads: 32,
  posted_writes: 40,
  queue_reads: 48,
} as const
