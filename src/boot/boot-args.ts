import type { ImageLayout } from './image-format.ts'

/** Where the guest's first serial port is for Linux: the console we show. */
const CONSOLE = 'console=ttyS0'

/**
 * The command line that a guest gets: one's own, behind what a Linux kernel needs on our machine, as
 * lkvm has it. That is the console, if none is named; what is no kernel takes words for itself.
 */
export function completeBootArgs(own: string, { kind }: Pick<ImageLayout, 'kind'>): string {
  if (kind === 'flat' || /(^|\s)console=/.test(own)) return own
  return own === '' ? CONSOLE : `${CONSOLE} ${own}`
}
