import { PORT_NAME } from './init.ts'
import { type Program, providePrograms } from './programs.ts'
import { type ToolContext, findProgram } from './tool.ts'

const QEMU: Program = { name: 'qemu-system-aarch64', packages: ['qemu-system-arm'] }

export const HOST_CPUS = ['neoverse-n1', 'max', 'cortex-a57', 'cortex-a72'] as const
export type HostCpu = (typeof HOST_CPUS)[number]

/** The emulated machine. */
export interface Machine {
  readonly gic: 2 | 3
  readonly cpu: HostCpu
  readonly smp: number
  readonly memMib: number
}

/** Numbers of the file descriptors QEMU is started with. */
export const FDS = { port: 3, console: 4, shell: 5, initrd: 6, dtb: 7 } as const

/** The path of QEMU; installs it where apt may. Throws `LabError` QEMU with the command to type. */
export async function provideQemu(context: ToolContext): Promise<string> {
  const why = 'it is what emulates the arm64 host'
  const need = { what: 'QEMU', why, problem: 'QEMU' } as const
  const [path = QEMU.name] = await providePrograms([QEMU], need, context)
  return path
}

/** `-M` and what else makes the device tree; also for asking QEMU for the tree alone. */
export function machineArguments({ gic, cpu, smp, memMib }: Machine): string[] {
  // V8 signs return addresses, and with QEMU 7.2's pointer authentication Node then dies of SIGSEGV
  // in long runs (npm ci): an authenticated return address comes out as one on the stack.
  const model = cpu === 'max' ? 'max,pauth=off' : cpu
  return [
    // One thread for all CPUs: with one each, QEMU 7.2 on x86-64 loses the hand-over of the host
    // kernel's queued spinlocks once in some hundred runs, and all CPUs then wait for ever.
    ...['-accel', 'tcg,thread=single'],
    ...['-M', `virt,virtualization=on,gic-version=${gic}`, '-cpu', model],
    ...['-smp', String(smp), '-m', `${memMib}M`],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    // The port our agent speaks on, and hvc0 for the shell. Kernels want the modern transport.
    ...['-global', 'virtio-mmio.force-legacy=false'],
    ...['-device', 'virtio-serial-device,max_ports=3'],
  ]
}

export interface BootArguments {
  readonly machine: Machine
  readonly kernel: string
  readonly withDtb: boolean
  /** Appended to the kernel's command line. */
  readonly kernelArguments: readonly string[]
}

/** Everything that starts the emulated host; `FDS` tells which descriptors it expects. */
export function bootArguments(boot: BootArguments): string[] {
  const append = [
    ...['console=ttyAMA0', 'rdinit=/init', 'panic=-1', 'quiet'],
    ...boot.kernelArguments,
  ]
  return [
    ...machineArguments(boot.machine),
    ...['-no-reboot', '-kernel', boot.kernel, '-append', append.join(' ')],
    ...['-initrd', fdPath('initrd')],
    ...(boot.withDtb ? ['-dtb', fdPath('dtb')] : []),
    ...['-chardev', `socket,id=console,fd=${FDS.console}`, '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=shell,fd=${FDS.shell}`],
    ...['-device', 'virtconsole,chardev=shell,nr=0'],
    ...['-chardev', `socket,id=port,fd=${FDS.port}`],
    ...['-device', `virtserialport,chardev=port,name=${PORT_NAME},nr=1`],
  ]
}

function fdPath(name: keyof typeof FDS): string {
  return `/proc/self/fd/${FDS[name]}`
}

/**
 * A command that starts `program` so that the kernel ends it when this process dies, however it
 * dies. Where util-linux is missing the agent, which sees our end of the port close, has to do.
 */
export function dyingWithUs(
  program: string,
  args: readonly string[],
  env: ToolContext['env'],
): [string, string[]] {
  const setpriv = findProgram('setpriv', env)
  if (setpriv === undefined) return [program, [...args]]
  return [setpriv, ['--pdeathsig', 'KILL', '--', program, ...args]]
}
