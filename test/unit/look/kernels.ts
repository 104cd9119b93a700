import {
  describeHost,
  type HostFacts,
  type HostPmu,
  type HostTree,
} from '../../../src/host/index.ts'
import type { Answer, FixedCountersOnly, PmuProbe } from '../../../src/pmu/probe.ts'
import type { KvmFacts } from '../../../src/vm/look.ts'

/** What KVM of a machine does; left out: what a current kernel does, with 6 event counters. */
export interface Kernel {
  readonly pmuV3?: boolean
  readonly setPmu?: boolean
  readonly fixed?: FixedCountersOnly['is']
  readonly strict?: boolean
  /** PMUs that SET_PMU refuses. */
  readonly refuses?: readonly string[]
  /** The one PMU that KVM picks wherever it is asked: Linux before 6.3. */
  readonly picks?: string
  readonly unasked?: boolean
  readonly gics?: readonly { readonly name: string; readonly maxVcpus: number }[]
}

/** A machine of which this is in sysfs, and its kernel; no kernel: KVM was not asked. */
export function machine(
  files: Record<string, string>,
  kernel?: Kernel,
  affinity?: readonly number[],
): { host: HostFacts; kvm: KvmFacts | undefined } {
  const host = describeHost(treeOf(files), affinity)
  return { host, kvm: kernel && kvmOf(host.pmus, kernel) }
}

/** With just these files below /sys. */
function treeOf(files: Record<string, string>): HostTree {
  const below = (path: string) =>
    Object.keys(files).flatMap(file =>
      `/sys/${file}`.startsWith(`${path}/`) ? [`/sys/${file}`.slice(path.length + 1)] : [],
    )
  return {
    read: path => files[path.slice('/sys/'.length)]?.replace(/\n$/, ''),
    list: path => [...new Set(below(path).map(rest => rest.split('/')[0] ?? ''))].sort(),
    nameOf: path => path,
  }
}

function kvmOf(pmus: readonly HostPmu[], kernel: Kernel): KvmFacts {
  return { apiVersion: 12, pmus: probeOf(pmus, kernel), vms: vmsOf(kernel) }
}

function vmsOf({
  gics = [{ name: 'GICv3', maxVcpus: 512 }],
}: Kernel): NonNullable<KvmFacts['vms']> {
  return {
    ipaBits: 40,
    maxVcpus: 512,
    recommendedVcpus: 6,
    gics: gics.map(gic => ({
      ...gic,
      device: 'KVM_DEV_TYPE_ARM_VGIC_V3' as const,
      available: true,
    })),
  }
}

export function probeOf(pmus: readonly HostPmu[], kernel: Kernel): PmuProbe {
  const {
    pmuV3 = true,
    setPmu = true,
    fixed = 'absent',
    strict = false,
    refuses = [],
    picks,
    unasked,
  } = kernel
  return {
    pmuV3,
    unasked,
    pmus: pmus.map(pmu => {
      const ok = setPmu && !refuses.includes(pmu.name)
      return {
        pmu,
        setPmu: answer(`SET_PMU (type ${pmu.type})`, ok),
        ...(ok && {
          counters: 6,
          isDefault: answer('INIT', picks === undefined || picks === pmu.name),
        }),
      }
    }),
    setPmu: answer('SET_PMU', setPmu),
    setNrCounters: answer('SET_NR_COUNTERS', true),
    filter: answer('FILTER', true),
    strict: answer('STRICT', strict),
    fixedCountersOnly: { is: fixed, answers: [answer('FIXED', fixed === 'available')] },
    milliseconds: 1,
  }
}

function answer(call: string, ok: boolean): Answer {
  return ok ? { call, ok } : { call, ok, errno: 'ENXIO', meaning: 'this kernel does not have it' }
}
