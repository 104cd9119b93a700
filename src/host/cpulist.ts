import { UsageError } from '../errors/index.ts'

/** The most CPUs an arm64 kernel can be built for is 4096 (`NR_CPUS`, v6.18); twice that is a typo. */
export const MAX_CPUS = 8192

/** All CPUs that can be, one by one, have some 40 thousand characters. */
const LONGEST = 64 * 1024

const ITEM = /^(?<first>\d+)(?:-(?<last>\d+)(?::(?<used>\d+)\/(?<group>\d+))?)?$/

/**
 * The CPUs in a list as the kernel writes and reads it: `0-3,8`, or `0-31:2/8` for the first 2 of
 * every 8. Blank text is an empty list: that is how sysfs says "none".
 *
 * @returns CPU numbers, ascending, each once
 * @throws {@link UsageError} naming the item that cannot be meant
 * @see lib/bitmap-str.c, `bitmap_parselist` (v6.12); its words `all` and `N` are not understood
 */
export function parseCpuList(text: string): number[] {
  if (text.trim() === '') return []
  if (text.length > LONGEST) throw malformed(text, `it has ${text.length} characters`)
  // Ranges may be written as often as there is room for them.
  const isThere = new Uint8Array(MAX_CPUS)
  for (const item of text.split(',')) markItem(item.trim(), text, isThere)
  // indexOf: lists are short and read for every CPU, and to look at all that can be takes long.
  const cpus: number[] = []
  for (let cpu = isThere.indexOf(1); cpu >= 0; cpu = isThere.indexOf(1, cpu + 1)) cpus.push(cpu)
  return cpus
}

/** The shortest list without strides: `[0, 1, 2, 8]` → `0-2,8`. The order of `cpus` does not matter. */
export function renderCpuList(cpus: Iterable<number>): string {
  const ranges: { first: number; last: number }[] = []
  for (const cpu of [...new Set(cpus)].sort((a, b) => a - b)) {
    const range = ranges.at(-1)
    if (range?.last === cpu - 1) range.last = cpu
    else ranges.push({ first: cpu, last: cpu })
  }
  return ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',')
}

/** `CPU 0`, `CPUs 0-3`. */
export function renderCpus(cpus: readonly number[]): string {
  return `${cpus.length === 1 ? 'CPU' : 'CPUs'} ${renderCpuList(cpus)}`
}

function markItem(item: string, text: string, marks: Uint8Array): void {
  const groups = ITEM.exec(item)?.groups
  if (groups === undefined)
    throw malformed(text, item === '' ? 'an item is empty' : `"${item}" is no CPU and no range`)

  const first = Number(groups['first'])
  const last = Number(groups['last'] ?? first)
  const used = Number(groups['used'] ?? MAX_CPUS)
  const group = Number(groups['group'] ?? MAX_CPUS)
  if (last >= MAX_CPUS || first >= MAX_CPUS)
    throw malformed(text, `"${item}" goes beyond CPU ${MAX_CPUS - 1}`)
  if (last < first) throw malformed(text, `the range "${item}" ends before it begins`)
  if (used < 1 || used > group)
    throw malformed(text, `"${item}" takes ${used} CPUs of every ${group}`)
  for (let cpu = first; cpu <= last; cpu += group)
    marks.fill(1, cpu, Math.min(cpu + used, last + 1))
}

function malformed(text: string, problem: string): UsageError {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return new UsageError(`${JSON.stringify(shown)} is not a list of CPUs: ${problem}`, {
    try: ['write CPU numbers and ranges with commas between them, e.g. 0-3,8'],
  })
}
