import { hex } from '../look/hex.ts'
import { renderDts } from '../fdt/index.ts'
import type { DryRun } from '../vm/dry-run.ts'
import { renderRunObject } from './run-json.ts'

/** What `tsvmm run --dry-run --json` writes. */
export function renderDryRunJson({ assumed, memory, pmu, gic, tree, calls }: DryRun): string {
  const dryRun = {
    assumed,
    memory: memory.map(({ base, size, what }) => ({ base: hex(base), size: hex(size), what })),
    pmu,
    gic,
    deviceTree: renderDts(tree),
    calls: calls.map(call => ({ ...call, ns: undefined })),
  }
  return renderRunObject({ dryRun }, undefined)
}
