import type { CatalogueEntry, Rows } from './catalogue.ts'

/* The PMU attributes of a vCPU: arch/arm64/kvm/pmu-emul.c, in the order its checks are made. */

const doc = (section: string) => `Documentation/virt/kvm/devices/vcpu.rst, ${section} (v7.3)`
const code = (name: string) => `arch/arm64/kvm/pmu-emul.c, ${name}() (v7.3)`

const PROPOSAL =
  'KVM: arm64: PMU: Introduce FIXED_COUNTERS_ONLY, [PATCH v7 3/4] on the kvmarm list (not in v7.3)'

const LIST_PMUS = 'grep . /sys/bus/event_source/devices/*/{type,cpus}    # the PMUs of this host'

const NO_FEATURE: CatalogueEntry = {
  why: 'no vCPU of this VM was initialised with the feature KVM_ARM_VCPU_PMU_V3 yet',
  try: ['give every vCPU the feature in KVM_ARM_VCPU_INIT before touching its PMU'],
  see: [code('kvm_arm_pmu_v3_set_attr')],
}

const ALREADY_INITIALISED: CatalogueEntry = {
  why: "this vCPU's PMU is initialised, which freezes all of its settings",
  try: ['set everything before KVM_ARM_VCPU_PMU_V3_INIT'],
  see: [code('kvm_arm_pmu_v3_set_attr')],
}

const BAD_POINTER: CatalogueEntry = {
  why: 'the kernel cannot read or write the payload at the address it was given',
  try: ['report it: addresses are never taken from the user'],
  see: [code('kvm_arm_pmu_v3_set_attr')],
}

const NO_SUCH_ATTRIBUTE = 'this kernel does not know the attribute, or cannot read it back'

export const pmuRows = (): Rows => ({
  'KVM_ARM_VCPU_PMU_V3_CTRL/IRQ': {
    ENODEV: NO_FEATURE,
    EBUSY: {
      why: "this vCPU's PMU interrupt is set already, or its PMU is initialised",
      try: ['set the interrupt once per vCPU, before KVM_ARM_VCPU_PMU_V3_INIT'],
      see: [doc('1.1'), code('kvm_arm_pmu_v3_set_attr')],
    },
    EINVAL: {
      why: 'the VM has no in-kernel GIC, or the number is no PPI (16 to 31) and no SPI, or vCPUs differ: a PPI must be the same on all of them, an SPI another one on each',
      try: ['create the GIC first', 'use INTID 23 on every vCPU, as everybody does'],
      see: [doc('1.1'), code('pmu_irq_is_valid')],
    },
    ENXIO: {
      why: 'no PMU interrupt has been set on this vCPU',
      try: ['set it before it is read'],
      see: [doc('1.1'), code('kvm_arm_pmu_v3_get_attr')],
    },
    EFAULT: BAD_POINTER,
  },
  'KVM_ARM_VCPU_PMU_V3_CTRL/INIT': {
    ENODEV: {
      why: 'the VM has an in-kernel GIC that is not initialised, or the vCPU has no PMU feature',
      try: ['do KVM_DEV_ARM_VGIC_CTRL_INIT on the GIC before the INIT of any PMU'],
      see: [doc('1.2'), code('kvm_arm_pmu_v3_init')],
    },
    EBUSY: {
      why: "this vCPU's PMU is initialised already",
      try: ['do KVM_ARM_VCPU_PMU_V3_INIT once per vCPU, as the last of its PMU'],
      see: [doc('1.2'), code('kvm_arm_pmu_v3_set_attr')],
    },
    ENXIO: {
      why: "the vCPU's PMU interrupt is not set, or with KVM_ARM_VCPU_PMU_V3_STRICT no PMU is selected",
      try: ['set KVM_ARM_VCPU_PMU_V3_IRQ on this vCPU first', 'select a PMU with SET_PMU first'],
      see: [doc('1.2'), code('kvm_arm_pmu_v3_init')],
    },
    EEXIST: {
      why: 'the interrupt belongs to another in-kernel device of the VM, a timer for instance',
      try: ['use INTID 23 for the PMU; the timers have 26, 27, 28 and 30'],
      see: [doc('1.2'), 'arch/arm64/kvm/vgic/vgic.c, kvm_vgic_set_owner() (v7.3)'],
    },
    EINVAL: {
      why: 'the GIC has no interrupt with the number that was set: an SPI beyond its NR_IRQS',
      try: ['use INTID 23, or raise KVM_DEV_ARM_VGIC_GRP_NR_IRQS'],
      see: ['arch/arm64/kvm/vgic/vgic.c, kvm_vgic_set_owner() (v7.3)'],
    },
  },
  'KVM_ARM_VCPU_PMU_V3_CTRL/FILTER': {
    ENODEV: NO_FEATURE,
    EBUSY: {
      why: "the VM has run, or this vCPU's PMU is initialised: filters are frozen",
      try: ['set all filters before KVM_ARM_VCPU_PMU_V3_INIT and before the first KVM_RUN'],
      see: [doc('1.3'), code('kvm_arm_pmu_v3_set_attr')],
    },
    EINVAL: {
      why: 'the range ends beyond the events of the host (1024 on PMUv3 for ARMv8.0, 65536 from ARMv8.1 on), or the action is neither ALLOW nor DENY',
      try: ['keep first event + count at 1024 or below on an ARMv8.0 host'],
      see: [doc('1.3'), code('kvm_arm_pmu_v3_set_attr')],
    },
    ENXIO: {
      why: 'no PMU is selected, which with KVM_ARM_VCPU_PMU_V3_STRICT must come first',
      try: ['select a PMU with SET_PMU before the first filter'],
      see: [doc('1.3'), code('kvm_arm_pmu_v3_set_attr')],
    },
    ENOMEM: {
      why: 'the kernel has no memory for the bitmap of events (8 KiB at most)',
      try: ['free memory on the host, or raise the memory limit of the cgroup'],
      see: [code('kvm_arm_pmu_v3_set_attr')],
    },
    EFAULT: BAD_POINTER,
  },
  'KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU': {
    ENODEV: NO_FEATURE,
    EBUSY: {
      why: "the VM has run, or this vCPU's PMU is initialised, or event filters were set for another PMU: the choice is frozen",
      try: [
        'select the PMU once, before filters, KVM_ARM_VCPU_PMU_V3_INIT and the first KVM_RUN',
        'start again with a new VM: a run that was refused counts as well',
      ],
      see: [doc('1.4'), code('kvm_arm_pmu_v3_set_pmu')],
    },
    ENXIO: {
      why: 'the kernel has no PMU with this perf type that KVM can use for guests (a kernel without SET_PMU says the same)',
      try: [LIST_PMUS, 'read the number afresh: it changes from boot to boot'],
      see: [doc('1.4'), code('kvm_arm_pmu_v3_set_pmu')],
    },
    EFAULT: BAD_POINTER,
  },
  'KVM_ARM_VCPU_PMU_V3_CTRL/SET_NR_COUNTERS': {
    ENODEV: NO_FEATURE,
    EBUSY: ALREADY_INITIALISED,
    EINVAL: {
      why: 'the selected PMU has fewer event counters, or with KVM_ARM_VCPU_PMU_V3_STRICT none is selected',
      try: ['ask for fewer counters', 'select a PMU with SET_PMU first: a later one undoes this'],
      see: [doc('1.5'), code('kvm_arm_pmu_v3_set_nr_counters')],
    },
    ENXIO: {
      why: `${NO_SUCH_ATTRIBUTE}: v6.12 has no SET_NR_COUNTERS`,
      try: ['run a newer host kernel, or take all counters of the PMU'],
      see: [doc('1.5')],
    },
    EFAULT: BAD_POINTER,
  },
  'KVM_ARM_VCPU_PMU_V3_CTRL/FIXED_COUNTERS_ONLY': {
    ENODEV: NO_FEATURE,
    EBUSY: {
      why: "the VM has run, this vCPU's PMU is initialised, or a PMU or a filter was set, which excludes it",
      try: ['choose between SET_PMU and FIXED_COUNTERS_ONLY, on a new VM'],
      see: [PROPOSAL],
    },
    ENXIO: {
      why: 'this kernel has no FIXED_COUNTERS_ONLY: no released kernel does (v7.3)',
      try: ['keep the vCPUs to CPUs of one PMU and select that'],
      see: [PROPOSAL],
    },
  },
})
