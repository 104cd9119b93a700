import { didYouMean } from './did-you-mean.ts'

/** Events have 16 bits from PMUv3 for Armv8.1 on. */
export const LAST_PMU_EVENT = 0xffff

/**
 * The common events of PMUv3 below 0x8000 by Arm's names; Linux spells them the same in lower case
 * under `events/` of a PMU in sysfs. The SVE and floating-point events from 0x8000 on go by number,
 * and so do the implementation's own from 0xc0 on. PMU_OVFS, TRB_TRIG and PMU_HOVFS are for the
 * trace unit and no counter counts them.
 *
 * @see Arm DDI 0487, "Common event numbers"; include/linux/perf/arm_pmuv3.h (v6.12)
 */
export const PMU_EVENTS = {
  SW_INCR: 0x00,
  L1I_CACHE_REFILL: 0x01,
  L1I_TLB_REFILL: 0x02,
  L1D_CACHE_REFILL: 0x03,
  L1D_CACHE: 0x04,
  L1D_TLB_REFILL: 0x05,
  LD_RETIRED: 0x06,
  ST_RETIRED: 0x07,
  INST_RETIRED: 0x08,
  EXC_TAKEN: 0x09,
  EXC_RETURN: 0x0a,
  CID_WRITE_RETIRED: 0x0b,
  PC_WRITE_RETIRED: 0x0c,
  BR_IMMED_RETIRED: 0x0d,
  BR_RETURN_RETIRED: 0x0e,
  UNALIGNED_LDST_RETIRED: 0x0f,
  BR_MIS_PRED: 0x10,
  CPU_CYCLES: 0x11,
  BR_PRED: 0x12,
  MEM_ACCESS: 0x13,
  L1I_CACHE: 0x14,
  L1D_CACHE_WB: 0x15,
  L2D_CACHE: 0x16,
  L2D_CACHE_REFILL: 0x17,
  L2D_CACHE_WB: 0x18,
  BUS_ACCESS: 0x19,
  MEMORY_ERROR: 0x1a,
  INST_SPEC: 0x1b,
  TTBR_WRITE_RETIRED: 0x1c,
  BUS_CYCLES: 0x1d,
  CHAIN: 0x1e,
  L1D_CACHE_ALLOCATE: 0x1f,
  L2D_CACHE_ALLOCATE: 0x20,
  BR_RETIRED: 0x21,
  BR_MIS_PRED_RETIRED: 0x22,
  STALL_FRONTEND: 0x23,
  STALL_BACKEND: 0x24,
  L1D_TLB: 0x25,
  L1I_TLB: 0x26,
  L2I_CACHE: 0x27,
  L2I_CACHE_REFILL: 0x28,
  L3D_CACHE_ALLOCATE: 0x29,
  L3D_CACHE_REFILL: 0x2a,
  L3D_CACHE: 0x2b,
  L3D_CACHE_WB: 0x2c,
  L2D_TLB_REFILL: 0x2d,
  L2I_TLB_REFILL: 0x2e,
  L2D_TLB: 0x2f,
  L2I_TLB: 0x30,
  REMOTE_ACCESS: 0x31,
  LL_CACHE: 0x32,
  LL_CACHE_MISS: 0x33,
  DTLB_WALK: 0x34,
  ITLB_WALK: 0x35,
  LL_CACHE_RD: 0x36,
  LL_CACHE_MISS_RD: 0x37,
  REMOTE_ACCESS_RD: 0x38,
  L1D_CACHE_LMISS_RD: 0x39,
  OP_RETIRED: 0x3a,
  OP_SPEC: 0x3b,
  STALL: 0x3c,
  STALL_SLOT_BACKEND: 0x3d,
  STALL_SLOT_FRONTEND: 0x3e,
  STALL_SLOT: 0x3f,
  L1D_CACHE_RD: 0x40,
  L1D_CACHE_WR: 0x41,
  L1D_CACHE_REFILL_RD: 0x42,
  L1D_CACHE_REFILL_WR: 0x43,
  L1D_CACHE_REFILL_INNER: 0x44,
  L1D_CACHE_REFILL_OUTER: 0x45,
  L1D_CACHE_WB_VICTIM: 0x46,
  L1D_CACHE_WB_CLEAN: 0x47,
  L1D_CACHE_INVAL: 0x48,
  L1D_TLB_REFILL_RD: 0x4c,
  L1D_TLB_REFILL_WR: 0x4d,
  L1D_TLB_RD: 0x4e,
  L1D_TLB_WR: 0x4f,
  L2D_CACHE_RD: 0x50,
  L2D_CACHE_WR: 0x51,
  L2D_CACHE_REFILL_RD: 0x52,
  L2D_CACHE_REFILL_WR: 0x53,
  L2D_CACHE_WB_VICTIM: 0x56,
  L2D_CACHE_WB_CLEAN: 0x57,
  L2D_CACHE_INVAL: 0x58,
  L2D_TLB_REFILL_RD: 0x5c,
  L2D_TLB_REFILL_WR: 0x5d,
  L2D_TLB_RD: 0x5e,
  L2D_TLB_WR: 0x5f,
  BUS_ACCESS_RD: 0x60,
  BUS_ACCESS_WR: 0x61,
  BUS_ACCESS_SHARED: 0x62,
  BUS_ACCESS_NOT_SHARED: 0x63,
  BUS_ACCESS_NORMAL: 0x64,
  BUS_ACCESS_PERIPH: 0x65,
  MEM_ACCESS_RD: 0x66,
  MEM_ACCESS_WR: 0x67,
  UNALIGNED_LD_SPEC: 0x68,
  UNALIGNED_ST_SPEC: 0x69,
  UNALIGNED_LDST_SPEC: 0x6a,
  LDREX_SPEC: 0x6c,
  STREX_PASS_SPEC: 0x6d,
  STREX_FAIL_SPEC: 0x6e,
  STREX_SPEC: 0x6f,
  LD_SPEC: 0x70,
  ST_SPEC: 0x71,
  LDST_SPEC: 0x72,
  DP_SPEC: 0x73,
  ASE_SPEC: 0x74,
  VFP_SPEC: 0x75,
  PC_WRITE_SPEC: 0x76,
  CRYPTO_SPEC: 0x77,
  BR_IMMED_SPEC: 0x78,
  BR_RETURN_SPEC: 0x79,
  BR_INDIRECT_SPEC: 0x7a,
  ISB_SPEC: 0x7c,
  DSB_SPEC: 0x7d,
  DMB_SPEC: 0x7e,
  CSDB_SPEC: 0x7f,
  EXC_UNDEF: 0x81,
  EXC_SVC: 0x82,
  EXC_PABORT: 0x83,
  EXC_DABORT: 0x84,
  EXC_IRQ: 0x86,
  EXC_FIQ: 0x87,
  EXC_SMC: 0x88,
  EXC_HVC: 0x8a,
  EXC_TRAP_PABORT: 0x8b,
  EXC_TRAP_DABORT: 0x8c,
  EXC_TRAP_OTHER: 0x8d,
  EXC_TRAP_IRQ: 0x8e,
  EXC_TRAP_FIQ: 0x8f,
  RC_LD_SPEC: 0x90,
  RC_ST_SPEC: 0x91,
  L3D_CACHE_HIT_WR_FEXT_PROP: 0x92,
  L3D_CACHE_RD: 0xa0,
  L3D_CACHE_WR: 0xa1,
  L3D_CACHE_REFILL_RD: 0xa2,
  L3D_CACHE_REFILL_WR: 0xa3,
  L3D_CACHE_WB_VICTIM: 0xa6,
  L3D_CACHE_WB_CLEAN: 0xa7,
  L3D_CACHE_INVAL: 0xa8,
  L2D_CACHE_HIT_RD_FEXT_PROP: 0xa9,
  L2D_CACHE_HIT_WR_FEXT_PROP: 0xaa,
  L2D_CACHE_HIT_RW_FEXT_PROP: 0xab,
  L3D_CACHE_EXT_PROP: 0xac,
  L3D_CACHE_EXT_PROP_PRFM_IR: 0xad,
  L3D_CACHE_HIT_RW_FEXT_PROP: 0xae,
  L3D_CACHE_HIT_RD_FEXT_PROP: 0xaf,
  STSHH_SPEC: 0xb0,
  STSHH_KEEP_SPEC: 0xb1,
  STSHH_STRM_SPEC: 0xb2,
  PRFM_IR_SPEC: 0xb3,
  MEM_ACCESS_WR_STSHH: 0xb4,
  MEM_ACCESS_WR_STSHH_KEEP: 0xb5,
  MEM_ACCESS_WR_STSHH_STRM: 0xb6,
  MEM_ACCESS_WR_STSHH_KEEP_NEAR: 0xb7,
  MEM_ACCESS_WR_STSHH_KEEP_FAR: 0xb8,
  L1D_CACHE_EXT_PROP: 0xb9,
  L1D_CACHE_EXT_PROP_PRFM_IR: 0xba,
  L1D_CACHE_HIT_RD_FEXT_PROP: 0xbb,
  L1D_CACHE_HIT_WR_FEXT_PROP: 0xbc,
  L1D_CACHE_HIT_RW_FEXT_PROP: 0xbd,
  L2D_CACHE_EXT_PROP: 0xbe,
  L2D_CACHE_EXT_PROP_PRFM_IR: 0xbf,
  SAMPLE_POP: 0x4000,
  SAMPLE_FEED: 0x4001,
  SAMPLE_FILTRATE: 0x4002,
  SAMPLE_COLLISION: 0x4003,
  CNT_CYCLES: 0x4004,
  STALL_BACKEND_MEM: 0x4005,
  L1I_CACHE_LMISS: 0x4006,
  L2D_CACHE_LMISS_RD: 0x4009,
  L2I_CACHE_LMISS: 0x400a,
  L3D_CACHE_LMISS_RD: 0x400b,
  TRB_WRAP: 0x400c,
  PMU_OVFS: 0x400d,
  TRB_TRIG: 0x400e,
  PMU_HOVFS: 0x400f,
  TRCEXTOUT0: 0x4010,
  TRCEXTOUT1: 0x4011,
  TRCEXTOUT2: 0x4012,
  TRCEXTOUT3: 0x4013,
  CTI_TRIGOUT4: 0x4018,
  CTI_TRIGOUT5: 0x4019,
  CTI_TRIGOUT6: 0x401a,
  CTI_TRIGOUT7: 0x401b,
  LDST_ALIGN_LAT: 0x4020,
  LD_ALIGN_LAT: 0x4021,
  ST_ALIGN_LAT: 0x4022,
  MEM_ACCESS_CHECKED: 0x4024,
  MEM_ACCESS_CHECKED_RD: 0x4025,
  MEM_ACCESS_CHECKED_WR: 0x4026,
} as const satisfies Record<string, number>

export type PmuEventName = keyof typeof PMU_EVENTS

const NAMES = Object.keys(PMU_EVENTS) as PmuEventName[]
let nameOf: ReadonlyMap<number, PmuEventName> | undefined

/** What `perf` calls events, of which the PMU's driver makes these: `armv8_pmuv3_perf_map` (v6.12). */
const PERF_NAMES = new Map<string, PmuEventName>([
  ['cycles', 'CPU_CYCLES'],
  ['instructions', 'INST_RETIRED'],
  ['branches', 'BR_RETIRED'],
  ['branch-instructions', 'BR_RETIRED'],
  ['branch-misses', 'BR_MIS_PRED'],
  ['cache-references', 'L1D_CACHE'],
  ['cache-misses', 'L1D_CACHE_REFILL'],
  ['stalled-cycles-frontend', 'STALL_FRONTEND'],
  ['stalled-cycles-backend', 'STALL_BACKEND'],
])

/**
 * The number of an event written as `0x11`, `17`, `CPU_CYCLES` or `cpu_cycles`; undefined if it is
 * none of these. The number may be beyond {@link LAST_PMU_EVENT}.
 */
export function parsePmuEvent(text: string): number | undefined {
  return /^(0x[\da-f]+|\d+)$/i.test(text) ? Number(text) : numberOf(text.toUpperCase())
}

/** Arm's name of an event, if it is among {@link PMU_EVENTS}. */
export function pmuEventName(event: number): PmuEventName | undefined {
  nameOf ??= new Map(NAMES.map(name => [PMU_EVENTS[name], name]))
  return nameOf.get(event)
}

function numberOf(name: string): number | undefined {
  return Object.hasOwn(PMU_EVENTS, name) ? PMU_EVENTS[name as PmuEventName] : undefined
}

/** `0x11`. */
export function renderEventNumber(event: number): string {
  return `0x${event.toString(16).padStart(2, '0')}`
}

/** `CPU_CYCLES (0x11)`, or `event 0x4f0` where Arm has no name for it. */
export function renderPmuEvent(event: number): string {
  const name = pmuEventName(event)
  const number = renderEventNumber(event)
  return name === undefined ? `event ${number}` : `${name} (${number})`
}

/**
 * What somebody may have meant by a text that {@link parsePmuEvent} does not know: the nearest name,
 * the event behind a name of perf's, or for `r1b` and `1b` the number `0x1b`.
 */
export function suggestPmuEvent(text: string): string | undefined {
  const hex = /^r?([\da-f]{1,4})$/i.exec(text)?.[1]
  if (hex !== undefined) return `0x${hex.toLowerCase()}`
  return PERF_NAMES.get(text.toLowerCase()) ?? didYouMean(text, NAMES)
}

/** Events by number; both ends are meant as well. */
export interface PmuEventRange {
  readonly first: number
  readonly last: number
}

/** Why a text is no event and no range; `instead` is one that is right and was probably meant. */
export interface PmuEventProblem {
  readonly problem: string
  readonly instead: string | undefined
}

/** `0x08-0x0b`, or any event alone; see {@link parsePmuEvent}. Both ends are events. */
export function parsePmuEventRange(text: string): PmuEventRange | PmuEventProblem {
  const ends = parsePmuEvent(text) === undefined ? text.split('-') : [text]
  const [from = '', to = from] = ends
  const first = parsePmuEvent(from)
  const last = parsePmuEvent(to)
  if (first === undefined || last === undefined || ends.length > 2) return unknown(text, ends)

  const limit = renderEventNumber(LAST_PMU_EVENT)
  if (Math.max(first, last) > LAST_PMU_EVENT)
    return {
      problem: `${quote(text)} goes beyond ${limit}, the last event there is`,
      instead: first <= LAST_PMU_EVENT ? `${from}-${limit}` : undefined,
    }
  if (last < first)
    return {
      problem: `the range ${quote(text)} ends before it begins`,
      instead: `${to}-${from}`,
    }
  return { first, last }
}

function unknown(text: string, ends: readonly string[]): PmuEventProblem {
  const kind = ends.length > 1 ? 'no event and no range of events' : 'no event'
  const instead = suggestPmuEvent(text) ?? suggestRange(ends)
  const question = instead === undefined ? '' : `; did you mean ${instead}?`
  return { problem: `${quote(text)} is ${kind}${question}`, instead }
}

function suggestRange(ends: readonly string[]): string | undefined {
  if (ends.length !== 2) return undefined
  const meant = ends.map(end => (parsePmuEvent(end) === undefined ? suggestPmuEvent(end) : end))
  const range = meant.join('-')
  return !meant.includes(undefined) && 'first' in parsePmuEventRange(range) ? range : undefined
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
