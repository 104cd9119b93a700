import { TimeoutError, UsageError } from '../errors/index.ts'
import { Lab } from '../lab/index.ts'
import type { CliContext } from './context.ts'
import type { LabOptions } from './lab.ts'

/** Variables of this side that mean the same on the other. */
const PASSED_ON = /^(TSVMM_.*|TERM|LANG|LC_ALL|TZ|CI|GITHUB_ACTIONS)$/

/** Boots the emulated host and runs one command, or a shell, in it. */
export async function runLab(
  args: readonly string[],
  options: LabOptions,
  context: CliContext,
): Promise<void> {
  checkPurpose(args, options.shell === true)
  const deadline = startDeadline(options.timeout)
  try {
    await using lab = await Lab.boot({
      topology: options.topology,
      hostKernel: options.hostKernel,
      node: options.node,
      gic: options.gic === '2' ? 2 : 3,
      cpu: options.cpu,
      ...(options.smp === undefined ? {} : { smp: options.smp }),
      ...(options.mem === undefined ? {} : { memMib: Math.floor(options.mem / 2 ** 20) }),
      env: context.env,
      signal: AbortSignal.any([context.signal, deadline.signal]),
      progress: line => context.progress(line),
      log: context.log,
    })
    const { stdin, stdout, stderr } = context
    const env = { ...passedOn(context.env), ...colorThere(context.paint) }
    context.setExitStatus(
      options.shell === true
        ? await lab.shell({ stdin, stdout, stderr, env })
        : (await lab.run(args, { stdin, stdout, stderr, env })).status,
    )
  } finally {
    deadline.clear()
  }
}

function checkPurpose(args: readonly string[], shell: boolean): void {
  if (shell && args.length > 0) {
    throw new UsageError(`--shell and a command (${args.join(' ')}) exclude each other`, {
      try: ['leave one of them out'],
    })
  }
  if (!shell && args.length === 0) {
    throw new UsageError('tsvmm lab has nothing to run', {
      try: ['tsvmm lab -- run guest.flat, or tsvmm lab --shell'],
    })
  }
}

/** A signal that is aborted after `seconds`. */
function startDeadline(seconds: number | undefined): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController()
  if (seconds === undefined) return { signal: controller.signal, clear: () => undefined }
  const expire = () => {
    controller.abort(new TimeoutError(`the emulated host was ended: --timeout ${seconds} is over`))
  }
  const timer = setTimeout(expire, seconds * 1000)
  return { signal: controller.signal, clear: () => clearTimeout(timer) }
}

function passedOn(env: CliContext['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && PASSED_ON.test(name) ? [[name, value]] : [],
    ),
  )
}

/** What is written there goes through a pipe, to streams that may be a terminal here. */
function colorThere({ isOn }: CliContext['paint']): Record<string, string> {
  return isOn.stdout && isOn.stderr ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }
}
