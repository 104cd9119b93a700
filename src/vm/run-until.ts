import { InterruptedError, TsvmmError } from '../errors/index.ts'
import type { Outcome } from './outcome.ts'
import type { RunLoop } from './run-loop.ts'

/** What ends a guest from outside. */
export interface Limits {
  readonly signal: AbortSignal
  readonly timeoutSeconds?: number | undefined
  /** Since when that counts: `process.hrtime.bigint()` at the first boot. */
  readonly since: bigint
}

/** Runs to the end, which comes when the guest ends or one of the limits is reached. */
export async function runUntil(
  loop: Pick<RunLoop, 'run' | 'end'>,
  { signal, timeoutSeconds, since }: Limits,
): Promise<Outcome> {
  const interrupt = () => loop.end({ kind: 'interrupted', reason: reasonOf(signal) })
  const timer =
    timeoutSeconds === undefined
      ? undefined
      : setTimeout(
          () => loop.end({ kind: 'timeout', seconds: timeoutSeconds }),
          timeoutSeconds * 1000 - Number(process.hrtime.bigint() - since) / 1e6,
        )
  signal.addEventListener('abort', interrupt)
  try {
    const ended = loop.run()
    if (signal.aborted) interrupt()
    return await ended
  } finally {
    signal.removeEventListener('abort', interrupt)
    clearTimeout(timer)
  }
}

/** Whoever aborts without an error of ours ends the run as SIGTERM would. */
function reasonOf(signal: AbortSignal): TsvmmError {
  return signal.reason instanceof TsvmmError ? signal.reason : new InterruptedError('SIGTERM')
}
