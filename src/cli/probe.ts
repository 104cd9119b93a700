import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { defineLater } from './define-later.ts'
import { addExamples } from './examples.ts'

/** What commander makes of the flags. */
export interface ProbeOptions {
  /** `true` without a file. */
  readonly json?: string | true
  readonly sysroot?: string
  readonly svg?: string
  /** A VMM, or `nfd`. */
  readonly for?: string
  readonly save?: string
  readonly from?: string
}

/** `tsvmm probe`: facts about this host, no judgement. */
export function addProbeCommand(program: Command, context: CliContext): void {
  const command = program
    .command('probe')
    .summary('show what this host is: PMUs, CPUs, KVM')
    .argument(
      '[topic]',
      'pmus: the PMUs, and what a guest can have of them; cpus: every CPU and its core; caps: all KVM ' +
        'capabilities; gic: interrupt controllers and limits of VMs; all: the short form (default)',
    )
    .action(async (topic: string | undefined, options: ProbeOptions) => {
      if (options.for !== undefined) {
        const { probeFor } = await import('./probe-for-action.ts')
        await probeFor(options.for, topic, options, context)
      } else {
        const { probe } = await import('./probe-action.ts')
        await probe(topic, options, context)
      }
    })
  defineLater(command, () => defineProbe(command))
}

function defineProbe(command: Command): void {
  command
    .description(
      'Shows facts about this host: what the kernel says of CPUs and PMUs, and what KVM answers when asked, ' +
        'on VMs made for the question. Where KVM cannot be asked, the rest still is shown, and why.',
    )
    .option('--json [file]', 'everything as JSON, into the file, or on stdout instead of the text')
    .option(
      '--svg <file>',
      'draw the CPUs in the colours of their PMUs, and what a guest can have; -: on stdout, instead of the text',
    )
    .option(
      '--sysroot <dir>',
      'look at a saved tree, DIR/sys and DIR/proc, on any machine; KVM is not asked',
    )
    .option(
      '--for <what>',
      'advice in place of facts: the flags or XML with which a guest has a PMU here. tsvmm, lkvm, qemu, ' +
        "crosvm, cloud-hypervisor, firecracker, libvirt; nfd: a feature file for Kubernetes' NFD",
    )
    .option(
      '--save <file>',
      'write all that was read and all that KVM answered, of every topic, without anything personal; ' +
        '-: to stdout, instead of the text',
    )
    .option('--from <file>', 'look at a machine that was saved, on any machine; -: from stdin')
  addExamples(command, [
    ['tsvmm probe'],
    ['tsvmm probe --for qemu', 'flags for a guest with a PMU'],
    ['tsvmm probe pmus --json | jq .kvm.pmus'],
    ['tsvmm probe --svg host.svg', 'a picture'],
    ['tsvmm lab --topology biglittle -- probe pmus', 'no arm64 host at hand'],
    ['tsvmm probe cpus --sysroot ./saved', 'of another machine'],
    ['ssh board tsvmm probe --save - | tsvmm probe --from -'],
  ])
}
