import { Option, type Command } from 'commander'
import type { BootOptions } from '../lab/index.ts'
import type { CliContext } from './context.ts'
import { defineLater } from './define-later.ts'
import { addExamples } from './examples.ts'
import { parseCount, parseSeconds, parseSize } from './parse.ts'

/** What commander makes of the flags. */
export interface LabOptions {
  readonly topology: string
  readonly hostKernel: string
  readonly node: string
  readonly smp?: number
  readonly mem?: number
  readonly gic: string
  readonly cpu: NonNullable<BootOptions['cpu']>
  readonly timeout?: number
  readonly shell?: true
}

/** `tsvmm lab`: any other command, on an emulated arm64 host. */
export function addLabCommand(program: Command, context: CliContext): void {
  const command = program
    .command('lab')
    .summary('run tsvmm on an emulated arm64 host with a real KVM')
    .argument('[arguments...]', 'what to run there: tsvmm <arguments>')
    .action(async (args: string[], options: LabOptions) => {
      const { runLab } = await import('./lab-action.ts')
      await runLab(args, options, context)
    })
  defineLater(command, () => defineLab(command))
}

function defineLab(command: Command): void {
  command
    .description(
      'Boots an arm64 Linux under QEMU software emulation, whose KVM is the real one, and runs tsvmm in it. ' +
        'Files named in the arguments are there, files the command writes come back, the exit status is its. Kernels, Node and libraries are ' +
        'fetched once and kept in $XDG_CACHE_HOME/tsvmm (~/.cache/tsvmm).',
    )
    .usage('[options] -- <tsvmm arguments...>')
    .option(
      '--topology <name>',
      'which PMUs the host has: uniform, biglittle, tri, or e.g. a53:0-2,a72:3',
      'uniform',
    )
    .option(
      '--host-kernel <kernel>',
      'a version (6.1, 6.12, 7.2), a Debian suite (sid), the path of an Image, or fco: a 6.12 with ' +
        'KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY, built here (also fco-v7, fco-v8, fco-other, fco-off)',
      '6.12',
    )
    .option('--node <version>', 'Node of the host: 20, 22, 24 or an exact version', '20')
    .addOption(
      new Option('--smp <n>', 'CPUs of the host (default: 4, or as many as the topology names)') //
        .argParser(parseCount),
    )
    .addOption(
      new Option('--mem <size>', 'memory of the host: 512M, 4G; a bare number is MiB (default: 2G)') //
        .argParser(parseSize),
    )
    .addOption(new Option('--gic <version>', "the host's GIC").choices(['2', '3']).default('3'))
    .addOption(
      new Option('--cpu <model>', 'neoverse-n1 and max have VHE, the others do not')
        .choices(['neoverse-n1', 'max', 'cortex-a57', 'cortex-a72'])
        .default('neoverse-n1'),
    )
    .addOption(
      new Option('--timeout <seconds>', 'end everything after this, boot included') //
        .argParser(parseSeconds),
    )
    .option('--shell', 'a shell on the host instead of a command')
  addExamples(command, [
    ['tsvmm lab -- run guest.flat'],
    ['tsvmm lab --topology biglittle -- run --pmu --vcpu-affinity 0-1 guest.flat'],
    ['tsvmm lab --host-kernel 6.1 --shell'],
    ['tsvmm lab --host-kernel fco --topology biglittle -- run --pmu guest.flat'],
  ])
}
