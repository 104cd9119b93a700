import { renderCpuList } from '../../host/index.ts'
import { renderDomain } from './libvirt.ts'
import type { Seat } from './ground.ts'

/** What is to be typed, or put into a guest's description. */
export interface Recipe {
  readonly argv?: readonly string[]
  readonly xml?: string
}

/** A VMM that gives guests a PMU. */
export interface ServingVmm {
  readonly title: string
  /** Who selects the PMU: the VMM, with SET_PMU, or KVM, by the CPU a vCPU is initialised on. */
  readonly selects: 'set-pmu' | 'default'
  /** What the user has to do. */
  readonly add: string
  /** @param vcpus as many as the guest can have */
  readonly recipe: (seat: Pick<Seat, 'cpus' | 'isPart'>, vcpus: number) => Recipe
  /** It has no machine without one. */
  readonly needsGicV3?: true
  /** What there is to know where guests have to be kept to some CPUs. */
  readonly pinning: string
}

/** A VMM that never does. */
export interface RefusingVmm {
  readonly title: string
  readonly selects: 'never'
  readonly why: string
}

const LATER =
  'KVM picks the PMU of the CPU on which a vCPU is initialised, so all of it is kept to these CPUs'

/**
 * How a PMU is had from each VMM.
 *
 * @see https://www.qemu.org/docs/master/system/arm/cpu-features.html (pmu)
 * @see https://libvirt.org/formatdomain.html (vcpu, cputune, pmu)
 * @see kvmtool arm/aarch64/pmu.c; crosvm aarch64/src/lib.rs; cloud-hypervisor docs/cpu.md;
 * Firecracker src/vmm/src/arch/aarch64/vcpu.rs
 */
export const VMMS = {
  tsvmm: {
    title: 'tsvmm',
    selects: 'set-pmu',
    add: 'add the image, and what else the guest needs.',
    recipe: (seat, vcpus) => ({
      argv: ['tsvmm', 'run', '--pmu', ...affinity(seat), '--cpus', `${vcpus}`],
    }),
    pinning: 'The vCPUs are kept to the CPUs of the PMU.',
  },
  lkvm: {
    title: 'kvmtool',
    selects: 'set-pmu',
    add: 'add --kernel IMAGE, and what else the guest needs.',
    // Also before the vCPU threads exist: a kvmtool without --vcpu-affinity goes by its own CPU, and
    // none can initialise a vCPU on a CPU that has no PMU.
    recipe: (seat, vcpus) => ({
      argv: [...keptTo(seat), 'lkvm', 'run', '--pmu', ...affinity(seat), '--cpus', `${vcpus}`],
    }),
    pinning: 'kvmtool selects the PMU that has all CPUs of --vcpu-affinity.',
  },
  qemu: {
    title: 'QEMU',
    selects: 'default',
    add: 'add -kernel IMAGE or a disk, and what else the guest needs.',
    recipe: (seat, vcpus) => ({
      argv: [
        ...keptTo(seat),
        ...['qemu-system-aarch64', '-machine', 'virt,gic-version=host', '-accel', 'kvm'],
        ...['-cpu', 'host,pmu=on', '-smp', `${vcpus}`],
      ],
    }),
    pinning: `QEMU never calls SET_PMU, and ${LATER}.`,
  },
  crosvm: {
    title: 'crosvm',
    selects: 'default',
    add: 'add other options, and the image last.',
    recipe: (seat, vcpus) => ({
      argv: [...keptTo(seat), 'crosvm', 'run', '--cpus', `num-cores=${vcpus}`],
    }),
    pinning: `crosvm never calls SET_PMU, and ${LATER}: its --cpu-affinity comes later.`,
  },
  'cloud-hypervisor': {
    title: 'Cloud Hypervisor',
    selects: 'default',
    needsGicV3: true,
    add: 'add --kernel IMAGE, and what else the guest needs.',
    recipe: (seat, vcpus) => ({
      argv: [...keptTo(seat), 'cloud-hypervisor', '--cpus', `boot=${vcpus}`],
    }),
    pinning: `Cloud Hypervisor never calls SET_PMU, and ${LATER}: its affinity= comes later.`,
  },
  firecracker: {
    title: 'Firecracker',
    selects: 'never',
    why: 'on arm64 it refuses the vCPU feature KVM_ARM_VCPU_PMU_V3 (UnsupportedPmuV3), also in a CPU template',
  },
  libvirt: {
    title: 'libvirt',
    selects: 'default',
    add: 'merge this into the <domain> of the guest (virsh edit).',
    recipe: (seat, vcpus) => ({ xml: renderDomain(seat, vcpus) }),
    pinning:
      'QEMU never calls SET_PMU, and KVM picks the PMU of the CPU on which QEMU initialises a vCPU: that is ' +
      'where emulatorpin says, unless a strict numatune says otherwise. vcpupin comes later.',
  },
} as const satisfies Record<string, ServingVmm | RefusingVmm>

export type VmmName = keyof typeof VMMS

function affinity({ cpus, isPart }: Pick<Seat, 'cpus' | 'isPart'>): string[] {
  return isPart ? ['--vcpu-affinity', renderCpuList(cpus)] : []
}

function keptTo({ cpus, isPart }: Pick<Seat, 'cpus' | 'isPart'>): string[] {
  return isPart ? ['taskset', '-c', renderCpuList(cpus)] : []
}
