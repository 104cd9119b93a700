import type { Paint } from './color.ts'
import type { Settings } from './settings.ts'

/** What a command says to those who asked for more: `info` with -v, `debug` with -vv, `trace` with -vvv. */
export interface Log {
  info(fields: object, message: string): void
  debug(fields: object, message: string): void
  trace(fields: object, message: string): void
}

/** What a command may touch of the world; handed to it so that tests can hand it something else. */
export interface CliContext {
  readonly stdin: NodeJS.ReadStream
  /** The answer, and a guest's console. Nothing else. */
  readonly stdout: NodeJS.WriteStream
  /**
   * Writes to stdout and waits for it, without the stream, which takes time to make.
   *
   * @throws {InterruptedError} nobody reads it
   * @throws {HostError} `TSVMM_HOST_OUTPUT`
   */
  answer(text: string): void
  /** Everything that is not the answer. */
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Log
  /** Colours what goes to stdout or stderr, where that is wanted. */
  readonly paint: Paint
  /** Filled in by the global options. */
  readonly settings: Settings
  /** Aborted with an `InterruptedError` by SIGINT, SIGTERM and SIGHUP; a command ends everything it started and rejects with the reason. */
  readonly signal: AbortSignal
  /** Makes the log what the global options say; called before a command does anything. */
  startLog(): Promise<void>
  /** One line on stderr that tells what takes long. */
  progress(line: string): void
  /** The status the process ends with if the command does not throw; 0 unless set. */
  setExitStatus(status: number): void
}
