import { UsageError } from '../errors/index.ts'
import { OutputFile } from './output-file.ts'

/**
 * The file of `--dump-dtb`, if it was given.
 *
 * @param use what stdout is for
 * @throws {UsageError} it cannot be written
 */
export function openDumpDtb(path: string | undefined, use: string): OutputFile | undefined {
  if (path === '-')
    throw new UsageError(`--dump-dtb -: stdout is ${use}`, {
      try: ['--dump-dtb FILE', 'tsvmm dtb -O dtb IMAGE >FILE'],
    })
  return path === undefined ? undefined : new OutputFile('--dump-dtb', path)
}
