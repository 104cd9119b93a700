import { NEOVERSE_N1, NEOVERSE_V1, NEOVERSE_V2 } from './cores.mjs'

const AWS = 'Amazon EC2 instance types, specifications of general purpose instances'

/** Without clusters, as far as is known; cores by their number. */
const allAlike = (cpus, core, more) => ({ cpus, core, coreId: cpu => cpu, ...more })

const onePmu = (cpus, core) => [{ name: 'armv8_pmuv3_0', type: 8, cpus, core }]

const PMU_OF_ACPI = {
  fact: 'with ACPI, all CPUs with the same MIDR_EL1 are one PMU: armv8_pmuv3_0',
  source: 'Linux 6.12, drivers/perf/arm_pmu_acpi.c',
}

const ASSUMED = [
  'cpu_capacity 1024; numbers of cores, packages and clusters from 0 on, where ACPI has other ones',
  '48 IPA bits; a GICv3 with an ITS, no GICv2; pages of 4 KiB',
]

const NO_CLUSTERS = 'no clusters: cluster_id is left out'

const POINTER_AUTHENTICATION = {
  KVM_CAP_ARM_PTRAUTH_ADDRESS: 1,
  KVM_CAP_ARM_PTRAUTH_GENERIC: 1,
}

export const GRAVITON2 = {
  file: 'graviton2',
  name: 'AWS Graviton2 (m6g.metal, c6g.metal, r6g.metal)',
  kernel: '6.12',
  groups: [allAlike('0-63', NEOVERSE_N1)],
  pmus: onePmu('0-63', NEOVERSE_N1),
  kvm: { ipaBits: 48, gics: ['GICv3'] },
  published: [
    { fact: 'm6g.metal has 64 cores with one thread each', source: AWS },
    {
      fact: 'Graviton2 is one chip with 64 Neoverse N1',
      source: 'AnandTech, A Peek Into Graviton2 (March 2020)',
    },
    PMU_OF_ACPI,
  ],
  assumed: ['revision of the Neoverse N1: r3p1', NO_CLUSTERS, ...ASSUMED],
}

export const GRAVITON3 = {
  file: 'graviton3',
  name: 'AWS Graviton3 (m7g.metal, c7g.metal, r7g.metal)',
  kernel: '6.12',
  groups: [allAlike('0-63', NEOVERSE_V1)],
  pmus: onePmu('0-63', NEOVERSE_V1),
  kvm: {
    ipaBits: 48,
    gics: ['GICv3'],
    capabilities: { KVM_CAP_ARM_SVE: 1, ...POINTER_AUTHENTICATION },
  },
  published: [
    { fact: 'm7g.metal has 64 cores with one thread each', source: AWS },
    {
      fact: 'Graviton3 has 64 CPUs in one socket and NUMA node, model (revision) 1, SVE and pointer authentication (paca, pacg)',
      source: 'lscpu of c7g.16xlarge, NVIDIA Arm HPC Developer Kit user’s guide, cpudetect.md',
    },
    {
      fact: 'MIDR_EL1 0x411fd401: Neoverse V1 r1p1',
      source:
        'a boot log of a micro-VM on a Graviton3 host: Booting Linux on physical CPU 0x0000000000 [0x411fd401]',
    },
    PMU_OF_ACPI,
  ],
  assumed: [NO_CLUSTERS, ...ASSUMED],
}

export const GRAVITON4 = {
  file: 'graviton4',
  name: 'AWS Graviton4 with two sockets (m8g.metal-48xl, r8g.metal-48xl)',
  kernel: '6.12',
  groups: [
    allAlike('0-95', NEOVERSE_V2, { package: 0 }),
    allAlike('96-191', NEOVERSE_V2, { package: 1 }),
  ],
  nodes: ['0-95', '96-191'],
  pmus: onePmu('0-191', NEOVERSE_V2),
  kvm: {
    ipaBits: 48,
    gics: ['GICv3'],
    capabilities: { KVM_CAP_ARM_SVE: 1, ...POINTER_AUTHENTICATION },
  },
  published: [
    { fact: 'm8g.metal-48xl has 192 cores with one thread each', source: AWS },
    {
      fact: 'Graviton4 has 96 Neoverse V2: 192 CPUs are two of them',
      source: 'AWS HPC Blog, Performance gains with AWS Graviton4 (October 2024)',
    },
    {
      fact: 'MIDR_EL1 0x410fd4f1: Neoverse V2 r0p1',
      source:
        'a log on linux-kernel about hibernation on Graviton4: Booting Linux on physical CPU 0x0000000000 [0x410fd4f1]',
    },
    PMU_OF_ACPI,
  ],
  assumed: [
    'each socket is a package and a NUMA node, and its CPUs are numbered in a row',
    'SVE and pointer authentication for guests, no memory tags',
    NO_CLUSTERS,
    ...ASSUMED,
  ],
}

export const ALTRA = {
  file: 'altra',
  name: 'Ampere Altra Q80-30',
  kernel: '6.12',
  groups: [allAlike('0-79', NEOVERSE_N1, { cluster: cpu => Math.floor(cpu / 2) })],
  pmus: onePmu('0-79', NEOVERSE_N1),
  kvm: { ipaBits: 48, gics: ['GICv3'] },
  published: [
    {
      fact: '80 Neoverse N1 in a socket, one thread each',
      source: 'AnandTech, The Ampere Altra Review (December 2020)',
    },
    {
      fact: 'MIDR_EL1 0x413fd0c1: Neoverse N1 r3p1',
      source:
        'a FreeBSD benchmark on a machine with two sockets: ARM Neoverse-N1 r3p1 (cores: 160)',
    },
    {
      fact: 'ACPI’s PPTT has clusters of 2 CPUs, which share a snoop control unit and no cache',
      source:
        'Linux, commit “topology: make core_mask include at least cluster_siblings” by Darren Hart (Ampere)',
    },
    PMU_OF_ACPI,
  ],
  assumed: [
    'CPUs of a cluster are neighbours by number; the socket is one NUMA node (firmware can make 2 or 4)',
    ...ASSUMED,
  ],
}
