import { totalmem } from 'node:os'
import { InterruptedError, TsvmmError, UsageError } from '../errors/index.ts'
import { outcomeError } from '../vm/outcome.ts'
import { checkRequest, runGuest } from '../vm/run.ts'
import type { RunStatistics } from '../vm/run-loop.ts'
import type { CliContext } from './context.ts'
import { openDumpDtb } from './dump-dtb.ts'
import { isSaid, type LogLevel } from './log-levels.ts'
import { OutputFile } from './output-file.ts'
import type { RunOptions } from './run.ts'
import { exitStatus, renderRunJson } from './run-json.ts'
import { renderRegisters } from './run-registers.ts'
import { keepRunInputs } from './run-inputs.ts'
import { toRequest } from './run-request.ts'
import { takeTerminal } from './run-terminal.ts'
import { renderDecision } from './run-text.ts'
import { startTrace } from './trace.ts'

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
  checkModes(options)
  const request = toRequest(image, options)
  checkRequest(request, totalmem())
  keepRunInputs(image, options)
  using json = options.json === undefined ? undefined : new OutputFile('--json', options.json)
  using dtb = openDumpDtb(options.dumpDtb, CONSOLE)
  if (options.trace !== undefined) startTrace(options.trace, context)
  context.log.info({ name: options.name, request }, 'run')
  const ending = new AbortController()
  let statistics: () => RunStatistics | undefined = () => undefined
  using terminal = takeTerminal(context, {
    end: () => ending.abort(new InterruptedError('SIGINT')),
    statistics: () => statistics(),
  })
  try {
    const result = await runGuest(request, {
      console: context.stdout,
      input: terminal?.input ?? context.stdin,
      signal: AbortSignal.any([context.signal, ending.signal]),
      onDeviceTree: blob => dtb?.commit(blob),
      onStart: given => (statistics = given),
      onPmuDecision: decision => {
        say('info', renderDecision(decision))
        decision.notices.forEach(notice)
      },
      onPmuProbe: probe => context.log.debug({ probe }, 'what KVM says of the PMUs'),
      onNotice: notice,
    })
    context.log.info({ result }, 'the run ended')
    const error = outcomeError(result.outcome, result)
    for (const line of renderRegisters(result)) context.progress(line)
    json?.commit(renderRunJson(result, error))
    if (error !== undefined) throw error
    context.setExitStatus(exitStatus(result))
  } catch (error) {
    if (error instanceof TsvmmError) json?.commit(renderRunJson(undefined, error))
    throw error
  }
}

const CONSOLE = "the guest's console"

/** @throws {UsageError} an option is there that only --dry-run has, or that means it by `-` */
function checkModes({ from, sysroot, json }: RunOptions): void {
  const other = from === undefined ? sysroot && `--sysroot ${sysroot}` : `--from ${from}`
  if (other !== undefined)
    throw new UsageError(`${other}: guests run on this machine only`, {
      try: [`tsvmm run --dry-run ${other} IMAGE    # shows what would be done there`],
    })
  if (json === '-') throw new UsageError(`--json -: stdout is ${CONSOLE}`, { try: ['--json FILE'] })
}
