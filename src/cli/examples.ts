import type { Command } from 'commander'

/** A command line to type, and what it is for where that does not go without saying. */
export type Example = readonly [line: string, comment?: string]

const examples = new WeakMap<Command, readonly Example[]>()

/** Ends the help of a command with examples. The man page has them too. */
export function addExamples(command: Command, list: readonly Example[]): void {
  examples.set(command, list)
  command.addHelpText('after', () => `\nExamples:\n${renderExamples(list).join('\n')}`)
}

export function examplesOf(command: Command): readonly Example[] {
  return examples.get(command) ?? []
}

function renderExamples(list: readonly Example[]): string[] {
  const column = Math.max(
    ...list.map(([line, comment]) => (comment === undefined ? 0 : line.length)),
  )
  return list.map(([line, comment]) =>
    comment === undefined ? `  ${line}` : `  ${line.padEnd(column)}    # ${comment}`,
  )
}
