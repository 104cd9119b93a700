import { TsvmmError, UsageError } from '../errors/index.ts'
import { parseCpuList } from '../host/index.ts'
import { parsePmuFilter } from '../pmu/filter.ts'
import { parsePmuInterrupt } from '../pmu/interrupt.ts'
import { parsePmuMode, renderPmuMode, type PmuRequest } from '../pmu/request.ts'
import type { RamPages } from '../vm/guest-ram.ts'
import type { RunRequest } from '../vm/run.ts'
import { withFile } from './bare-flags.ts'
import { requireName } from './open-output.ts'
import type { RunOptions } from './run.ts'

/**
 * What the flags of `tsvmm run` ask for.
 *
 * @throws {UsageError} no image, two images, or a CPU list that is none
 */
export function toRequest(
  positional: string | undefined,
  options: RunOptions,
  command: 'run' | 'dtb' = 'run',
): RunRequest {
  const { kernel, vcpuAffinity } = options
  if (positional !== undefined && kernel !== undefined)
    throw new UsageError(`two images were given: ${positional} and --kernel ${kernel}`, {
      try: [`tsvmm ${command} ${positional}`],
    })
  const image = positional ?? kernel
  if (options.excess.length > 0) {
    const words = [image, ...options.excess].join(' ')
    const bare = BARE_FLAGS.find(({ isBare }) => isBare(options))
    throw new UsageError(`there is more than one image: ${words}`, {
      ...(bare && { why: `${bare.flag} takes its ${bare.value} after an equals sign` }),
      try: [bare ? withFile(bare.flag, words) : `tsvmm ${command} ${image}`],
    })
  }
  if (image === undefined)
    throw new UsageError('no guest image was given', {
      ...(options.json !== undefined && { why: `--json took ${options.json} as its file` }),
      try: [options.json === undefined ? `tsvmm ${command} IMAGE` : '--json FILE IMAGE'],
    })
  if (options.initrd !== undefined) requireName('--initrd', options.initrd)
  return {
    image,
    initrd: options.initrd,
    vcpus: options.cpus,
    ramSize: options.mem,
    ramPages: toRamPages(options),
    bootArgs: options.params,
    irqchip: options.irqchip,
    defaultBootArgs: options.defaultParams && options.nodefaults !== true,
    kaslrSeed: options.kaslrSeed,
    cpu: {
      sve: options.disableSve !== true,
      sveMaxVl: options.sveMaxVl,
      pointerAuth: options.disablePtrauth !== true,
      stolenTime: options.pvtime,
    },
    pmu: toPmuRequest(options),
    onUnsupportedCpu: options.onUnsupportedCpu,
    affinity: vcpuAffinity === undefined ? undefined : parseAffinity(vcpuAffinity),
    timeoutSeconds: options.timeout,
    onReset: options.onReset,
    exitCodeFromGuest: options.exitCodeFromGuest,
  }
}

/** What the word behind may have been meant for. */
const BARE_FLAGS = [
  { flag: '--pmu', value: 'mode', isBare: ({ pmu }: RunOptions) => pmu === 'auto' },
  { flag: '--trace', value: 'file', isBare: ({ trace }: RunOptions) => trace === '-' },
] as const

function toRamPages({ hugepages, hugetlbfs }: RunOptions): RamPages {
  if (hugetlbfs === undefined) return hugepages === true ? { kind: 'huge' } : { kind: 'any' }
  requireName('--hugetlbfs', hugetlbfs, 'directory')
  if (hugepages !== true) return { kind: 'hugetlbfs', path: hugetlbfs }
  throw new UsageError(`--hugepages and --hugetlbfs ${hugetlbfs} contradict each other`, {
    why: 'the first takes huge pages of the default size, the second those of a file system',
    try: ['one of them'],
  })
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
