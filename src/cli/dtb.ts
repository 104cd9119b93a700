import { Option, type Command } from 'commander'
import { addConfigFileOption } from './config-option.ts'
import type { CliContext } from './context.ts'
import { define, defineLater } from './define-later.ts'
import { addExamples } from './examples.ts'
import { addLkvmOptions } from './lkvm-options.ts'
import type { RunOptions } from './run.ts'
import type { Settings } from './settings.ts'

const DTB_FORMATS = ['dts', 'dtb'] as const

export type DtbFormat = (typeof DTB_FORMATS)[number]

/** What commander makes of the flags. */
export interface DtbOptions extends RunOptions {
  readonly output?: string
  readonly outFormat?: DtbFormat
  readonly decode?: string
  /** Options that were given and say nothing of a blob that is there. */
  readonly beside: readonly string[]
}

/** What says how a guest is run, or shows it: a device tree is the same with all of them. */
const NOT_OF_A_TREE = [
  '--config-file',
  '--json',
  '--trace',
  '--dump-dtb',
  '--dry-run',
  '--from',
  '--sysroot',
  '--timeout',
]

/** `tsvmm dtb`: the flags are those of `tsvmm run`, which must be there already. */
export function addDtbCommand(program: Command, context: CliContext): void {
  const command = program
    .command('dtb')
    .summary('show the device tree of a guest')
    .argument('[image]', 'flat image or arm64 Image')
    .allowExcessArguments()
    .action(async (image: string | undefined, options: DtbOptions, { args }: Command) => {
      const { showDtb } = await import('./dtb-action.ts')
      const given = { ...options, excess: args.slice(1), beside: besideDecode(command) }
      await showDtb(image, given, context)
    })
  defineLater(command, () => defineDtb(command, program, context.settings))
}

/** Options that were given and mean nothing to a blob that is there. */
function besideDecode(command: Command): string[] {
  const isGiven = (option: Option) => {
    const source = command.getOptionValueSource(option.attributeName())
    return source !== undefined && source !== 'default'
  }
  return command.options
    .filter(option => !option.hidden && isGiven(option))
    .map(({ long = '' }) => long)
    .filter(long => !OF_A_BLOB.includes(long))
}

const OF_A_BLOB = ['--decode', '--output', '--out-format']

function defineDtb(command: Command, program: Command, settings: Settings): void {
  command
    .description(
      'Shows the device tree that `tsvmm run` with the same flags gives the guest, as source or as blob, with seeds ' +
        'that are zero. KVM of this host is asked as for a run; with --from or --sysroot, and where no arm64 ' +
        'guest can run, what it would say is assumed, and stderr has what.',
    )
    .optionsGroup('What is written:')
    .option('-o, --output <file>', 'write to a file, instead of stdout')
    .addOption(
      new Option(
        '-O, --out-format <format>',
        'source or blob; left out: dtb if the file is called so, else dts',
      ).choices(DTB_FORMATS),
    )
    .option('--decode <file>', 'show this blob instead; -: that of stdin')
    .option('--from <file>', 'of a guest on a machine that was saved (tsvmm probe --save)')
    .option('--sysroot <dir>', 'of a guest on the machine of a saved tree, DIR/sys and DIR/proc')
  const run = program.commands.find(other => other.name() === 'run')
  if (run !== undefined) define(run)
  for (const option of run?.options ?? [])
    if (!option.hidden && !NOT_OF_A_TREE.includes(option.long ?? '')) command.addOption(option)
  addConfigFileOption(command)
  addLkvmOptions(command, settings)
  addExamples(command, [
    ['tsvmm dtb guest.flat'],
    ['tsvmm dtb -c 8 --pmu -O dtb -o guest.dtb guest.flat', 'a blob'],
    ['tsvmm dtb --from board.json guest.flat', 'on that board'],
    ['tsvmm dtb --decode guest.dtb'],
  ])
}
