import { CommanderError, type Command } from 'commander'
import {
  EXIT_CODES,
  HostError,
  InterruptedError,
  TimeoutError,
  type TsvmmError,
} from '../errors/index.ts'
import { createPaint } from './color.ts'
import type { CliContext } from './context.ts'
import { DEFAULT_SETTINGS, type Settings } from './global-options.ts'
import { CommandLog, LEVELS } from './log.ts'
import { asTsvmmError, isWorthTelling, paintLabels, renderError } from './print-error.ts'
import { buildProgram } from './program.ts'
import { spellOutBareFlags } from './bare-flags.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** How long output may take to be read once somebody, or --timeout, has ended us. */
const LAST_OUTPUT_MS = 1000

const settings: Settings = { ...DEFAULT_SETTINGS }
const paint = createPaint(process, process.env, () => settings.color)
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
  process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
    const error = outputError(cause)
    if (over) report(error, cause)
    else ending.abort(error)
  })
  process.on('uncaughtException', error => {
    report(asTsvmmError(error), error)
    process.exit()
  })

  try {
    await parse(buildProgram(createContext(ending.signal)), spellOutBareFlags(argv))
    if (ending.signal.aborted) throw ending.signal.reason as Error
  } catch (thrown) {
    report(asTsvmmError(thrown), thrown)
    if (thrown instanceof InterruptedError || thrown instanceof TimeoutError) endSoon()
  } finally {
    over = true
    for (const signal of SIGNALS) process.removeAllListeners(signal)
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

function outputError(cause: NodeJS.ErrnoException): TsvmmError {
  if (cause.code === 'EPIPE') return new InterruptedError('SIGPIPE')
  // Whoever has no terminal any more is told so by this or by the signal, whichever comes first.
  if (cause.code === 'EIO' && process.stdout.isTTY) return new InterruptedError('SIGHUP')
  return new HostError('OUTPUT', 'standard output cannot be written', { why: cause.message, cause })
}

function createContext(signal: AbortSignal): CliContext {
  return {
    // Asking for it opens it, and most commands read nothing.
    get stdin() {
      return process.stdin
    },
    stdout: process.stdout,
    get stderr() {
      return openStderr()
    },
    env: process.env,
    signal,
    log,
    startLog,
    paint,
    settings,
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

/** Commander has printed its own words when it throws. */
async function parse(program: Command, argv: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    process.exitCode = thrown.exitCode === 0 ? EXIT_CODES.ok.status : EXIT_CODES.usage.status
  }
}
