import { PMU_ROWS } from './catalogue-pmu.ts'
import { VCPU_ROWS } from './catalogue-vcpu.ts'
import { VGIC_ROWS } from './catalogue-vgic.ts'
import { VM_ROWS } from './catalogue-vm.ts'

/** One row of the catalogue: what an errno of a request (or of an attribute) means and what to do. */
export interface CatalogueEntry {
  readonly why: string
  readonly try?: readonly string[]
  /** Kernel path, section and version. */
  readonly see?: readonly string[]
}

export type Rows = Readonly<Record<string, Readonly<Record<string, CatalogueEntry>>>>

/**
 * Keyed by request or attribute, then errno. An attribute's row wins over its request's. A missing
 * row prints nothing rather than a guess.
 */
export const CATALOGUE: Rows = { ...VM_ROWS, ...VCPU_ROWS, ...PMU_ROWS, ...VGIC_ROWS }

/** The explanation of (request, attribute, errno), or nothing. */
export function lookUp(
  request: string,
  attribute: string | undefined,
  errno: string,
): Partial<CatalogueEntry> {
  return CATALOGUE[attribute ?? '']?.[errno] ?? CATALOGUE[request]?.[errno] ?? {}
}
