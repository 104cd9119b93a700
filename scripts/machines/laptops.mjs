import { FIRESTORM_M1, ICESTORM_M1, ORYON } from './cores.mjs'

export const APPLE_M1 = {
  file: 'apple-m1',
  name: 'Apple M1 (MacBook Air, MacBook Pro, Mac mini, iMac) with Asahi Linux',
  kernel: '6.15',
  groups: [
    { cpus: '0-3', core: ICESTORM_M1, cluster: () => 0, capacity: 493 },
    { cpus: '4-7', core: FIRESTORM_M1, cluster: () => 1, capacity: 1024 },
  ],
  pmus: [
    { name: 'apple_icestorm_pmu', type: 8, cpus: '0-3', core: ICESTORM_M1 },
    { name: 'apple_firestorm_pmu', type: 9, cpus: '4-7', core: FIRESTORM_M1 },
  ],
  kvm: {
    ipaBits: 36,
    gics: ['GICv3'],
    capabilities: {
      KVM_CAP_ARM_PTRAUTH_ADDRESS: 1,
      KVM_CAP_ARM_PTRAUTH_GENERIC: 1,
      KVM_CAP_ARM_WRITABLE_IMP_ID_REGS: 1,
      // Blocks of 16 KiB and 32 MiB.
      KVM_CAP_ARM_SUPPORTED_BLOCK_SIZES: 0x2004000,
    },
  },
  published: [
    {
      fact: 'CPUs 0-3 are Icestorm in cluster 0 (capacity-dmips-mhz 714, 2064 MHz), CPUs 4-7 Firestorm in cluster 1 (1024, 2988 MHz without turbo modes), with a PMU each',
      source: 'Linux 6.12, arch/arm64/boot/dts/apple/t8103.dtsi',
    },
    {
      fact: 'the names of the PMUs and their events cycles (0x02) and instructions (0x8c); no caps',
      source: 'Linux, drivers/perf/apple_m1_cpu_pmu.c',
    },
    {
      fact: 'guests have a PMUv3 from Linux 6.15 on: traps of Apple’s own, and events that the driver maps: INST_RETIRED, CPU_CYCLES, BR_RETIRED, BR_MIS_PRED_RETIRED; SW_INCR and CHAIN are always there',
      source:
        'Linux 6.15, commits 2d00cab849be and bed9b8ec8c71, series 20250305202641.428114 on linux-kernel',
    },
    {
      fact: 'guests have 1 event counter, since not every counter of the hardware counts every event',
      source: 'Linux 6.15, commit 1b92e65f5006',
    },
    {
      fact: 'IPA Size Limit: 36 bits; a vGICv3 that is not Arm’s, and no GICv2 for guests',
      source:
        'kernel logs of Macs with Asahi Linux: kvm [1]: Non-architectural vgic, tainting kernel; disabling GICv2 emulation',
    },
    {
      fact: 'MIDR_EL1 of Icestorm is 0x611f0221',
      source:
        'a boot log of Asahi Linux of February 2021: Booting Linux on physical CPU 0x0000000000 [0x611f0221]',
    },
  ],
  assumed: [
    'MIDR_EL1 of Firestorm: its part number with the revision of Icestorm',
    'cpu_capacity: computed from those as the kernel does, with cpufreq',
    'pages of 16 KiB, as in Asahi’s kernels',
    'pointer authentication, 6 breakpoints and 4 watchpoints for guests',
    'PMCR_EL0 of guests, but for the number of counters',
  ],
}

/** Three clusters, one PMU, and no KVM: what a laptop looks like that was not meant for Linux. */
export const SNAPDRAGON_X_ELITE = {
  file: 'snapdragon-x-elite',
  name: 'Qualcomm Snapdragon X Elite (X1E80100), as laptops are sold',
  kernel: '6.12',
  groups: [
    { cpus: '0-3', core: ORYON, cluster: () => 0 },
    { cpus: '4-7', core: ORYON, cluster: () => 1 },
    { cpus: '8-11', core: ORYON, cluster: () => 2 },
  ],
  pmus: [{ name: 'armv8_pmuv3', type: 8, cpus: '0-11', core: ORYON }],
  published: [
    {
      fact: '12 Oryon in 3 clusters of 4, and one PMU of all, arm,armv8-pmuv3 on PPI 7',
      source: 'Linux 6.12, arch/arm64/boot/dts/qcom/x1e80100.dtsi',
    },
    {
      fact: 'laptops start Linux at EL1, under Qualcomm’s hypervisor: there is no /dev/kvm. It takes another boot loader (slbounce, and x1-el2.dtso as overlay) to have EL2',
      source:
        'Linux, arch/arm64/boot/dts/qcom/x1-el2.dtso and the series that brought it; README of TravMurav/slbounce',
    },
    {
      fact: 'MIDR_EL1 0x511f0011',
      source:
        'a boot log of an Android guest under Windows’ hypervisor on a Snapdragon X Elite: Booting Linux on physical CPU 0x0000000000 [0x511f0011]',
    },
  ],
  assumed: [
    'MIDR_EL1: that which Windows shows its guests, on all CPUs',
    'cpu_capacity 1024 on all CPUs',
    'caps of the PMU: 0; its events are left out',
  ],
}
