import type { Diagnosis } from './conclusion.ts'

/** Version of the object that `--json` writes; raised when a field changes its meaning or goes. */
const SCHEMA_VERSION = 1

/** What `--json` says: schema/doctor.schema.json describes it. */
export function renderJson({
  exitStatus,
  canRunGuests,
  conclusion,
  next,
  checks,
}: Diagnosis): string {
  const object = {
    schemaVersion: SCHEMA_VERSION,
    command: 'doctor',
    exitStatus,
    canRunGuests,
    conclusion,
    next,
    checks: checks.map(({ id, verdict, found, blockedBy, why, remedy = [], see = [] }) => ({
      id,
      verdict,
      found,
      blockedBy,
      why,
      remedy,
      see,
    })),
  }
  return `${JSON.stringify(object, null, 2)}\n`
}
