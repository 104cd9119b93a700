import { BugError, InterruptedError, RecordedError, TsvmmError } from '../errors/index.ts'
import { printable } from '../look/printable.ts'
import type { Paint } from './color.ts'
import { directoryGone, isDirectoryGone } from './open-output.ts'

/**
 * An error as a person reads it: the sentence, its causes numbered, then why; and unless it is to be
 * terse, what to try and where to read on.
 */
export function renderError(error: TsvmmError, terse = false): string {
  const where = error instanceof RecordedError ? 'on the saved machine: ' : ''
  const lines = [`error: ${where}${error.message}`]
  causes(error).forEach((message, depth) => lines.push(`  ${depth}: ${message}`))
  if (error.why !== undefined) lines.push(`why:  ${error.why}`)
  if (!terse) lines.push(...advice(error))
  // What was typed, or read from somebody's file, is quoted in it.
  return `${lines.join('\n').split('\n').map(printable).join('\n')}\n`
}

function advice(error: TsvmmError): string[] {
  return [...error.try.map(step => `try:  ${step}`), ...error.see.map(source => `see:  ${source}`)]
}

/** The first word of every line of an error, in colour. */
export function paintLabels(text: string, paint: Pick<Paint, 'stderr'>): string {
  return text.replace(/^(error|why|try|see):/gm, label =>
    paint.stderr(label === 'error:' ? 'red' : 'bold', label),
  )
}

/** What anything thrown means: an error of ours is itself, everything else is a bug of ours. */
export function asTsvmmError(thrown: unknown): TsvmmError {
  if (thrown instanceof TsvmmError) return thrown
  if (isDirectoryGone(thrown)) return directoryGone(thrown)
  const words = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return new BugError(`tsvmm met something it did not expect (${words})`, {
    why: 'this is a bug in tsvmm, not in what you did',
    try: ['the same command with -vv, and please report what it prints'],
  })
}

/** Nobody wants to be told that they pressed Ctrl-C, or that they closed the pipe. */
export function isWorthTelling(error: TsvmmError): boolean {
  return !(error instanceof InterruptedError)
}

function causes(error: Error): string[] {
  const cause = error.cause
  // An explanation usually quotes the foreign error already; ours come with sentences of their own.
  return cause instanceof TsvmmError ? [cause.message, ...causes(cause)] : []
}
