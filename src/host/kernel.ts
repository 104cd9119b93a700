import { THIS_HOST, type HostTree } from './tree.ts'

/** Major and minor number of a kernel. */
export type KernelVersion = readonly [major: number, minor: number]

/** The kernel of a machine. */
export interface HostKernel {
  /** As `uname -r` has it; undefined where /proc does not tell. */
  readonly release: string | undefined
  /** Undefined if the release does not begin like one of Linux. */
  readonly version: KernelVersion | undefined
  /** What it was booted with. */
  readonly commandLine: string | undefined
  /** Whether it was built with KVM; undefined if its configuration is not in /boot. */
  readonly isBuiltWithKvm: boolean | undefined
}

/**
 * The kernel of this machine, or of another.
 *
 * @throws {@link HostError} `SYSFS` naming the file that is unreadable
 */
export function readKernel(tree: HostTree = THIS_HOST): HostKernel {
  const release = tree.read('/proc/sys/kernel/osrelease')
  const config = release === undefined ? undefined : tree.read(`/boot/config-${release}`)
  return {
    release,
    version: parseVersion(release),
    commandLine: tree.read('/proc/cmdline'),
    isBuiltWithKvm: config === undefined ? undefined : /^CONFIG_KVM=y$/m.test(config),
  }
}

/** Whether a kernel is as new as another, or newer. */
export function isAtLeast([major, minor]: KernelVersion, [wanted, than]: KernelVersion): boolean {
  return major > wanted || (major === wanted && minor >= than)
}

function parseVersion(release: string | undefined): KernelVersion | undefined {
  const match = /^(\d{1,4})\.(\d{1,4})(?!\d)/.exec(release ?? '')
  return match === null ? undefined : [Number(match[1]), Number(match[2])]
}
