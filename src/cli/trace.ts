import { observeCalls, renderCall } from '../ioctl/index.ts'
import { printable } from '../look/printable.ts'
import type { CliContext } from './context.ts'
import { openLineFile } from './open-output.ts'

/**
 * Has every system call of a run written as it happens: what `--trace` asks for.
 *
 * @param path `-`: stderr
 * @throws {UsageError} the file cannot be written
 */
export function startTrace(path: string, context: CliContext): void {
  const write = openTrace(path, context)
  observeCalls(call => write(`${printable(renderCall(call))}\n`))
}

function openTrace(path: string, context: CliContext): (line: string) => void {
  if (path === '-') return line => context.stderr.write(line)
  const file = openLineFile('--trace', path, 'dropped', sentence =>
    context.progress(`tsvmm: note: ${sentence}`),
  )
  return line => file.write(line)
}
