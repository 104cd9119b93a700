import { readFileSync } from 'node:fs'
import { HostError, UsageError } from '../errors/index.ts'
import { parseCpuList } from './cpulist.ts'

/**
 * The text of a sysfs file without its final newline, or undefined if there is no such file.
 *
 * @throws {@link HostError} `SYSFS` if it is there and cannot be read
 */
export function readSysfs(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').replace(/\n$/, '')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw new HostError('SYSFS', `cannot read ${file}`, { cause: error })
  }
}

/** Whether a call of `node:fs` failed because there is nothing at its path. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** @throws {@link HostError} `SYSFS` for content that is not a list of CPUs */
export function decodeCpuList(file: string, content: string): number[] {
  try {
    return parseCpuList(content)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw nonsense(file, content, 'a list of CPUs')
  }
}

export function nonsense(file: string, content: string, expected: string): HostError {
  const shown = content.length > 60 ? `${content.slice(0, 60)}…` : content
  return new HostError('SYSFS', `${file} holds ${JSON.stringify(shown)}, not ${expected}`)
}
