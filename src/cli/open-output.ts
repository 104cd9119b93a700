import { appendFileSync, closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { UsageError } from '../errors/index.ts'
import { withFile } from './bare-flags.ts'
import { openStdout } from './standard-output.ts'
import { takeFile } from './taken-files.ts'

const { O_APPEND, O_CREAT, O_NONBLOCK, O_TRUNC, O_WRONLY } = constants

/** Opened by these names, a socket would be refused; and what is there already must stay in front. */
const STREAMS: Readonly<Record<string, () => Writable>> = {
  '/dev/stdout': openStdout,
  '/dev/fd/1': openStdout,
  '/proc/self/fd/1': openStdout,
  '/dev/stderr': () => process.stderr,
  '/dev/fd/2': () => process.stderr,
  '/proc/self/fd/2': () => process.stderr,
}

/** The stream of this process that a path names, if it names one. */
export function streamOf(path: string): Writable | undefined {
  return STREAMS[resolve(path)]?.()
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
 * @param old what becomes of the lines that are there; those of what is written to in place stay
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
  const stream = streamOf(path)
  if (stream !== undefined) return { write: line => void stream.write(line) }
  let fd: number | undefined
  try {
    takeFile(option, path)
    const truncate = old === 'dropped' && !isInPlace(path) ? O_TRUNC : 0
    fd = openOutput(path, O_WRONLY | O_APPEND | O_CREAT | truncate)
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

/**
 * Pipes, terminals, devices and what is open already, which are what they are called: a rename would
 * replace the link.
 */
export function isInPlace(path: string): boolean {
  if (OPEN_ALREADY.test(resolve(path))) return true
  const there = statSync(path, { throwIfNoEntry: false })
  return there !== undefined && !there.isFile()
}

const OPEN_ALREADY = /^\/(dev\/(std(in|out|err)|fd\/\d+)|proc\/[^/]+\/(task\/\d+\/)?fd\/\d+)$/

/** @throws {UsageError} the name is empty, as that of a variable that is not set */
export function requireName(option: string, path: string, what = 'file'): void {
  if (path === '')
    throw new UsageError(`${option} names no ${what}`, {
      try: [withFile(option, what.toUpperCase())],
    })
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
    try: [`${withFile(option)}    # in a directory that is there, and that you may write to`],
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

/** Without the call and the path that Node adds: the sentence before has what was given. */
export function wordsOf(cause: unknown): string {
  const words = cause instanceof Error ? cause.message : String(cause)
  return words.replace(/, \w+ '.*'$/s, '')
}
