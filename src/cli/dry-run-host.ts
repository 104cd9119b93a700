import { availableParallelism, totalmem } from 'node:os'
import { MemoryTree, THIS_HOST } from '../host/index.ts'
import { tryKvm } from '../look/facts.ts'
import type { AssumedHost } from '../vm/dry-run.ts'
import type { CliContext } from './context.ts'
import { openSource } from './probe-source.ts'

/** Which machine a run is to be looked at on. */
interface HostOptions {
  readonly from?: string
  readonly sysroot?: string
}

/**
 * The machine that `--from` or `--sysroot` names; else this one, or where no arm64 guest can run one
 * that is made up.
 *
 * @throws {UsageError} there is no such machine
 */
export async function openAssumedHost(
  { from, sysroot }: HostOptions,
  context: CliContext,
): Promise<AssumedHost> {
  if (from === undefined && sysroot === undefined) return process.arch === 'arm64' ? HERE : madeUp()
  const options = { ...(from !== undefined && { from }), ...(sysroot !== undefined && { sysroot }) }
  const { tree, askKvm, about } = await openSource('all', options, context)
  const kvm = askKvm && (await tryKvm(askKvm, ['pmus', 'capabilities', 'vms']))
  return { tree, kvm, assumed: (about?.assumed ?? []).map(withoutFullStop) }
}

const HERE: AssumedHost = { tree: THIS_HOST, memory: totalmem(), assumed: [] }

/** As many CPUs as here, all of one kind. */
function madeUp(): AssumedHost {
  const cpus = `0-${availableParallelism() - 1}`.replace(/^0-0$/, '0')
  const pmu = '/sys/bus/event_source/devices/armv8_pmuv3_0'
  const files = new Map([
    ...['possible', 'present', 'online'].map(
      name => [`/sys/devices/system/cpu/${name}`, cpus] as const,
    ),
    [`${pmu}/type`, '8'],
    [`${pmu}/cpus`, cpus],
  ])
  return {
    tree: new MemoryTree(files, 'a host that is made up'),
    assumed: [
      `the host is arm64 and has CPUs ${cpus} with the one PMU armv8_pmuv3_0 (this machine is ${process.arch})`,
    ],
  }
}

function withoutFullStop(sentence: string): string {
  return sentence.replace(/\.$/, '')
}
