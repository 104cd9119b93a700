import { totalmem } from 'node:os'
import { EXIT_CODES, InterruptedError, TsvmmError, UsageError } from '../errors/index.ts'
import { parseCpuList } from '../host/index.ts'
import type { PmuDecision } from '../pmu/decision.ts'
import { parsePmuFilter } from '../pmu/filter.ts'
import { parsePmuInterrupt } from '../pmu/interrupt.ts'
import { parsePmuMode, renderPmuMode, type PmuRequest } from '../pmu/request.ts'
import { outcomeError } from '../vm/outcome.ts'
import { checkRequest, runGuest, type RunRequest, type RunResult } from '../vm/run.ts'
import { requireArm64 } from '../vm/open-kvm.ts'
import type { RunStatistics } from '../vm/run-loop.ts'
import { native } from '../native/index.ts'
import type { CliContext } from './context.ts'
import type { KeyActions } from './escape-keys.ts'
import { OutputFile } from './output-file.ts'
import type { RunOptions } from './run.ts'
import { isInteractive, Terminal } from './terminal.ts'

/** Version of the object that `--json` writes; raised when a field changes its meaning or goes. */
const SCHEMA_VERSION = 1

/** `tsvmm run`, with its options parsed. */
export async function run(
  image: string | undefined,
  options: RunOptions,
  context: CliContext,
): Promise<void> {
  const notice = (sentence: string) => context.progress(`tsvmm: note: ${sentence}`)
  const request = toRequest(image, options)
  checkRequest(request, totalmem())
  using json = options.json === undefined ? undefined : new OutputFile('--json', options.json)
  context.log.info({ request }, 'run')
  const ending = new AbortController()
  let statistics: () => RunStatistics | undefined = () => undefined
  using terminal = takeTerminal(context, {
    x: () => ending.abort(new InterruptedError('SIGINT')),
    h: () => context.progress(KEYS_HELP),
    s: () => context.progress(renderStatus(statistics())),
  })
  try {
    const result = await runGuest(request, {
      console: context.stdout,
      input: terminal?.input ?? context.stdin,
      signal: AbortSignal.any([context.signal, ending.signal]),
      onStart: given => (statistics = given),
      onPmuDecision: decision => {
        context.progress(renderDecision(decision))
        decision.notices.forEach(notice)
      },
      onPmuProbe: probe => context.log.debug({ probe }, 'what KVM says of the PMUs'),
      onNotice: notice,
    })
    context.log.info({ result }, 'the run ended')
    const error = outcomeError(result.outcome, result.vcpus)
    json?.commit(renderJson(resultObject(result), error))
    if (error !== undefined) throw error
    if (result.outcome.kind === 'reset') context.progress('tsvmm: the guest asked for a reset')
  } catch (error) {
    if (error instanceof TsvmmError) json?.commit(renderJson({}, error))
    throw error
  }
}

const KEYS_HELP = `tsvmm: Ctrl-A x     ends the guest
       Ctrl-A s     shows what it has done so far
       Ctrl-A h     shows this
       Ctrl-A Ctrl-A  is a Ctrl-A for the guest`

const STDIN = 0

/** Undefined where nobody sits at a terminal. */
function takeTerminal(context: CliContext, actions: KeyActions): Terminal | undefined {
  if (!isInteractive(context)) return undefined
  requireArm64()
  const guard = native().guardTerminal(STDIN)
  context.progress('tsvmm: the console is yours: Ctrl-A x ends the guest, Ctrl-A h shows the keys')
  return new Terminal(context.stdin, guard, actions)
}

function renderStatus(statistics: RunStatistics | undefined): string {
  if (statistics === undefined) return 'tsvmm: the guest does not run yet'
  const { exits, unmappedAccesses, repins } = statistics
  const counts = Object.entries(exits).map(([kind, count]) => `${kind} ${count}`)
  return [
    `tsvmm: exits: ${counts.join(', ') || 'none'}`,
    `accesses nobody answered: ${unmappedAccesses}`,
    `put back on CPUs of the PMU: ${repins.total}`,
  ].join('; ')
}

/** @throws {UsageError} no image, two images, or a CPU list that is none */
function toRequest(positional: string | undefined, options: RunOptions): RunRequest {
  const { kernel, vcpuAffinity } = options
  if (positional !== undefined && kernel !== undefined)
    throw new UsageError(`two images were given: ${positional} and --kernel ${kernel}`, {
      try: [`tsvmm run ${positional}`],
    })
  const image = positional ?? kernel
  if (options.excess.length > 0)
    throw new UsageError(`there is more than one image: ${[image, ...options.excess].join(' ')}`, {
      ...(options.pmu === 'auto' && { why: '--pmu takes its mode after an equals sign' }),
      try:
        options.pmu === 'auto'
          ? [`--pmu=${image} ${options.excess.join(' ')}`]
          : [`tsvmm run ${image}`],
    })
  if (image === undefined)
    throw new UsageError('no guest image was given', { try: ['tsvmm run IMAGE'] })
  return {
    image,
    initrd: options.initrd,
    vcpus: options.cpus,
    ramSize: options.mem,
    bootArgs: options.params,
    pmu: toPmuRequest(options),
    onUnsupportedCpu: options.onUnsupportedCpu,
    affinity: vcpuAffinity === undefined ? undefined : parseAffinity(vcpuAffinity),
    timeoutSeconds: options.timeout,
  }
}

/** Without `--pmu` nobody's vCPUs are kept anywhere for the sake of a PMU. */
function toPmuRequest(options: RunOptions): PmuRequest {
  const { pmu, pmuFallback, pmuFilter } = options
  const mode = parsePmuMode(pmu ?? 'auto')
  if (pmuFallback !== undefined && mode.kind !== 'auto' && mode.kind !== 'named')
    throw new UsageError(
      `--pmu-fallback=${pmuFallback} and ${renderPmuMode(mode)} contradict each other`,
      {
        why: 'there is a fallback only for a PMU that does not cover all CPUs',
        try: [`leave --pmu-fallback=${pmuFallback} out`, `--pmu --pmu-fallback=${pmuFallback}`],
      },
    )
  return {
    mode,
    fallback: pmuFallback ?? (pmu === undefined ? 'none' : 'pin'),
    counters: options.pmuCounters,
    filter: pmuFilter && parsePmuFilter(pmuFilter),
    strict: options.pmuStrict,
    interrupt: parsePmuInterrupt(options.pmuIrq),
  }
}

function parseAffinity(text: string): number[] {
  try {
    const cpus = parseCpuList(text)
    if (cpus.length === 0) throw new UsageError('it names no CPU')
    return cpus
  } catch (cause) {
    if (!(cause instanceof TsvmmError)) throw cause
    throw new UsageError(`--vcpu-affinity ${text}: ${cause.message}`, {
      try: ['--vcpu-affinity 0-1    # numbers and ranges, with commas between them'],
    })
  }
}

/** What the guest gets, and why, in a line. */
function renderDecision(decision: PmuDecision): string {
  const since = `since ${decision.reason}`
  switch (decision.kind) {
    case 'off':
      return `tsvmm: guest PMU: none, ${decision.reason}`
    case 'host-pmu':
      return `tsvmm: guest PMU: ${decision.pmu.name}${decision.strict ? ' (STRICT)' : ''}, ${since}`
    case 'default':
      return `tsvmm: guest PMU: ${decision.pmu.name} (the kernel's default), ${since}`
    case 'fixed':
      return `tsvmm: guest PMU: the cycle counter (FIXED_COUNTERS_ONLY), ${since}`
    case 'none':
    case 'refused':
      return [`tsvmm: guest PMU: none, ${since}`, ...decision.suggestions].join('\n  with a PMU: ')
  }
}

function resultObject({ outcome, pmu, gic, statistics, vcpus }: RunResult): object {
  return {
    outcome: jsonOutcome(outcome),
    pmu,
    gic,
    ...statistics,
    ...(vcpus.length > 0 && { vcpus: vcpus.map(hexFields) }),
  }
}

/** 64-bit values are hexadecimal strings in JSON, whose numbers end at 2^53. */
function hexFields(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, `0x${(value as bigint).toString(16)}`]),
  )
}

function jsonOutcome(outcome: RunResult['outcome']): object {
  return outcome.kind === 'interrupted' ? { kind: outcome.kind } : outcome
}

function renderJson(fields: object, error: TsvmmError | undefined): string {
  const object = {
    schemaVersion: SCHEMA_VERSION,
    command: 'run',
    exitStatus: error?.exitStatus ?? EXIT_CODES.ok.status,
    ...fields,
    ...(error && {
      error: {
        code: error.code,
        message: error.message,
        why: error.why,
        try: error.try,
        see: error.see,
      },
    }),
  }
  return `${JSON.stringify(object, null, 2)}\n`
}
