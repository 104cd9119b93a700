import { UsageError } from '../errors/index.ts'
import { renderPmuFilter, type PmuFilter } from './filter.ts'
import type { PmuInterrupt } from './interrupt.ts'

/** Which PMU is wanted. */
export type PmuMode =
  /** The one that fits the CPUs the vCPUs may use. */
  | { readonly kind: 'auto' }
  /** None. */
  | { readonly kind: 'off' }
  /** KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY: the cycle counter, on every CPU. */
  | { readonly kind: 'fixed' }
  /** The kernel's own pick. */
  | { readonly kind: 'default' }
  /** This one: its name in sysfs, or its perf type in decimal. */
  | { readonly kind: 'named'; readonly name: string }

/** What becomes of a guest whose vCPUs may use CPUs that no PMU covers together. */
export type PmuFallback =
  /** It is kept to the CPUs of one PMU. */
  | 'pin'
  /** It has no PMU. */
  | 'none'
  /** It is not run. */
  | 'fail'

/** What somebody wants of the guest's PMU. */
export interface PmuRequest {
  readonly mode: PmuMode
  readonly fallback: PmuFallback
  /** Event counters the guest is to see; left out, all the PMU has. */
  readonly counters?: number | undefined
  /** In the order the kernel is to be told: the first decides about events no rule names. */
  readonly filter?: PmuFilter | undefined
  readonly strict: 'auto' | 'on' | 'off'
  readonly interrupt: PmuInterrupt
}

/** The modes that are words; anything else names a PMU. */
export const PMU_MODES = ['auto', 'off', 'fixed', 'default'] as const

/**
 * `auto`, `off`, `fixed`, `default`; everything else is the name or the type of a PMU.
 *
 * @throws {@link UsageError} nothing is there
 */
export function parsePmuMode(text: string): PmuMode {
  if (text.trim() === '')
    throw new UsageError('--pmu= names no PMU and no mode', {
      try: ['--pmu', ...PMU_MODES.map(mode => `--pmu=${mode}`)],
    })
  const word = PMU_MODES.find(word => word === text)
  return word === undefined ? { kind: 'named', name: text } : { kind: word }
}

/** Whether something is asked of the PMU that not every PMU can give, so that one has to be there. */
export function isWished({ counters, filter, strict }: PmuRequest): boolean {
  return counters !== undefined || filter !== undefined || strict === 'on'
}

/** The mode as it is typed. */
export function renderPmuMode(mode: PmuMode): string {
  return `--pmu=${mode.kind === 'named' ? mode.name : mode.kind}`
}

/**
 * Refuses wishes that contradict each other on every host.
 *
 * @throws {@link UsageError}
 */
export function checkPmuRequest(request: PmuRequest): void {
  const { mode } = request
  for (const { flag, given, without } of wishes(request)) {
    const why = given ? without[mode.kind] : undefined
    if (why === undefined) continue
    throw new UsageError(`${flag} and ${renderPmuMode(mode)} contradict each other`, {
      why,
      try: [`leave ${flag} out`, `--pmu=auto ${flag}`],
    })
  }
}

interface Wish {
  readonly flag: string
  readonly given: boolean
  /** Why it cannot be had with a mode. */
  readonly without: Readonly<Partial<Record<PmuMode['kind'], string>>>
}

const NO_PMU = 'without a PMU there is nothing to set'

function wishes({ counters, filter, strict }: PmuRequest): Wish[] {
  return [
    {
      flag: `--pmu-counters ${counters}`,
      given: counters !== undefined,
      without: {
        off: NO_PMU,
        fixed: 'FIXED_COUNTERS_ONLY has no event counters',
        default: 'SET_NR_COUNTERS is defined only for a PMU that was selected with SET_PMU',
      },
    },
    {
      flag: renderPmuFilter(filter ?? [])
        .map(rule => `--pmu-filter ${rule}`)
        .join(' '),
      given: filter !== undefined,
      without: {
        off: NO_PMU,
        fixed: 'FIXED_COUNTERS_ONLY and FILTER exclude each other (EBUSY)',
      },
    },
    {
      flag: '--pmu-strict=on',
      given: strict === 'on',
      without: {
        off: NO_PMU,
        fixed:
          'with STRICT a PMU must be selected with SET_PMU, which FIXED_COUNTERS_ONLY excludes',
        default: 'with STRICT the kernel picks no PMU by itself',
      },
    },
  ]
}
