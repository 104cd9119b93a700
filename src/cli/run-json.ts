import { hex } from '../look/hex.ts'
import { EXIT_CODES, type TsvmmError } from '../errors/index.ts'
import type { RunResult } from '../vm/run.ts'
import type { Instruction, Whereabouts } from '../vm/whereabouts.ts'

/** Version of the object that `--json` writes; raised when a field changes its meaning or goes. */
const SCHEMA_VERSION = 1

/** What `tsvmm run --json` writes of a run, or of why there was none. */
export function renderRunJson(
  result: RunResult | undefined,
  error: TsvmmError | undefined,
): string {
  return renderRunObject(result && resultObject(result), error, exitStatus(result))
}

/** What `--json` writes of what came out, or of why nothing did. */
export function renderRunObject(
  fields: object | undefined,
  error: TsvmmError | undefined,
  status: number = EXIT_CODES.ok.status,
): string {
  const object = {
    schemaVersion: SCHEMA_VERSION,
    command: 'run',
    exitStatus: error?.exitStatus ?? status,
    ...fields,
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

/** What a run that failed in no way ends with. */
export function exitStatus(result: RunResult | undefined): number {
  return result?.outcome.kind === 'exited' ? result.outcome.status : EXIT_CODES.ok.status
}

function resultObject({
  outcome,
  pmu,
  gic,
  resets,
  statistics,
  vcpus,
  panicMessage,
}: RunResult): object {
  return {
    outcome: jsonOutcome(outcome),
    pmu,
    gic,
    panicMessage,
    resets,
    ...statistics,
    ...(vcpus.length > 0 && { vcpus: vcpus.map(whereabouts) }),
  }
}

function whereabouts({ registers, next, exception }: Whereabouts): object {
  const { X, ...special } = registers
  return {
    ...Object.fromEntries(Object.entries(special).map(([name, value]) => [name, hex(value)])),
    X: X.map(hex),
    next: instruction(next),
    ...(exception && { exception: { text: exception.text, at: instruction(exception.at) } }),
  }
}

function instruction({ address, word, text }: Instruction): object {
  return { address: hex(address), ...(word !== undefined && { word: hex(BigInt(word)) }), text }
}

function jsonOutcome(outcome: RunResult['outcome']): object {
  if (outcome.kind === 'interrupted') return { kind: outcome.kind }
  if (outcome.kind !== 'guest-error' || outcome.address === undefined) return outcome
  return { ...outcome, address: hex(outcome.address) }
}
