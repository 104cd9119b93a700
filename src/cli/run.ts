import { Option, type Command } from 'commander'
import { GIC_KINDS, type GicKind } from '../gic/kinds.ts'
import type { PmuFallback } from '../pmu/request.ts'
import { addConfigFileOption } from './config-option.ts'
import type { CliContext } from './context.ts'
import { defineLater } from './define-later.ts'
import { addExamples } from './examples.ts'
import { addLkvmOptions, type LkvmOptions } from './lkvm-options.ts'
import { parseCount, parseNumber, parseSeconds, parseSize, parseU64 } from './parse.ts'
import type { Settings } from './settings.ts'

/** What commander makes of the flags. */
export interface RunOptions extends LkvmOptions {
  readonly kernel?: string
  readonly initrd?: string
  readonly cpus: number
  readonly mem: number
  readonly hugepages?: boolean
  readonly hugetlbfs?: string
  readonly params: string
  readonly irqchip: GicKind | 'auto'
  readonly defaultParams: boolean
  readonly kaslrSeed?: bigint
  readonly disableSve?: boolean
  readonly sveMaxVl?: number
  readonly disablePtrauth?: boolean
  readonly pvtime: boolean
  readonly pmu?: string
  readonly pmuFallback?: PmuFallback
  readonly pmuCounters?: number
  readonly pmuFilter?: readonly string[]
  readonly pmuIrq: string
  readonly pmuStrict: 'auto' | 'on' | 'off'
  readonly onUnsupportedCpu: 'repin' | 'fail'
  readonly vcpuAffinity?: string
  readonly timeout?: number
  readonly onReset: 'exit' | 'restart'
  readonly exitCodeFromGuest: boolean
  readonly json?: string
  /** `-`: on stderr. */
  readonly trace?: string
  readonly dumpDtb?: string
  readonly dryRun?: boolean
  readonly from?: string
  readonly sysroot?: string
  readonly configFile?: string
  /** Words after the image. */
  readonly excess: readonly string[]
}

/** `tsvmm run`: flags and spellings are those of `lkvm run` where it has them. */
export function addRunCommand(program: Command, context: CliContext): void {
  const command = program
    .command('run')
    .summary('run a guest')
    .argument('[image]', 'flat image or arm64 Image')
    .allowExcessArguments()
    .action(async (image: string | undefined, options: RunOptions, { args }: Command) => {
      const given = { ...options, excess: args.slice(1) }
      if (options.dryRun === true) {
        const { showDryRun } = await import('./dry-run-action.ts')
        await showDryRun(image, given, context)
      } else {
        const { run } = await import('./run-action.ts')
        await run(image, given, context)
      }
    })
  defineLater(command, () => defineRun(command, context.settings))
}

function defineRun(command: Command, settings: Settings): void {
  command
    .description(
      'Runs a guest image on this host, with a PMU where the host can give it one, and says which and why. ' +
        'The guest has the machine of `lkvm run`: RAM at 0x80000000, a 16550A at 0x01000000, a GIC, PSCI.',
    )
    .optionsGroup('Guest:')
    .option('-k, --kernel <image>', 'the image, as lkvm spells it')
    .option('-i, --initrd <file>', 'what the kernel unpacks as its first file system')
    .addOption(new Option('-c, --cpus <n>', 'vCPUs').argParser(parseCount).default(1))
    .addOption(
      new Option('-m, --mem <size>', 'RAM: 512M, 4G; a bare number is MiB')
        .argParser(parseSize)
        .default(256 * 2 ** 20, '256M'),
    )
    .addOption(
      new Option(
        '--irqchip <kind>',
        'interrupt controller; auto: the first of gicv3-its, gicv3, gicv2m, gicv2 that the host can give',
      )
        .choices(['auto', ...GIC_KINDS])
        .default('auto'),
    )
    .option('--hugepages', 'RAM of huge pages that were set apart (vm.nr_hugepages)')
    .option('--hugetlbfs <directory>', 'RAM of the huge pages of a hugetlbfs')
    .option(
      '-p, --params <text>',
      "the guest's command line; a kernel gets console=ttyS0 before it, unless it names a console",
      '',
    )
    .option('--no-default-params', 'the command line is what --params says, and nothing else')
    .addOption(
      new Option(
        '--kaslr-seed <number>',
        'what a kernel chooses by where it lies; left out: another one each time',
      ).argParser(parseU64),
    )
    .option('--disable-sve', 'no scalable vectors, whatever the host has')
    .addOption(
      new Option(
        '--sve-max-vl <bits>',
        'the longest scalable vectors; left out: those of the host',
      ).argParser(parseCount),
    )
    .option('--disable-ptrauth', 'no pointer authentication, whatever the host has')
    .option('--no-pvtime', 'do not tell the guest of stolen time')
    .optionsGroup('PMU of the guest:')
    .option(
      '--pmu [=mode]',
      'auto: the host PMU that covers all CPUs the vCPUs may use, else FIXED_COUNTERS_ONLY, else see ' +
        '--pmu-fallback; NAME or TYPE: this one; fixed: FIXED_COUNTERS_ONLY; default: what the kernel picks; ' +
        'off: none. Left out: auto with --pmu-fallback=none',
    )
    .addOption(
      new Option(
        '--pmu-fallback <what>',
        'when no PMU covers all CPUs. pin: keep the vCPUs to those of one PMU (the default after --pmu); ' +
          'none: run without a PMU; fail: do not run',
      ).choices(['pin', 'none', 'fail']),
    )
    .addOption(
      new Option(
        '--pmu-counters <n>',
        'event counters the guest sees; left out: all of the PMU',
      ).argParser(parseNumber),
    )
    .option(
      '--pmu-filter <rule>',
      'allow:EVENTS or deny:EVENTS, e.g. allow:CPU_CYCLES,0x08-0x0b; again for more rules, in this order',
      (rule: string, before?: readonly string[]) => [...(before ?? []), rule],
    )
    .option(
      '--pmu-irq <irq>',
      'ppi:N for all vCPUs, or spi:N for vCPU 0 and the next for each',
      'ppi:7',
    )
    .addOption(
      new Option('--pmu-strict <how>', 'KVM_ARM_VCPU_PMU_V3_STRICT; auto: where the kernel has it')
        .choices(['auto', 'on', 'off'])
        .default('auto'),
    )
    .optionsGroup('How it is run:')
    .option('--vcpu-affinity <cpulist>', 'keep the vCPU threads to these CPUs: 0-3,8')
    .addOption(
      new Option(
        '--on-unsupported-cpu <what>',
        "when a vCPU lands on a CPU without the VM's PMU. repin: put it back; fail: end the run",
      )
        .choices(['repin', 'fail'])
        .default('repin'),
    )
    .addOption(
      new Option('--timeout <seconds>', 'end a guest that runs longer').argParser(parseSeconds),
    )
    .addOption(
      new Option(
        '--on-reset <what>',
        'when the guest reboots. exit: end the run; restart: boot it again',
      )
        .choices(['exit', 'restart'])
        .default('exit'),
    )
    .option(
      '--exit-code-from-guest',
      'give the guest a device by which it ends tsvmm with an exit status of its own',
      false,
    )
    .option('--json <file>', 'write how the run ended, its statistics and the PMU decision')
    .optionsGroup('What is done:')
    .option(
      '--trace [=file]',
      'show every ioctl as it is made, with its arguments, result and time, on stderr or in the file',
    )
    .option('--dump-dtb <file>', "write the device tree's blob, and run")
    .option(
      '--dry-run',
      'do not run: show memory map, device tree, PMU and every ioctl, without asking KVM; ' +
        '--json - for JSON',
    )
    .option('--from <file>', '--dry-run on a machine that was saved (tsvmm probe --save)')
    .option('--sysroot <dir>', '--dry-run on the machine of a saved tree, DIR/sys and DIR/proc')
  addConfigFileOption(command)
  addLkvmOptions(command, settings)
  addExamples(command, [
    ['tsvmm run guest.flat'],
    ['tsvmm run --pmu --vcpu-affinity 4-7 guest.flat', 'on one kind of core'],
    ['tsvmm lab -- run --pmu guest.flat', 'no arm64 host at hand'],
    ['tsvmm run --dry-run --from board.json guest.flat', 'not run, shown'],
    ['tsvmm run --trace guest.flat 2>trace', 'every ioctl'],
  ])
}
