import { HostError, UsageError } from '../errors/index.ts'
import { parseCpuList } from './cpulist.ts'
import type { HostTree } from './tree.ts'

/** @throws {@link HostError} `SYSFS` for content that is not a list of CPUs */
export function decodeCpuList(tree: HostTree, path: string, content: string): number[] {
  try {
    return parseCpuList(content)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw nonsense(tree, path, content, 'a list of CPUs')
  }
}

/** `0x00000008` or `8`, below 2^32 in hexadecimal and 10^10 in decimal; undefined for other text. */
export function parseNumber(text: string): number | undefined {
  return /^(?:0x[\da-f]{1,8}|\d{1,10})$/i.test(text) ? Number(text) : undefined
}

export function nonsense(
  tree: HostTree,
  path: string,
  content: string,
  expected: string,
): HostError {
  const shown = content.length > 60 ? `${content.slice(0, 60)}…` : content
  return new HostError(
    'SYSFS',
    `${tree.nameOf(path)} holds ${JSON.stringify(shown)}, not ${expected}`,
  )
}
