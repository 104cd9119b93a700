import { VMMS, type VmmName } from './vmms.ts'

/** What `tsvmm probe --for` has advice for: VMMs, and Node Feature Discovery. */
export const CLIENTS = [...(Object.keys(VMMS) as VmmName[]), 'nfd'] as const

export type Client = (typeof CLIENTS)[number]
