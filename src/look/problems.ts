import type { HostFacts } from '../host/index.ts'

/** More would hide the facts; `--json` has all. */
const MOST_SHOWN = 10

/** What is wrong with what a machine says of itself, a line each. */
export function problemLines({ problems }: HostFacts): string[] {
  const more = problems.length - MOST_SHOWN
  return [
    ...problems.slice(0, MOST_SHOWN).map(problem => `not right: ${problem}`),
    ...(more > 0 ? [`not right: ${more} more, which tsvmm probe --json has`] : []),
  ]
}
