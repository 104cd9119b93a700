import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { defineLater } from './define-later.ts'
import { addExamples } from './examples.ts'

/** What commander makes of the flags. */
export interface DoctorOptions {
  /** `true` without a file. */
  readonly json?: string | true
  readonly quiet?: true
}

/** `tsvmm doctor`: whether this machine can run guests, and what to do if not. */
export function addDoctorCommand(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .summary('check what guests need here, and say what to do')
    .action(async (options: DoctorOptions) => {
      const { doctor } = await import('./doctor-action.ts')
      await doctor(options, context)
    })
  defineLater(command, () => defineDoctor(command))
}

function defineDoctor(command: Command): void {
  command
    .description(
      'Checks every precondition of guests and of their PMU on this machine, in the order in which they depend ' +
        'on each other: what is there, and what to do where something is missing. Nothing is changed. ' +
        'Exit status: 0 guests can run (WARN allowed), 1 a FAIL is in the way, 77 there is nothing here to run guests on.',
    )
    .option('-q, --quiet', 'only what is not PASS')
    .option('--json [file]', 'everything as JSON, into the file, or on stdout instead of the text')
  addExamples(command, [
    ['tsvmm doctor'],
    ['tsvmm doctor --quiet', 'what is wrong, if anything'],
    [`tsvmm doctor --json | jq -r '.checks[] | .id + " " + .verdict'`],
    ['tsvmm lab --topology biglittle -- doctor', 'no arm64 host at hand'],
  ])
}
