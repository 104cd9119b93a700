import { BugError, TsvmmError } from './errors.ts'

/** What looking at something gave, or why it cannot be looked at. Bugs are thrown. */
export function attempt<T>(look: () => T): T | TsvmmError {
  try {
    return look()
  } catch (error) {
    if (error instanceof TsvmmError && !(error instanceof BugError)) return error
    throw error
  }
}
