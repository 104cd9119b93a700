import { readdirSync, readFileSync } from 'node:fs'
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

/**
 * The names in a sysfs directory in the order of the alphabet; none if there is no such directory.
 *
 * @throws {@link HostError} `SYSFS` if it is there and cannot be listed
 */
export function listSysfs(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw new HostError('SYSFS', `cannot list ${directory}`, { cause: error })
  }
}

/** ENODEV: it vanished after it was opened (fs/kernfs/file.c, `kernfs_seq_start`, v6.12). */
function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ENOENT' || error.code === 'ENODEV')
  )
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

/** `0x00000008` or `8`, below 2^32 in hexadecimal and 10^10 in decimal; undefined for other text. */
export function parseNumber(text: string): number | undefined {
  return /^(?:0x[\da-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : undefined
}

export function nonsense(file: string, content: string, expected: string): HostError {
  const shown = content.length > 60 ? `${content.slice(0, 60)}…` : content
  return new HostError('SYSFS', `${file} holds ${JSON.stringify(shown)}, not ${expected}`)
}
