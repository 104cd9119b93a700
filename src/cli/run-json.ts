import { EXIT_CODES, type TsvmmError } from '../errors/index.ts'
import type { RunResult } from '../vm/run.ts'

/** Version of the object that `--json` writes; raised when a field changes its meaning or goes. */
const SCHEMA_VERSION = 1

/** What `tsvmm run --json` writes of a run, or of why there was none. */
export function renderRunJson(
  result: RunResult | undefined,
  error: TsvmmError | undefined,
): string {
  const object = {
    schemaVersion: SCHEMA_VERSION,
    command: 'run',
    exitStatus: error?.exitStatus ?? EXIT_CODES.ok.status,
    ...(result && resultObject(result)),
    ...(error && {
      error: {
        code: error.code,
        message: error.message,
        why: error.why,
        try: error.try,
        see: error.see,
      },
    }),
  }
  return `${JSON.stringify(object, null, 2)}\n`
}

function resultObject({ outcome, pmu, gic, statistics, vcpus }: RunResult): object {
  return {
    outcome: jsonOutcome(outcome),
    pmu,
    gic,
    ...statistics,
    ...(vcpus.length > 0 && { vcpus: vcpus.map(hexFields) }),
  }
}

/** 64-bit values are hexadecimal strings in JSON, whose numbers end at 2^53. */
function hexFields(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, `0x${(value as bigint).toString(16)}`]),
  )
}

function jsonOutcome(outcome: RunResult['outcome']): object {
  return outcome.kind === 'interrupted' ? { kind: outcome.kind } : outcome
}
