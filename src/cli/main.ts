import { CommanderError } from 'commander'
import type { pino } from 'pino'
import { createRequire } from 'node:module'
import { EXIT_CODES, InterruptedError, type TsvmmError } from '../errors/index.ts'
import type { CliContext } from './context.ts'
import { asTsvmmError, isWorthTelling, renderError } from './print-error.ts'
import { buildProgram } from './program.ts'
import { spellOutPmu } from './run.ts'

/** How often -v was given. */
let verbosity = 0

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs the command line and sets the exit status; the process ends when nothing is left to do. */
export async function main(argv: readonly string[]): Promise<void> {
  const ending = new AbortController()
  for (const signal of SIGNALS) process.on(signal, () => endBySignal(ending, signal))
  process.stdout.on('error', (error: NodeJS.ErrnoException) => endByOutput(ending, error))
  process.stderr.on('error', () => undefined)
  process.on('uncaughtException', error => {
    report(asTsvmmError(error), error)
    process.exit()
  })

  const context = createContext(ending.signal)
  try {
    await buildProgram(context).parseAsync(spellOutPmu(argv), { from: 'user' })
    if (ending.signal.aborted) throw ending.signal.reason as Error
  } catch (thrown) {
    if (thrown instanceof CommanderError) process.exitCode = commanderStatus(thrown)
    else report(asTsvmmError(thrown), thrown)
  } finally {
    for (const signal of SIGNALS) process.removeAllListeners(signal)
  }
}

/** Commands end everything they started when told to; who asks twice does not want to wait for that. */
function endBySignal(ending: AbortController, signal: (typeof SIGNALS)[number]): void {
  const reason = new InterruptedError(signal)
  if (ending.signal.aborted) process.exit(reason.exitStatus)
  ending.abort(reason)
}

function endByOutput(ending: AbortController, error: NodeJS.ErrnoException): void {
  ending.abort(error.code === 'EPIPE' ? new InterruptedError('SIGPIPE') : error)
}

function createContext(signal: AbortSignal): CliContext {
  let log: pino.Logger | undefined
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal,
    // Loaded on first use: most commands log nothing, and loading pino takes as long as they do.
    get log() {
      return (log ??= createLogger(verbosity))
    },
    progress: line => {
      process.stderr.write(`${line}\n`)
    },
    sayMore: () => {
      verbosity++
    },
    setExitStatus: status => (process.exitCode = status),
  }
}

function createLogger(level: number): pino.Logger {
  const load = createRequire(import.meta.url)('pino') as typeof pino
  // Synchronous: a VMM that dies must not lose its last line.
  const destination = load.destination({ fd: 2, sync: true })
  return load({ level: ['warn', 'info', 'debug', 'trace'][level] ?? 'trace' }, destination)
}

function report(error: TsvmmError, thrown: unknown): void {
  if (isWorthTelling(error)) process.stderr.write(renderError(error))
  if (verbosity >= 2 && thrown instanceof Error) process.stderr.write(`${thrown.stack ?? ''}\n`)
  process.exitCode = error.exitStatus
}

/** Commander has printed its own words already. */
function commanderStatus(error: CommanderError): number {
  return error.exitCode === 0 ? EXIT_CODES.ok.status : EXIT_CODES.usage.status
}
