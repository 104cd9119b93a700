import { fstatSync, writeSync } from 'node:fs'
import { HostError, InterruptedError, type TsvmmError } from '../errors/index.ts'

const STDOUT = 1

let whenBroken: (error: TsvmmError, cause: unknown) => void = () => undefined

/** Has somebody told when the stream of {@link openStdout} breaks. */
export function onBrokenOutput(tell: typeof whenBroken): void {
  whenBroken = tell
}

/** Node's stream, made by the first who asks: that takes time, and {@link writeAnswer} does without. */
export function openStdout(): NodeJS.WriteStream {
  const { stdout } = process
  if (stdout.listenerCount('error') === 0)
    stdout.on('error', (cause: NodeJS.ErrnoException) => whenBroken(outputError(cause), cause))
  return stdout
}

/** Whether it is a terminal, and how wide: of what is no device at all, known without a stream. */
export function stdoutForm(): { readonly isTTY?: boolean; readonly columns?: number } {
  return (form ??= fstatSync(STDOUT).isCharacterDevice() ? openStdout() : {})
}

let form: ReturnType<typeof stdoutForm> | undefined

/**
 * Writes to standard output and waits until it is written.
 *
 * @throws {InterruptedError} nobody reads it
 * @throws {HostError} `TSVMM_HOST_OUTPUT`
 */
export function writeAnswer(text: string): void {
  const bytes = Buffer.from(text)
  let done = 0
  try {
    while (done < bytes.length) done += writeSync(STDOUT, bytes, done)
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException
    // Of a pipe that somebody made non-blocking: the stream knows how to wait.
    if (error.code === 'EAGAIN') openStdout().write(bytes.subarray(done))
    else throw outputError(error)
  }
}

function outputError(cause: NodeJS.ErrnoException): TsvmmError {
  if (cause.code === 'EPIPE') return new InterruptedError('SIGPIPE')
  // Whoever has no terminal any more is told so by this or by the signal, whichever comes first.
  if (cause.code === 'EIO' && process.stdout.isTTY) return new InterruptedError('SIGHUP')
  return new HostError('OUTPUT', 'standard output cannot be written', { why: cause.message, cause })
}
