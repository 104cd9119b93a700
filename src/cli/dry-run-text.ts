import { renderDts } from '../fdt/index.ts'
import { renderAsked, renderCame } from '../ioctl/index.ts'
import { printable } from '../look/printable.ts'
import type { DryRun } from '../vm/dry-run.ts'
import type { Region } from '../vm/regions.ts'
import { renderDecision } from './run-text.ts'

/** What `tsvmm run --dry-run` says. */
export function renderDryRun({ assumed, pmu, memory, tree, calls }: DryRun): string {
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['Assumed', assumed.map(sentence => `- ${sentence}`)],
    ['Memory', renderRegions(memory)],
    [
      'PMU',
      [
        ...renderDecision(pmu)
          .replace(/^tsvmm: /, '')
          .split('\n'),
        ...pmu.notices.map(note => `note: ${note}`),
      ],
    ],
    ['Device tree', renderDts(tree).trimEnd().split('\n')],
    [
      'System calls up to the first KVM_RUN, with the answers that are assumed',
      calls.map(call => `${renderAsked(call)} = ${renderCame(call)}`),
    ],
  ]
  return `${sections.map(([title, lines]) => [`${title}:`, '', ...lines.map(shown)].join('\n')).join('\n\n')}\n`
}

/** What may be the file's or the saved machine's; the tabs are ours. */
function shown(line: string): string {
  const [tabs = ''] = /^\t*/.exec(line) ?? []
  return tabs + printable(line.slice(tabs.length))
}

function renderRegions(regions: readonly Region[]): string[] {
  const hex = (address: bigint) => `0x${address.toString(16).padStart(8, '0')}`
  return regions.map(({ base, size, what }) => `${hex(base)} to ${hex(base + size - 1n)}  ${what}`)
}
