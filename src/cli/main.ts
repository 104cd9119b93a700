import { InterruptedError, TimeoutError, type TsvmmError } from '../errors/index.ts'
import { createPaint } from './color.ts'
import type { CliContext } from './context.ts'
import { DEFAULT_SETTINGS, type Settings } from './settings.ts'
import { CommandLog, LEVELS } from './log.ts'
import { readPlainProbe } from './plain-probe.ts'
import { asTsvmmError, isWorthTelling, paintLabels, renderError } from './print-error.ts'
import { onBrokenOutput, openStdout, stdoutForm, writeAnswer } from './standard-output.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** How long output may take to be read once somebody, or --timeout, has ended us. */
const LAST_OUTPUT_MS = 1000

const settings: Settings = { ...DEFAULT_SETTINGS }
const streams = {
  get stdout() {
    return stdoutForm()
  },
  get stderr() {
    return openStderr()
  },
}
const paint = createPaint(streams, process.env, () => settings.color)
const log = new CommandLog(
  settings,
  () => openStderr(),
  level => paint.stderr('cyan', level),
)

/** Runs the command line and sets the exit status; the process ends when nothing is left to do. */
export async function main(argv: readonly string[]): Promise<void> {
  const ending = new AbortController()
  for (const signal of SIGNALS) process.on(signal, () => endBySignal(ending, signal))
  let over = false
  onBrokenOutput((error, cause) => {
    if (over) report(error, cause)
    else ending.abort(error)
  })
  process.on('uncaughtException', error => {
    report(asTsvmmError(error), error)
    process.exit()
  })

  try {
    await dispatch(argv, createContext(ending.signal))
    if (ending.signal.aborted) throw ending.signal.reason as Error
  } catch (thrown) {
    report(asTsvmmError(thrown), thrown)
    if (thrown instanceof InterruptedError || thrown instanceof TimeoutError) endSoon()
  } finally {
    over = true
    for (const signal of SIGNALS) process.removeAllListeners(signal)
  }
}

/** Every part is loaded by who needs it: docs/architecture.md, "Start-up". */
async function dispatch(argv: readonly string[], context: CliContext): Promise<void> {
  const plain = readPlainProbe(argv)
  if (plain !== undefined) {
    const { probe } = await import('./probe-action.ts')
    await probe(plain.word, plain.options, context)
  } else {
    const { runCommandLine } = await import('./program.ts')
    await runCommandLine(argv, context)
  }
}

/** Commands end everything they started when told to; who asks twice does not want to wait for that. */
function endBySignal(ending: AbortController, signal: (typeof SIGNALS)[number]): void {
  const reason = new InterruptedError(signal)
  if (ending.signal.aborted) process.exit(reason.exitStatus)
  ending.abort(reason)
}

/** Whoever does not read our output must not keep us from ending when told to. */
function endSoon(): void {
  setTimeout(() => process.exit(), LAST_OUTPUT_MS).unref()
}

/** Made by the first who asks: a stream takes time that the many who say nothing there do not have. */
function openStderr(): NodeJS.WriteStream {
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => undefined)
  return process.stderr
}

function createContext(signal: AbortSignal): CliContext {
  return {
    // Asking for it opens it, and most commands read nothing.
    get stdin() {
      return process.stdin
    },
    get stdout() {
      return openStdout()
    },
    get stderr() {
      return openStderr()
    },
    env: process.env,
    signal,
    log,
    startLog,
    paint,
    settings,
    answer: writeAnswer,
    progress: line => {
      openStderr().write(`${line}\n`)
    },
    setExitStatus: status => (process.exitCode = status),
  }
}

/**
 * Opens what the log is written to, and has the ioctls shown if they were asked for.
 *
 * @throws {UsageError} --log-file cannot be written
 */
async function startLog(): Promise<void> {
  log.open()
  if (settings.verbosity < LEVELS.trace) return
  const { observeCalls } = await import('../ioctl/observe.ts')
  observeCalls(call => log.trace(call, 'system call'))
}

function report(error: TsvmmError, thrown: unknown): void {
  if (isWorthTelling(error))
    openStderr().write(paintLabels(renderError(error, settings.terse), paint))
  if (settings.verbosity >= 2 && thrown instanceof Error)
    openStderr().write(`${thrown.stack ?? ''}\n`)
  process.exitCode = error.exitStatus
}
