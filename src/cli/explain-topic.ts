import type { CatalogueEntry } from '../errors/index.ts'
import type { Note } from '../errors/topics.ts'

/** Kinds of things that can be explained, in the order in which they are shown. */
export const KINDS = [
  'errno',
  'device attribute',
  'attribute group',
  'ioctl',
  'system call',
  'device type',
  'capability',
  'vCPU feature',
  'KVM exit reason',
  'system event',
  'internal error',
  'term',
  'check of doctor',
  'error code',
  'exit status',
] as const

export type Kind = (typeof KINDS)[number]

/** A row of the catalogue with its key: which request or attribute answers which errno. */
export interface Row extends CatalogueEntry {
  readonly of: string
  readonly errno: string
}

/** One thing that can be explained. */
export interface Topic extends Note {
  readonly kind: Kind
  readonly name: string
  /** What it is called as well: without a prefix, by number. */
  readonly aliases: readonly string[]
  /** Short facts: numbers, payload, order. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly rows: readonly Row[]
  /** Names of what it consists of, which stand for its rows where those would be too many. */
  readonly members?: readonly string[]
}

/** `KVM_EXIT_MMIO` → `MMIO`; a name that begins with none of the prefixes has none. */
const PREFIXES = [
  'KVM_',
  'KVM_ARM_',
  'KVM_ARM_VCPU_',
  'KVM_ARM_VCPU_PMU_V3_',
  'KVM_ARM_VCPU_TIMER_',
  'KVM_ARM_VM_',
  'KVM_DEV_',
  'KVM_DEV_TYPE_',
  'KVM_DEV_TYPE_ARM_',
  'KVM_DEV_ARM_',
  'KVM_DEV_ARM_VGIC_',
  'KVM_DEV_ARM_VGIC_CTRL_',
  'KVM_DEV_ARM_VGIC_GRP_',
  'KVM_VGIC_',
  'KVM_CAP_',
  'KVM_CAP_ARM_',
  'KVM_CAP_ARM_PMU_V3_',
  'KVM_EXIT_',
  'KVM_EXIT_ARM_',
  'KVM_EXIT_FAIL_ENTRY_',
  'KVM_SYSTEM_EVENT_',
  'KVM_INTERNAL_ERROR_',
  'TSVMM_',
  ...['HOST', 'IMAGE', 'PMU', 'LAB'].map(area => `TSVMM_${area}_`),
]

/** What is left of a name without each of its prefixes. */
export function shortNames(name: string): string[] {
  return PREFIXES.filter(prefix => name.startsWith(prefix)).map(prefix => name.slice(prefix.length))
}

/** Those that have a value. */
export function facts(values: Readonly<Record<string, string | undefined>>): [string, string][] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value] as [string, string]],
  )
}
