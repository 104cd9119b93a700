import type { pino } from 'pino'
import type { Log } from './context.ts'
import { openLineFile } from './open-output.ts'
import type { LogFormat, Settings } from './settings.ts'
import { renderLogLine, type PaintLevel } from './log-line.ts'

/** How often -v must have been given. */
export const LEVELS = { info: 1, debug: 2, trace: 3 } as const satisfies Record<keyof Log, number>

/** Where lines of the log go. */
interface Destination {
  /** What is asked for if --log-format is not: lines for a person on a terminal, else for programs. */
  readonly format: LogFormat
  readonly paint: PaintLevel
  /** At once: a VMM that dies must not lose its last line. */
  write(line: string): void
}

interface Stderr {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** The log of this process: pino, on stderr or in the file of --log-file. */
export class CommandLog implements Log {
  readonly #settings: Settings
  readonly #stderr: () => Stderr
  readonly #paint: PaintLevel
  /** Undefined: stderr. */
  #file: Destination | undefined
  #logger: pino.Logger | undefined

  /** @param stderr is asked for when there is something to write */
  constructor(settings: Settings, stderr: () => Stderr, paint: PaintLevel) {
    this.#settings = settings
    this.#stderr = stderr
    this.#paint = paint
  }

  /**
   * Opens the file of --log-file, so that a command begins only if its log has a place.
   *
   * @throws {UsageError} it cannot be written
   */
  open(): void {
    const { logFile } = this.#settings
    if (logFile !== undefined) this.#file = this.#openFile(logFile)
  }

  info(fields: object, message: string): void {
    this.#log('info', fields, message)
  }

  debug(fields: object, message: string): void {
    this.#log('debug', fields, message)
  }

  trace(fields: object, message: string): void {
    this.#log('trace', fields, message)
  }

  #log(level: keyof Log, fields: object, message: string): void {
    const { verbosity, logFile } = this.#settings
    // Who names a file wants something in it.
    if (Math.max(verbosity, logFile === undefined ? 0 : LEVELS.info) < LEVELS[level]) return
    this.#logger ??= this.#load()
    this.#logger[level](fields, message)
  }

  /** Loading pino takes as long as most commands do: not before there is a line to write. */
  #load(): pino.Logger {
    // Asked for here, since node:module loads more than pino does.
    const { createRequire } = process.getBuiltinModule('node:module')
    const load = createRequire(import.meta.url)('pino') as typeof pino
    const to = this.#file ?? this.#onStderr()
    const isPretty = (this.#settings.logFormat ?? to.format) === 'pretty'
    return load(
      // Without the name of the host: logs are sent to others.
      { level: 'trace', base: { pid: process.pid } },
      { write: line => to.write(isPretty ? renderLogLine(line, to.paint) : line) },
    )
  }

  #onStderr(): Destination {
    const stderr = this.#stderr()
    return {
      format: stderr.isTTY === true ? 'pretty' : 'json',
      paint: this.#paint,
      write: line => stderr.write(line),
    }
  }

  #openFile(path: string): Destination {
    const file = openLineFile('--log-file', path, 'kept', sentence =>
      this.#stderr().write(`tsvmm: note: ${sentence}\n`),
    )
    return { format: 'json', paint: level => level, write: line => file.write(line) }
  }
}
