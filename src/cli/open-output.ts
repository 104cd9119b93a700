import { appendFileSync, closeSync, constants, fstatSync, openSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { UsageError } from '../errors/index.ts'

const { O_APPEND, O_CREAT, O_NONBLOCK, O_TRUNC, O_WRONLY } = constants

/** Options by the file that they write. */
const taken = new Map<string, string>()

/**
 * Takes a file for one option: what two write, one of them would lose. Devices lose nothing by it.
 *
 * @returns gives it back
 * @throws {UsageError} another option has it
 */
export function takeFile(option: string, path: string): () => void {
  const file = realPathOf(path)
  if (isInPlace(file)) return () => undefined
  const other = taken.get(file)
  if (other !== undefined)
    throw new UsageError(`${other} and ${option} both name the file ${path}`, {
      try: [`${option} FILE    # a file of its own`],
    })
  taken.set(file, option)
  return () => taken.delete(file)
}

/** Also of a file that is not there yet. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return join(realpathSync(dirname(path)), basename(path))
  }
}

/**
 * Opens a file for output without waiting: a pipe that nobody reads would be waited for, and Ctrl-C
 * would not be heard meanwhile.
 *
 * @throws ENXIO: nobody reads the pipe; and what open(2) says
 */
export function openOutput(path: string, flags: number, mode?: number): number {
  const fd = openSync(path, flags | O_NONBLOCK, mode)
  if (!fstatSync(fd).isFIFO()) return fd
  // Written to as a pipe is: whoever reads slowly is waited for.
  const blocking = openSync(`/proc/self/fd/${fd}`, flags)
  closeSync(fd)
  return blocking
}

/** A file that lines are written to as they come. One that breaks on the way is given up. */
export interface LineFile {
  /** At once: a VMM that dies must not lose its last line. */
  write(line: string): void
}

/**
 * Opens a file for lines.
 *
 * @param old what becomes of the lines that are there
 * @param note is told, once, if no more can be written: a run is worth more than its log
 * @throws {UsageError} it cannot be written
 */
export function openLineFile(
  option: string,
  path: string,
  old: 'kept' | 'dropped',
  note: (sentence: string) => void,
): LineFile {
  requireName(option, path)
  let fd: number | undefined
  try {
    takeFile(option, path)
    fd = openOutput(path, O_WRONLY | O_APPEND | O_CREAT | (old === 'dropped' ? O_TRUNC : 0))
  } catch (cause) {
    throw cannotWrite(option, path, cause)
  }
  const write = (line: string) => {
    if (fd === undefined) return
    try {
      appendFileSync(fd, line)
    } catch (cause) {
      fd = undefined
      note(`${option} ${path} ends here: ${wordsOf(cause)}`)
    }
  }
  return { write }
}

/** Pipes, terminals and devices, which are what they are called: a rename would replace the link. */
export function isInPlace(path: string): boolean {
  return /^\/(dev|proc)\//.test(resolve(path))
}

/** @throws {UsageError} the name is empty, as that of a variable that is not set */
export function requireName(option: string, path: string, what = 'file'): void {
  if (path === '')
    throw new UsageError(`${option} names no ${what}`, { try: [`${option} ${what.toUpperCase()}`] })
}

/** A file of the command line that is no place for output. */
export function cannotWrite(option: string, path: string, cause: unknown): UsageError {
  if (cause instanceof UsageError) return cause
  if (isDirectoryGone(cause)) return directoryGone(cause)
  if (codeOf(cause) === 'ENXIO')
    return new UsageError(`${option} ${path}: nobody reads the pipe`, {
      try: ['start what reads it first'],
      cause,
    })
  return new UsageError(`${option} ${path}: the file cannot be written`, {
    // Without the name that follows, which is that of a file of ours for the while.
    why: wordsOf(cause).replace(/, \w+ '.*'$/s, ''),
    try: [`${option} FILE    # in a directory that is there, and that you may write to`],
    cause,
  })
}

/** Whether it comes of a current directory that was removed. */
export function isDirectoryGone(cause: unknown): boolean {
  return cause instanceof Error && 'syscall' in cause && cause.syscall === 'uv_cwd'
}

export function directoryGone(cause: unknown): UsageError {
  return new UsageError('the current directory is gone', {
    why: 'paths that do not begin with a slash are meant from there',
    try: ['cd to a directory that is there'],
    cause,
  })
}

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException | undefined)?.code
}

export function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
