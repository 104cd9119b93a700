import type { Note } from './topics.ts'

/** A word of Arm's or of the kernel's, and what else it is called. */
export interface Term extends Note {
  readonly aliases?: readonly string[]
}

const pmuEmul = (name: string) => `arch/arm64/kvm/pmu-emul.c, ${name}() (v7.3)`
const ARM_ARM = 'Arm Architecture Reference Manual for A-profile (DDI 0487)'
const PMU_CHAPTER = `${ARM_ARM}, The Performance Monitors Extension`
const KVM_MODES = 'Documentation/admin-guide/kernel-parameters.txt, kvm-arm.mode (v7.3)'
const PERF_AND_GUESTS = 'Documentation/arch/arm64/perf.rst, exclude_host / exclude_guest (v6.12)'

/** Words that come up where guests and their PMU are spoken of: what they mean to a guest. */
export const TERMS: Readonly<Record<string, Term>> = {
  VHE: {
    what: "Virtualization Host Extensions: the host's kernel itself runs at EL2, the level of hypervisors",
    when: "from Armv8.1 on, unless the kernel was booted with another kvm-arm.mode. Guests have a PMU with VHE and without; with it nothing of the host's is lost to its own perf when a guest is entered",
    try: ['tsvmm doctor    # kvm.mode says how KVM works here'],
    see: [KVM_MODES, PERF_AND_GUESTS, `${ARM_ARM}, FEAT_VHE`],
    aliases: ['FEAT_VHE'],
  },
  nVHE: {
    what: "KVM without VHE: the host's kernel runs at EL1, and a small part of KVM at EL2",
    when: 'on cores of Armv8.0 (Cortex-A53, A57, A72), or with kvm-arm.mode=nvhe. Guests have a PMU as well; perf of the host misses a little at each entry into a guest',
    try: [
      'tsvmm doctor    # kvm.mode says how KVM works here',
      'tsvmm lab --topology biglittle -- doctor    # such a host, emulated',
    ],
    see: [KVM_MODES, PERF_AND_GUESTS],
    aliases: ['non-VHE'],
  },
  hVHE: {
    what: "KVM at EL2 in the manner of VHE, with the host's kernel at EL1 all the same",
    when: 'with kvm-arm.mode=protected on cores that have VHE; to a guest it is as nVHE',
    try: ['tsvmm doctor    # kvm.mode says how KVM works here'],
    see: ['arch/arm64/kernel/pi/idreg-override.c (v7.3)'],
  },
  pKVM: {
    what: 'protected KVM: the part at EL2 keeps the memory of protected guests from the host itself',
    when: 'with kvm-arm.mode=protected. A protected guest has no PMU; other guests, such as those of tsvmm, can have one',
    try: ['tsvmm doctor    # kvm.mode and pmu.kvm'],
    see: [
      KVM_MODES,
      'Documentation/virt/kvm/arm/pkvm.rst (v7.3)',
      'arch/arm64/include/asm/kvm_pkvm.h, kvm_pkvm_ext_allowed() (v7.3)',
    ],
    aliases: ['protected'],
  },
  GICv2: {
    what: "version 2 of Arm's interrupt controller, which serves 8 CPUs at most",
    when: 'a guest can have it where the host has a GICv2, or a GICv3 that can pass for one; it takes the interrupt of the PMU like any other',
    try: ['tsvmm probe gic    # which GICs a guest can have here'],
    see: [
      'Documentation/virt/kvm/devices/arm-vgic.rst (v7.3)',
      'Arm Generic Interrupt Controller Architecture version 2.0 (IHI 0048)',
    ],
    aliases: ['GIC', 'vGIC'],
  },
  GICv3: {
    what: "version 3 of Arm's interrupt controller, for any number of CPUs and with MSIs by an ITS",
    when: 'a guest can have it where the host has one. The PMU of each vCPU needs an interrupt of it (--pmu-irq), and it is to be initialised before the PMU',
    try: ['tsvmm probe gic    # which GICs a guest can have here'],
    see: [
      'Documentation/virt/kvm/devices/arm-vgic-v3.rst (v7.3)',
      'Arm Generic Interrupt Controller Architecture version 3 and 4 (IHI 0069)',
    ],
    aliases: ['GIC', 'vGIC', 'GICv4'],
  },
  GICv5: {
    what: "version 5 of Arm's interrupt controller, which is new from the ground up",
    when: 'a guest can have it from Linux 7.1 on, where the host has one; the interrupt of the PMU is always PPI 23 there. tsvmm makes no guests with it',
    try: ['tsvmm explain KVM_DEV_TYPE_ARM_VGIC_V5', 'tsvmm probe gic'],
    see: ['Documentation/virt/kvm/devices/arm-vgic-v5.rst (v7.3)'],
  },
  ITS: {
    what: 'the Interrupt Translation Service: the part of a GICv3 that makes interrupts (LPIs) of MSIs',
    when: 'only for guests with PCI devices or others that send MSIs; neither the PMU nor the guests of tsvmm need one',
    try: ['tsvmm probe gic    # whether a guest can have one here'],
    see: ['Documentation/virt/kvm/devices/arm-vgic-its.rst (v7.3)'],
  },
  PPI: {
    what: 'a Private Peripheral Interrupt: one of each CPU, with INTID 16 to 31 (PPI 0 to 15)',
    when: 'the interrupt of a PMU is a PPI as a rule, the same for all vCPUs; an SPI has to be another for each',
    try: ['tsvmm run --pmu --pmu-irq ppi:7 …    # INTID 23, which is what is taken anyhow'],
    see: [pmuEmul('kvm_arm_pmu_v3_set_attr')],
    aliases: ['SPI', 'INTID'],
  },
  'big.LITTLE': {
    what: 'a machine with several kinds of core, and with a PMU of its own for each kind',
    when: 'a guest has the PMU of one kind, and its vCPUs have to stay on cores of that kind: elsewhere KVM_RUN ends with KVM_EXIT_FAIL_ENTRY or, if the PMU was not chosen with KVM_ARM_VCPU_PMU_V3_SET_PMU, the guest counts nothing',
    try: [
      'tsvmm probe    # which CPUs have which PMU',
      'tsvmm run --pmu --vcpu-affinity CPUS …    # CPUs of one kind',
      'tsvmm lab --topology biglittle -- probe pmus    # such a machine, emulated',
    ],
    see: ['Documentation/virt/kvm/devices/vcpu.rst, 1.4 (v7.3)', 'docs/pmu.md'],
    aliases: ['bigLITTLE', 'DynamIQ', 'heterogeneous', 'hybrid'],
  },
  PMUv3: {
    what: "the PMU of Arm's architecture: a cycle counter and up to 31 event counters; from v3.1 (PMUv3p1, Armv8.1) to v3.9",
    when: 'KVM gives guests one only where every core has it, and shows at most PMUv3p5. Cores of Apple have another, behind which KVM shows a bare PMUv3 from Linux 6.15 on',
    try: ['tsvmm probe pmus    # PMUs of the host, and what a guest has of each'],
    see: [pmuEmul('kvm_host_pmu_init'), PMU_CHAPTER],
    aliases: ['FEAT_PMUv3', 'PMUVer'],
  },
  PMCEID: {
    what: 'the registers PMCEID0_EL0 and PMCEID1_EL0, in which a guest reads which of the common events its PMU counts',
    when: 'KVM takes out what a filter denies, STALL_SLOT and its kind without STRICT, and everything with FIXED_COUNTERS_ONLY. The VMM cannot read them',
    try: ['tsvmm probe pmus    # the events a guest sees, which a small guest reads'],
    see: [pmuEmul('kvm_pmu_get_pmceid'), PMU_CHAPTER],
    aliases: ['PMCEID0', 'PMCEID1', 'PMCEID0_EL0', 'PMCEID1_EL0'],
  },
  PMCR: {
    what: 'the control register of the PMU, PMCR_EL0; its field N says how many event counters there are',
    when: 'N is that of the PMU of the host, unless SET_NR_COUNTERS makes it less; it is 0 with FIXED_COUNTERS_ONLY',
    try: ['tsvmm run --pmu --pmu-counters N …', 'tsvmm explain SET_NR_COUNTERS'],
    see: [pmuEmul('kvm_vcpu_read_pmcr'), PMU_CHAPTER],
    aliases: ['PMCR_EL0', 'PMCR_EL0.N', 'PMCR.N'],
  },
  PMMIR: {
    what: 'the register PMMIR_EL1; its field SLOTS says how many operations a core can do in a cycle',
    when: 'from PMUv3p4 on. A guest reads 0 without STRICT, and perf in it fails where it needs SLOTS for metrics',
    try: ['tsvmm explain STRICT'],
    see: ['Documentation/virt/kvm/api.rst, 4.82 KVM_ARM_VCPU_INIT (v7.3)', PMU_CHAPTER],
    aliases: ['PMMIR_EL1', 'PMMIR_EL1.SLOTS', 'SLOTS'],
  },
  MIDR: {
    what: 'the Main ID Register, MIDR_EL1: who made a core, which one it is, and its revision',
    when: 'it tells kinds of core apart. A guest sees that of a core of the host, and may take it for the key to the names of events: with several kinds of core it need not be the one whose PMU it has',
    try: [
      'tsvmm probe cpus    # MIDR_EL1 of each CPU, and the name of the core',
      'tsvmm explain KVM_CAP_ARM_WRITABLE_IMP_ID_REGS',
    ],
    see: ['Documentation/arch/arm64/cpu-feature-registers.rst (v6.12)', `${ARM_ARM}, MIDR_EL1`],
    aliases: ['MIDR_EL1'],
  },
}
