import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { defineLater } from './define-later.ts'
import { addExamples } from './examples.ts'

/** What commander makes of the flags. */
export interface ExplainOptions {
  readonly json?: true
}

/** `tsvmm explain`: the catalogue, readable. */
export function addExplainCommand(program: Command, context: CliContext): void {
  const command = program
    .command('explain')
    .summary('explain an errno, ioctl, attribute, exit reason, error code or exit status')
    .argument('[name...]', 'EBUSY, SET_PMU, KVM_EXIT_FAIL_ENTRY, TSVMM_PMU_LOTTERY, 193, …')
    .action(async (names: string[], options: ExplainOptions) => {
      const { explain } = await import('./explain-action.ts')
      explain(names, options, context)
    })
  defineLater(command, () => defineExplain(command))
}

function defineExplain(command: Command): void {
  command
    .description(
      'Says of what the kernel or tsvmm named what it is, when it happens, what to try, and where in ' +
        'the kernel it comes from. Works on any machine. Without a name: what can be explained.',
    )
    .option('--json', 'the same as one JSON object')
  addExamples(command, [
    ['tsvmm explain SET_PMU EBUSY', 'this errno of this attribute'],
    ['tsvmm explain KVM_ARM_VCPU_INIT', 'number, argument, and every errno'],
    ['tsvmm explain 193', 'an exit status'],
  ])
}
