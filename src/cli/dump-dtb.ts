import { UsageError } from '../errors/index.ts'
import { OutputFile } from './output-file.ts'

/**
 * The file of `--dump-dtb`, if it was given.
 *
 * @throws {UsageError} it cannot be written
 */
export function openDumpDtb(path: string | undefined): OutputFile | undefined {
  if (path === '-')
    throw new UsageError("--dump-dtb -: stdout is the guest's console", {
      try: ['--dump-dtb FILE', 'tsvmm dtb -O dtb IMAGE >FILE'],
    })
  return path === undefined ? undefined : new OutputFile('--dump-dtb', path)
}
