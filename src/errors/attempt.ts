import { BugError, TsvmmError } from './errors.ts'

/** What looking at something gave, or why it cannot be looked at. Bugs are thrown. */
export function attempt<T>(look: () => T): T | TsvmmError {
  try {
    return look()
  } catch (error) {
    return asReason(error)
  }
}

/** {@link attempt} for what takes a while. */
export async function attemptAsync<T>(look: () => T | Promise<T>): Promise<T | TsvmmError> {
  try {
    return await look()
  } catch (error) {
    return asReason(error)
  }
}

function asReason(error: unknown): TsvmmError {
  if (error instanceof TsvmmError && !(error instanceof BugError)) return error
  throw error
}
