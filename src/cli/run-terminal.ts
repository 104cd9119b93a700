import { native } from '../native/index.ts'
import { requireArm64 } from '../vm/open-kvm.ts'
import type { RunStatistics } from '../vm/run-loop.ts'
import type { CliContext } from './context.ts'
import { renderStatus } from './run-text.ts'
import { isInteractive, leaveGoneTerminals, Terminal, waitForNoTerminal } from './terminal.ts'

/** What the keys behind Ctrl-A are for. */
export interface TerminalActions {
  readonly end: () => void
  readonly statistics: () => RunStatistics | undefined
}

const STDIN = 0

/** The guest's terminal: undefined where nobody sits at one. */
export function takeTerminal(
  context: CliContext,
  { end, statistics }: TerminalActions,
): Terminal | undefined {
  const { stdin, stdout, stderr } = context
  waitForNoTerminal(stdout, stderr)
  leaveGoneTerminals()
  if (!isInteractive(context)) return undefined
  requireArm64()
  const guard = native().guardTerminal(STDIN)
  // The guest has left the cursor anywhere.
  const answer = (text: string) => context.progress(`\n${text}`)
  context.progress('tsvmm: the console is yours: Ctrl-A x ends the guest, Ctrl-A h shows the keys')
  return new Terminal(stdin, guard, {
    x: end,
    h: () => answer(renderKeys(stdout)),
    s: () => answer(renderStatus(statistics())),
  })
}

/** A serial port tells no guest how large the terminal at its other end is. */
export function renderKeys({ rows, columns }: { rows?: number; columns?: number }): string {
  const size =
    rows && columns
      ? [`       In the guest, for programs that draw: stty rows ${rows} cols ${columns}`]
      : []
  return [KEYS, ...size].join('\n')
}

const KEYS = `tsvmm: Ctrl-A x       ends the guest
       Ctrl-A s       shows what it has done so far
       Ctrl-A h       shows this
       Ctrl-A Ctrl-A  is a Ctrl-A for the guest`
