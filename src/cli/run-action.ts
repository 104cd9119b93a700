import { totalmem } from 'node:os'
import { InterruptedError, TsvmmError } from '../errors/index.ts'
import { native } from '../native/index.ts'
import { outcomeError } from '../vm/outcome.ts'
import { requireArm64 } from '../vm/open-kvm.ts'
import { checkRequest, runGuest } from '../vm/run.ts'
import type { RunStatistics } from '../vm/run-loop.ts'
import type { CliContext } from './context.ts'
import type { KeyActions } from './escape-keys.ts'
import { isSaid, type LogLevel } from './log-levels.ts'
import { OutputFile } from './output-file.ts'
import type { RunOptions } from './run.ts'
import { renderRunJson } from './run-json.ts'
import { renderRegisters } from './run-registers.ts'
import { toRequest } from './run-request.ts'
import { renderDecision, renderStatus } from './run-text.ts'
import { isInteractive, Terminal } from './terminal.ts'

/** `tsvmm run`, with its options parsed. */
export async function run(
  image: string | undefined,
  options: RunOptions,
  context: CliContext,
): Promise<void> {
  const say = (level: LogLevel, line: string) => {
    if (isSaid(level, options.loglevel)) context.progress(line)
  }
  const notice = (sentence: string) => say('warning', `tsvmm: note: ${sentence}`)
  const request = toRequest(image, options)
  checkRequest(request, totalmem())
  using json = options.json === undefined ? undefined : new OutputFile('--json', options.json)
  context.log.info({ name: options.name, request }, 'run')
  const ending = new AbortController()
  let statistics: () => RunStatistics | undefined = () => undefined
  using terminal = takeTerminal(context, {
    x: () => ending.abort(new InterruptedError('SIGINT')),
    h: () => context.progress(KEYS_HELP),
    s: () => context.progress(renderStatus(statistics())),
  })
  try {
    const result = await runGuest(request, {
      console: context.stdout,
      input: terminal?.input ?? context.stdin,
      signal: AbortSignal.any([context.signal, ending.signal]),
      onStart: given => (statistics = given),
      onPmuDecision: decision => {
        say('info', renderDecision(decision))
        decision.notices.forEach(notice)
      },
      onPmuProbe: probe => context.log.debug({ probe }, 'what KVM says of the PMUs'),
      onNotice: notice,
    })
    context.log.info({ result }, 'the run ended')
    const error = outcomeError(result.outcome, result.vcpus)
    for (const line of renderRegisters(result)) context.progress(line)
    json?.commit(renderRunJson(result, error))
    if (error !== undefined) throw error
  } catch (error) {
    if (error instanceof TsvmmError) json?.commit(renderRunJson(undefined, error))
    throw error
  }
}

const KEYS_HELP = `tsvmm: Ctrl-A x     ends the guest
       Ctrl-A s     shows what it has done so far
       Ctrl-A h     shows this
       Ctrl-A Ctrl-A  is a Ctrl-A for the guest`

const STDIN = 0

/** Undefined where nobody sits at a terminal. */
function takeTerminal(context: CliContext, actions: KeyActions): Terminal | undefined {
  if (!isInteractive(context)) return undefined
  requireArm64()
  const guard = native().guardTerminal(STDIN)
  context.progress('tsvmm: the console is yours: Ctrl-A x ends the guest, Ctrl-A h shows the keys')
  return new Terminal(context.stdin, guard, actions)
}
