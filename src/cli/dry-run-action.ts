import { TsvmmError, UsageError } from '../errors/index.ts'
import { dryRun } from '../vm/dry-run.ts'
import { checkRequest } from '../vm/run.ts'
import type { CliContext } from './context.ts'
import { openAssumedHost } from './dry-run-host.ts'
import { renderDryRunJson } from './dry-run-json.ts'
import { renderDryRun } from './dry-run-text.ts'
import { openDumpDtb } from './dump-dtb.ts'
import { OutputFile } from './output-file.ts'
import { renderRunObject } from './run-json.ts'
import { keepRunInputs } from './run-inputs.ts'
import { toRequest } from './run-request.ts'
import type { RunOptions } from './run.ts'

/** `tsvmm run --dry-run`, with its options parsed. */
export async function showDryRun(
  image: string | undefined,
  options: RunOptions,
  context: CliContext,
): Promise<void> {
  const { json, dumpDtb, trace } = options
  if (trace !== undefined)
    throw new UsageError('--dry-run and --trace contradict each other', {
      why: 'of a run that does not happen there is nothing to trace; --dry-run shows the same lines',
      try: ['leave --trace out', 'leave --dry-run out'],
    })
  const request = toRequest(image, options)
  keepRunInputs(image, options)
  const host = await openAssumedHost(options, context)
  checkRequest(request, host.memory ?? Number.MAX_SAFE_INTEGER)
  const isFile = json !== undefined && json !== '-'
  using jsonFile = isFile ? new OutputFile('--json', json) : undefined
  using dtbFile = openDumpDtb(dumpDtb, 'what --dry-run shows')
  const writeJson = (text: string) => {
    if (json === '-') context.stdout.write(text)
    jsonFile?.commit(text)
  }
  try {
    const would = await dryRun(request, host)
    dtbFile?.commit(would.deviceTree)
    if (json !== '-') context.stdout.write(renderDryRun(would))
    writeJson(renderDryRunJson(would))
  } catch (error) {
    if (error instanceof TsvmmError) writeJson(renderRunObject(undefined, error))
    throw error
  }
}
