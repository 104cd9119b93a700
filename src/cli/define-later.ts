import type { Command } from 'commander'

const definitions = new WeakMap<Command, () => void>()

/**
 * Has a command get its description, options and examples when {@link define} asks for them: a start
 * uses one command, and the options of all take long. What it is called, is for and does, and its
 * arguments, it has from the beginning.
 */
export function defineLater(command: Command, definition: () => void): void {
  definitions.set(command, definition)
}

/** Gives a command what it was to get later, if it has not got it. */
export function define(command: Command): void {
  const definition = definitions.get(command)
  definitions.delete(command)
  definition?.()
}

/** Whether it has options of its own, or gets them. */
export function takesOptions(command: Command): boolean {
  return definitions.has(command) || command.options.length > 0
}
