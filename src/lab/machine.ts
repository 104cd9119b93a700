import { totalmem } from 'node:os'
import { UsageError } from '../errors/index.ts'
import { HOST_CPUS, type HostCpu, type Machine } from './qemu.ts'
import { type Cluster, parseTopology } from './topology.ts'

/** Memory is taken from this machine only as it is used. */
export const DEFAULT_MEM_MIB = 2048
/** Node's archive is there twice while the kernel unpacks it. */
export const MIN_MEM_MIB = 512
/** A GICv2 has eight CPU interfaces. */
const GICV2_MAX_CPUS = 8

/** What of a machine may be chosen. */
export interface MachineChoice {
  readonly topology?: string
  readonly smp?: number
  readonly memMib?: number
  readonly gic?: 2 | 3
  readonly cpu?: HostCpu
}

/** Fills in defaults and refuses, with a `UsageError`, what cannot be. */
export function chooseMachine(choice: MachineChoice): {
  machine: Machine
  clusters: readonly Cluster[]
} {
  const {
    topology: name = 'uniform',
    memMib = DEFAULT_MEM_MIB,
    gic = 3,
    cpu = 'neoverse-n1',
  } = choice
  const { smp, clusters } = parseTopology(name, choice.smp)
  checkMemory(memMib)
  if (!HOST_CPUS.includes(cpu)) {
    throw new UsageError(`--cpu ${cpu}: no such CPU`, { try: [`one of ${HOST_CPUS.join(', ')}`] })
  }
  if (gic === 2 && smp > GICV2_MAX_CPUS) {
    throw new UsageError(`--gic 2 serves at most ${GICV2_MAX_CPUS} CPUs, not ${smp}`, {
      try: [`--smp ${GICV2_MAX_CPUS}, or --gic 3`],
    })
  }
  if (gic === 2 && clusters.length > 0) {
    throw new UsageError(`--gic 2 and --topology ${name} exclude each other`, {
      why: 'an interrupt per PMU needs the PPI partitions that only a GICv3 has',
      try: ['--gic 3, or --topology uniform'],
    })
  }
  return { machine: { gic, cpu, smp, memMib }, clusters }
}

function checkMemory(memMib: number): void {
  const available = Math.floor(totalmem() / 1024 ** 2)
  if (!(memMib >= MIN_MEM_MIB)) {
    throw new UsageError(`--mem ${memMib}M is too little for the emulated host`, {
      try: [`--mem ${MIN_MEM_MIB}M or more`],
    })
  }
  if (memMib > available) {
    throw new UsageError(`--mem ${memMib}M is more than the ${available} MiB of this machine`, {
      try: [`--mem ${Math.min(DEFAULT_MEM_MIB, available)}M`],
    })
  }
}
