import { UsageError } from '../errors/index.ts'
import { ppiIntid } from '../ioctl/index.ts'

/**
 * The PMU's overflow interrupt: the same PPI on every vCPU, or an SPI for each, vCPU `i` having SPI
 * `first + i`. Numbers are those of the kind, from 0 up, not INTIDs.
 */
export type PmuInterrupt =
  | { readonly kind: 'ppi'; readonly number: number }
  | { readonly kind: 'spi'; readonly first: number }

export interface PmuInterruptSetting {
  readonly vcpus: number
  /** Interrupts of the GIC, the 32 private ones included: its KVM_DEV_ARM_VGIC_GRP_NR_IRQS. */
  readonly nrIrqs: number
  /** SPIs of devices; `by` as it reads in a sentence, e.g. `the UART`. */
  readonly taken: readonly { readonly spi: number; readonly by: string }[]
}

/** What every VMM uses: INTID 23, as Arm's server base architecture says. */
const USUAL = 'ppi:7'
const FIRST_SPI_INTID = 32
/** INTIDs from here up are special. Arm IHI 0069H, 2.2. */
const END_OF_SPI_INTIDS = 1020

/** By PPI; `default_ppi` of arch/arm64/kvm/arch_timer.c (v6.12) has their INTIDs. */
const TIMERS: Readonly<Record<number, string>> = {
  10: 'EL2 physical timer',
  11: 'virtual timer',
  12: 'EL2 virtual timer',
  13: 'secure physical timer',
  14: 'physical timer',
}

/**
 * `ppi:7` or `spi:40`. Only the form is looked at; {@link checkPmuInterrupt} does the rest.
 *
 * @throws {@link UsageError} for everything else, INTIDs among it
 */
export function parsePmuInterrupt(text: string): PmuInterrupt {
  const groups = /^(?:(?<kind>ppi|spi):)?(?<digits>\d{1,4})$/.exec(
    text.trim().toLowerCase(),
  )?.groups
  const number = Number(groups?.['digits'])
  if (groups?.['kind'] === 'ppi') return { kind: 'ppi', number }
  if (groups?.['kind'] === 'spi') return { kind: 'spi', first: number }

  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  const problem = groups
    ? `does not say whether ${number} is a PPI or an SPI`
    : 'is neither ppi: nor spi: with a number'
  throw refused(shown, problem, { try: groups ? bareNumber(number) : [] })
}

/** What {@link parsePmuInterrupt} reads: `ppi:7`, or `spi:40` for the SPI of vCPU 0. */
export function renderPmuInterrupt(interrupt: PmuInterrupt): string {
  return interrupt.kind === 'ppi' ? `ppi:${interrupt.number}` : `spi:${interrupt.first}`
}

/** The payload of KVM_ARM_VCPU_PMU_V3_IRQ for vCPU number `vcpu`. */
export function intidOf(interrupt: PmuInterrupt, vcpu: number): number {
  return interrupt.kind === 'ppi'
    ? ppiIntid(interrupt.number)
    : FIRST_SPI_INTID + interrupt.first + vcpu
}

/**
 * Refuses an interrupt that the kernel would, at SET of KVM_ARM_VCPU_PMU_V3_IRQ, at its INIT or as
 * late as KVM_RUN, and one that a device of the machine has already.
 *
 * @throws {@link UsageError} with an interrupt that would do
 * @see arch/arm64/kvm/pmu-emul.c, `kvm_arm_pmu_v3_set_attr`, `kvm_arm_pmu_v3_enable` (v6.12)
 */
export function checkPmuInterrupt(interrupt: PmuInterrupt, setting: PmuInterruptSetting): void {
  if (interrupt.kind === 'ppi') checkPpi(interrupt.number)
  else checkSpis(interrupt.first, setting)
}

function checkPpi(number: number): void {
  const timer = TIMERS[number]
  if (timer !== undefined)
    throw refused(`ppi:${number}`, `is INTID ${ppiIntid(number)}, which the guest's ${timer} has`)
  if (number < 16) return
  const meant = number < 32 ? `, and INTID ${number} is PPI ${number - 16}` : ''
  throw refused(`ppi:${number}`, 'is beyond the last PPI, 15', {
    why: `PPIs count from 0: PPI n is INTID 16 + n${meant}`,
    try: number < 32 ? bareNumber(number) : [],
  })
}

function checkSpis(first: number, { vcpus, nrIrqs, taken }: PmuInterruptSetting): void {
  const count = Math.min(nrIrqs, END_OF_SPI_INTIDS) - FIRST_SPI_INTID
  const met = (from: number) => taken.find(({ spi }) => from <= spi && spi < from + vcpus)
  const candidates = Array.from({ length: Math.max(0, count - vcpus + 1) }, (_, spi) => spi)
  const free = candidates.find(spi => met(spi) === undefined)
  const remedy = free === undefined ? [] : [`spi:${free}`]
  const text = `spi:${first}`
  const why = `every vCPU has an SPI of its own, ${vcpus} of them from SPI ${first} up`

  if (first + vcpus > count) {
    const last = first + vcpus - 1
    const problem = `needs SPIs up to ${last} (INTID ${last + FIRST_SPI_INTID}), but the GIC has them up to ${count - 1}`
    throw refused(text, problem, { why, try: remedy })
  }
  const other = met(first)
  if (other !== undefined)
    throw refused(text, `needs SPI ${other.spi}, which ${other.by} has`, { why, try: remedy })
}

/** What a number alone may mean: an INTID, or a PPI below 16. */
function bareNumber(number: number): string[] {
  if (number >= END_OF_SPI_INTIDS) return []
  if (number >= FIRST_SPI_INTID) return [`spi:${number - FIRST_SPI_INTID}`]
  const ppi = number % 16
  return TIMERS[ppi] === undefined ? [`ppi:${ppi}`] : []
}

function refused(
  text: string,
  problem: string,
  { why, try: remedies = [] }: { why?: string; try?: readonly string[] } = {},
): UsageError {
  return new UsageError(`--pmu-irq ${text} ${problem}`, {
    ...(why === undefined ? {} : { why }),
    try: [...new Set([...remedies, USUAL])].map(remedy => `--pmu-irq ${remedy}`),
    see: ['Documentation/virt/kvm/devices/vcpu.rst 1.1'],
  })
}
