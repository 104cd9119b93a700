import { CORTEX_A53, CORTEX_A55, CORTEX_A72, CORTEX_A76, revision } from './cores.mjs'

const dts = path => `Linux 6.12, arch/arm64/boot/dts/${path}`

/** What the capacity of CPUs is made of. */
const capacity = (what, source) => ({
  fact: `capacity-dmips-mhz and highest clocks: ${what}`,
  source,
})

const assumedCapacity = 'cpu_capacity: computed from those as the kernel does, with cpufreq'

const assumedIds = 'numbers of cores and clusters: in the order of cpu-map'

export const RK3399 = {
  file: 'rk3399',
  name: 'Rockchip RK3399 (ROCKPro64, Rock Pi 4, NanoPC-T4 …)',
  kernel: '6.12',
  groups: [
    { cpus: '0-3', core: CORTEX_A53, cluster: () => 0, capacity: 381 },
    { cpus: '4-5', core: CORTEX_A72, cluster: () => 1, capacity: 1024 },
  ],
  pmus: [
    { name: 'armv8_cortex_a53', type: 8, cpus: '0-3', core: CORTEX_A53 },
    { name: 'armv8_cortex_a72', type: 9, cpus: '4-5', core: CORTEX_A72 },
  ],
  kvm: {
    ipaBits: 40,
    gics: ['GICv2', 'GICv3'],
    capabilities: { KVM_CAP_ARM_EL1_32BIT: 1 },
  },
  published: [
    {
      fact: 'CPUs 0-3 are Cortex-A53 in cluster 0, CPUs 4-5 Cortex-A72 in cluster 1, with a PMU each on PPI 7',
      source: dts('rockchip/rk3399-base.dtsi'),
    },
    {
      fact: 'a GICv3 with an ITS and a GICV frame, with which guests can have a GICv2, too',
      source: `${dts('rockchip/rk3399-base.dtsi')}, interrupt-controller@fee00000`,
    },
    capacity('485 at 1416 MHz (A53), 1024 at 1800 MHz (A72)', dts('rockchip/rk3399.dtsi')),
    {
      fact: '7 counters of armv8_cortex_a53 and of armv8_cortex_a72, IPA Size Limit: 40 bits, vgic-v2@fff20000, MIDR_EL1 of the Cortex-A72 0x410fd082',
      source: 'boot logs of RK3399 boards on mailing lists of the kernel',
    },
  ],
  assumed: ['revision of the Cortex-A53: r0p4', assumedCapacity, assumedIds],
}

export const RK3588 = {
  file: 'rk3588',
  name: 'Rockchip RK3588 (ROCK 5B, Orange Pi 5 Plus …)',
  kernel: '6.12',
  groups: [
    { cpus: '0-3', core: CORTEX_A55, cluster: () => 0, capacity: 397 },
    { cpus: '4-5', core: CORTEX_A76, cluster: () => 1, capacity: 1024 },
    { cpus: '6-7', core: CORTEX_A76, cluster: () => 2, capacity: 1024 },
  ],
  pmus: [
    { name: 'armv8_cortex_a55', type: 8, cpus: '0-3', core: CORTEX_A55 },
    { name: 'armv8_cortex_a76', type: 9, cpus: '4-7', core: CORTEX_A76 },
  ],
  kvm: { ipaBits: 40, gics: ['GICv3'] },
  published: [
    {
      fact: 'CPUs 0-3 are Cortex-A55 in cluster 0, CPUs 4-5 and 6-7 Cortex-A76 in clusters 1 and 2; one PMU of the A55 and one of all A76, on PPI 7',
      source: dts('rockchip/rk3588-base.dtsi'),
    },
    capacity(
      '530 at 1800 MHz (A55), 1024 at 2400 MHz (A76)',
      dts('rockchip/rk3588-base.dtsi and rk3588-opp.dtsi'),
    ),
    {
      fact: '7 counters of armv8_cortex_a55 and of armv8_cortex_a76, IPA Size Limit: 40 bits, no GICV resource entry, disabling GICv2 emulation, MIDR_EL1 of the Cortex-A76 0x414fd0b0',
      source: 'boot logs of RK3588 boards on mailing lists of the kernel',
    },
  ],
  assumed: ['revision of the Cortex-A55: r2p0', assumedCapacity, assumedIds],
}

const JUNO_A53 = revision(CORTEX_A53, 0x410fd033)
const JUNO_A72 = revision(CORTEX_A72, 0x410fd080)

/** The boot CPU is an A53 and gets number 0, the others follow in the order of the device tree. */
export const JUNO_R2 = {
  file: 'juno-r2',
  name: 'Arm Juno r2 development board',
  kernel: '6.12',
  groups: [
    { cpus: '0', core: JUNO_A53, cluster: () => 1, capacity: 383 },
    { cpus: '1-2', core: JUNO_A72, cluster: () => 0, capacity: 1024 },
    { cpus: '3-5', core: JUNO_A53, cluster: () => 1, capacity: 383, coreId: cpu => cpu - 2 },
  ],
  pmus: [
    { name: 'armv8_cortex_a53', type: 9, cpus: '0,3-5', core: JUNO_A53 },
    { name: 'armv8_cortex_a72', type: 8, cpus: '1-2', core: JUNO_A72 },
  ],
  kvm: { ipaBits: 40, gics: ['GICv2'], capabilities: { KVM_CAP_ARM_EL1_32BIT: 1 } },
  published: [
    {
      fact: '2 Cortex-A72 in cluster 0, 4 Cortex-A53 in cluster 1, with a PMU each on SPIs, capacity-dmips-mhz 1024 and 485',
      source: dts('arm/juno-r2.dts'),
    },
    { fact: 'a GIC-400: GICv2, for 8 vCPUs at the most', source: dts('arm/juno-base.dtsi') },
    {
      fact: 'Linux boots on physical CPU 0x100, MIDR_EL1 0x410fd033: a Cortex-A53 r0p3 is CPU 0',
      source: 'boot logs of Juno r2 by Linaro’s Linux Kernel Functional Testing, on linux-kernel',
    },
  ],
  assumed: [
    'numbers of the other CPUs: in the order of the device tree, A72 first',
    'revision of the Cortex-A72: r0p0',
    'cpu_capacity: computed for 950 MHz (A53) and 1200 MHz (A72)',
    '40 IPA bits: what the Cortex-A53 has',
    assumedIds,
  ],
}
