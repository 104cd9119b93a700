import { renderEventCounters } from '../../pmu/judge.ts'
import { renderCpus, renderHostPmu } from '../../host/index.ts'
import { printable } from '../printable.ts'
import type { Advice, Alternative } from './advise.ts'
import { VMMS } from './vmms.ts'

/**
 * The advice, to be pasted as it is: the best alternative, and everything else in comments of the
 * shell, or of XML.
 */
export function renderAdvice(advice: Advice): string {
  const vmm = VMMS[advice.vmm]
  const { comment, block } = advice.vmm === 'libvirt' ? XML : SHELL
  const [best, ...others] = advice.alternatives
  const notes = [
    ...('add' in vmm && best !== undefined ? [`${vmm.title}: ${vmm.add}`] : []),
    ...(others.length > 0 ? ['The first is the one with the most CPUs.'] : []),
    ...advice.notes,
  ]
  const reasons = [
    ...(advice.why === undefined ? [] : [advice.why]),
    ...advice.refused.map(({ pmu, reason }) => `not ${renderHostPmu(pmu)}: ${reason}`),
    ...(advice.try ?? []).map(step => `try: ${step}`),
  ]
  const blocks = [
    notes.map(comment),
    best === undefined ? [] : [...wordsFor(best).map(comment), recipeOf(best)],
    ...others.map(other => [...wordsFor(other).map(comment), block(recipeOf(other))]),
    reasons.map(comment),
  ]
  return `${blocks
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')}\n`
}

function wordsFor({ pmu, cores, cpus, counters, notes }: Alternative): string[] {
  const isAll = cpus.length === pmu?.cpus.length
  const facts = [
    ...cores,
    ...(isAll ? [] : [`the guest on ${renderCpus(cpus)}`]),
    ...(counters === undefined ? [] : [`${renderEventCounters(counters)} and the cycle counter`]),
  ]
  const name = pmu === undefined ? 'FIXED_COUNTERS_ONLY' : renderHostPmu(pmu)
  return [[name, facts.join(', ')].filter(Boolean).join(': '), ...notes]
}

/** Words of ours and numbers: nothing in it means anything to a shell. */
function recipeOf({ argv, xml }: Alternative): string {
  return argv?.join(' ') ?? xml ?? ''
}

interface Language {
  readonly comment: (words: string) => string
  /** A recipe that is not to be used, only shown. */
  readonly block: (recipe: string) => string
}

const hashed = (words: string) => `# ${printable(words)}`

const SHELL: Language = { comment: hashed, block: hashed }

/** Two hyphens end a comment of XML too early. */
const XML: Language = {
  comment: words => `<!-- ${printable(words).replaceAll('--', '- -')} -->`,
  block: recipe => `<!--\n${recipe}\n-->`,
}
