import type { RunOptions } from './run.ts'
import { keepInputs } from './taken-files.ts'

/**
 * Keeps what a run reads from being written by it.
 *
 * @throws {UsageError} the file of the log is one of them
 */
export function keepRunInputs(image: string | undefined, options: RunOptions): void {
  const { kernel, initrd, from, configFile } = options
  keepInputs({
    'the image': image ?? kernel,
    '--initrd': initrd,
    '--from': from,
    '--config-file': configFile,
  })
}
