/** What one vCPU did. */
export interface VcpuStatistics {
  readonly exits: Readonly<Record<string, number>>
  /** How long its thread was on a CPU, in milliseconds; missing while it runs. */
  readonly cpuMs?: number
}

/** The counts of all, by kind. */
export function sumCounts(
  counts: readonly Readonly<Record<string, number>>[],
): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const [kind, count] of counts.flatMap(Object.entries<number>))
    sum[kind] = (sum[kind] ?? 0) + count
  return sum
}
