import { pmuRows } from './catalogue-pmu.ts'
import { vcpuRows } from './catalogue-vcpu.ts'
import { vgicRows } from './catalogue-vgic.ts'
import { vmRows } from './catalogue-vm.ts'

/** One row of the catalogue: what an errno of a request (or of an attribute) means and what to do. */
export interface CatalogueEntry {
  readonly why: string
  readonly try?: readonly string[]
  /** Kernel path, section and version. */
  readonly see?: readonly string[]
}

export type Rows = Readonly<Record<string, Readonly<Record<string, CatalogueEntry>>>>

let rows: Rows | undefined

/**
 * Keyed by request or attribute, then errno. An attribute's row wins over its request's. A missing
 * row prints nothing rather than a guess. Made when first asked for, which most starts never do.
 */
export function catalogue(): Rows {
  return (rows ??= { ...vmRows(), ...vcpuRows(), ...pmuRows(), ...vgicRows() })
}

/** The explanation of (request, attribute, errno), or nothing. */
export function lookUp(
  request: string,
  attribute: string | undefined,
  errno: string,
): Partial<CatalogueEntry> {
  return catalogue()[attribute ?? '']?.[errno] ?? catalogue()[request]?.[errno] ?? {}
}
