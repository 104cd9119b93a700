/*
 * What `tsvmm explain` says beyond what the other tables say: one sentence per thing the kernel
 * names, and the order things want to be done in. Keys are kernel names; tests hold them against
 * the tables of src/ioctl.
 */

/** What a thing is and, where there is something to know, when it comes up and what to do. */
export interface Note {
  readonly what: string
  readonly when?: string
  readonly try?: readonly string[]
  /** Kernel path, section or function, and version. */
  readonly see?: readonly string[]
}

const api = (section: string) => `Documentation/virt/kvm/api.rst, ${section} (v7.3)`
const vcpuDoc = (section: string) => `Documentation/virt/kvm/devices/vcpu.rst, ${section} (v7.3)`
const arm = (name: string) => `arch/arm64/kvm/arm.c, ${name}() (v7.3)`
const psci = (name: string) => `arch/arm64/kvm/psci.c, ${name}() (v7.3)`
const handleExit = (name: string) => `arch/arm64/kvm/handle_exit.c, ${name}() (v7.3)`
const ioMemAbort = 'arch/arm64/kvm/mmio.c, io_mem_abort() (v7.3)'
const uapi = 'include/uapi/linux/kvm.h (v7.3)'

/** Exit reasons, the one FAIL_ENTRY that says why, system events and internal errors. */
export const EXIT_NOTES: Readonly<Record<string, Note>> = {
  KVM_EXIT_UNKNOWN: {
    what: 'no reason: what KVM writes before it enters the guest',
    when: 'it stays where KVM_RUN failed before the guest ran, because something was not set up',
    try: ['look at the errno of KVM_RUN: tsvmm explain KVM_RUN'],
    see: [arm('kvm_arch_vcpu_ioctl_run')],
  },
  KVM_EXIT_HYPERCALL: {
    what: 'the guest made a hypercall (HVC or SMC) that the VMM wants to answer itself',
    when: 'only for functions that KVM_ARM_VM_SMCCC_FILTER forwards (action 2)',
    see: [api('5 The kvm_run structure'), 'arch/arm64/kvm/hypercalls.c (v7.3)'],
  },
  KVM_EXIT_DEBUG: {
    what: 'the guest hit a breakpoint or a watchpoint, executed BRK, or made a single step',
    when: 'only after KVM_SET_GUEST_DEBUG asked for it; kvm_run.debug.arch has the syndrome',
    see: [api('4.87 KVM_SET_GUEST_DEBUG'), handleExit('kvm_handle_guest_debug')],
  },
  KVM_EXIT_MMIO: {
    what: 'the guest loaded from or stored to an address without memory: a device of the VMM answers',
    when: 'whenever no memory slot and no device of the kernel is at the address; the next KVM_RUN completes the access',
    try: [
      'leave kvm_run.exit_reason and the data of a store alone until the next KVM_RUN: the guest would repeat the access for ever',
    ],
    see: [api('5 The kvm_run structure'), ioMemAbort],
  },
  KVM_EXIT_FAIL_ENTRY: {
    what: 'KVM did not enter the guest',
    when: "the thread is on a CPU that the VM's PMU does not cover (hardware_entry_failure_reason is 1), the state of the guest is illegal (KVM_RUN fails with EINVAL), or the host is going down; the last two leave the reason of an earlier exit where it is",
    try: [
      'tsvmm explain CPU_UNSUPPORTED    # if hardware_entry_failure_reason is exactly 1',
      'take any other reason for the end of the VM',
    ],
    see: [arm('kvm_vcpu_exit_request'), handleExit('handle_exit')],
  },
  KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED: {
    what: "the vCPU's thread was on a CPU that the VM's PMU does not cover; kvm_run.fail_entry.cpu says on which",
    when: 'after KVM_ARM_VCPU_PMU_V3_SET_PMU, whenever the thread is elsewhere at KVM_RUN. Nothing of the guest is lost, but a first run that was refused has frozen the choice of the PMU',
    try: [
      'tsvmm run --pmu --vcpu-affinity CPUS …    # CPUs of one PMU',
      'move the thread to a CPU of the PMU and do KVM_RUN again, as --on-unsupported-cpu=repin does',
      'grep . /sys/bus/event_source/devices/*/{type,cpus}    # the PMUs of this host',
    ],
    see: [vcpuDoc('1.4'), arm('kvm_vcpu_exit_request')],
  },
  KVM_EXIT_INTR: {
    what: 'a signal ended KVM_RUN, which fails with EINTR',
    when: 'a signal was pending for the thread; immediate_exit ends KVM_RUN with EINTR as well',
    try: ['do KVM_RUN again unless the signal was meant to stop the vCPU'],
    see: [api('4.10 KVM_RUN'), 'include/linux/kvm_host.h, kvm_handle_signal_exit() (v7.3)'],
  },
  KVM_EXIT_INTERNAL_ERROR: {
    what: 'KVM met something it cannot handle',
    when: 'on arm64 an exception of the host CPU of a kind it does not know; suberror is not written then',
    try: ['sudo dmesg | grep -i kvm    # what the kernel says about it'],
    see: [handleExit('handle_exit')],
  },
  KVM_EXIT_SYSTEM_EVENT: {
    what: 'the guest asked by PSCI for power-off, reset or suspension; kvm_run.system_event.type says which',
    when: 'at the PSCI call; KVM has stopped all vCPUs of the VM for a power-off or a reset',
    see: [api('5 The kvm_run structure'), psci('kvm_prepare_system_event')],
  },
  KVM_EXIT_ARM_NISV: {
    what: 'the guest accessed an address without memory by an instruction the CPU does not decode for KVM, such as a load pair or one with write-back',
    when: 'only with KVM_CAP_ARM_NISV_TO_USER switched on, as tsvmm does; KVM_RUN fails with ENOSYS without',
    try: ['look at what the guest does there: a device access must be a plain load or store'],
    see: [api('5 The kvm_run structure'), ioMemAbort],
  },
  KVM_EXIT_DIRTY_RING_FULL: {
    what: 'the ring of dirty pages of this vCPU is full',
    when: 'only with KVM_CAP_DIRTY_LOG_RING_ACQ_REL switched on',
    try: ['collect the entries, then do KVM_RESET_DIRTY_RINGS'],
    see: ['virt/kvm/dirty_ring.c, kvm_dirty_ring_check_request() (v7.3)'],
  },
  KVM_EXIT_MEMORY_FAULT: {
    what: 'KVM cannot give the guest the page it touched; kvm_run.memory_fault says where',
    when: 'with memory of KVM_CREATE_GUEST_MEMFD; KVM_RUN fails with EFAULT or EHWPOISON at the same time',
    see: [
      api('5 The kvm_run structure'),
      'include/linux/kvm_host.h, kvm_prepare_memory_fault_exit() (v7.3)',
    ],
  },
  KVM_EXIT_ARM_SEA: {
    what: 'an access of the guest ended in a synchronous external abort: broken memory, for instance',
    when: 'only with KVM_CAP_ARM_SEA_TO_USER switched on, and if the host does not deal with it',
    see: ['arch/arm64/kvm/mmu.c, kvm_handle_guest_sea() (v7.3)'],
  },
  KVM_EXIT_ARM_LDST64B: {
    what: 'the guest used a load or store of 64 bytes (LD64B, ST64B) on an address without memory',
    when: 'on hosts with FEAT_LS64; kvm_run.arm_nisv has the address and the syndrome',
    see: [ioMemAbort],
  },

  KVM_SYSTEM_EVENT_SHUTDOWN: {
    what: 'the guest powered itself off: PSCI SYSTEM_OFF',
    see: [psci('kvm_psci_system_off')],
  },
  KVM_SYSTEM_EVENT_RESET: {
    what: 'the guest asked for a reset: PSCI SYSTEM_RESET or SYSTEM_RESET2',
    see: [psci('kvm_psci_system_reset')],
  },
  KVM_SYSTEM_EVENT_CRASH: {
    what: 'the guest said that it crashed',
    when: 'on x86: nothing raises it on arm64, where a guest has pvpanic for that',
    see: [uapi],
  },
  KVM_SYSTEM_EVENT_WAKEUP: {
    what: 'there is something to do for a vCPU in KVM_MP_STATE_SUSPENDED',
    see: [arm('kvm_vcpu_suspend')],
  },
  KVM_SYSTEM_EVENT_SUSPEND: {
    what: 'the guest asked for suspension: PSCI SYSTEM_SUSPEND',
    when: 'only with KVM_CAP_ARM_SYSTEM_SUSPEND switched on',
    see: [psci('kvm_psci_system_suspend')],
  },

  KVM_INTERNAL_ERROR_EMULATION: { what: 'KVM could not emulate an instruction', see: [uapi] },
  KVM_INTERNAL_ERROR_SIMUL_EX: { what: 'unexpected exceptions at the same time', see: [uapi] },
  KVM_INTERNAL_ERROR_DELIVERY_EV: {
    what: 'an unexpected exit while an event was delivered to the guest',
    see: [uapi],
  },
  KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON: {
    what: 'the hardware gave a reason for the exit that KVM does not know',
    see: [uapi],
  },
}

/** Bits of KVM_ARM_VCPU_INIT, and the capability that announces each. */
export const FEATURE_NOTES: Readonly<Record<string, Note & { readonly capability?: string }>> = {
  KVM_ARM_VCPU_POWER_OFF: {
    what: 'the vCPU starts powered off and waits for PSCI CPU_ON',
    when: 'on all vCPUs but the first, usually',
  },
  KVM_ARM_VCPU_EL1_32BIT: {
    what: 'the kernel of the guest runs in AArch32',
    capability: 'KVM_CAP_ARM_EL1_32BIT',
  },
  KVM_ARM_VCPU_PSCI_0_2: {
    what: 'the guest has PSCI 0.2 or later, by which it starts CPUs and powers off',
    capability: 'KVM_CAP_ARM_PSCI_0_2',
  },
  KVM_ARM_VCPU_PMU_V3: {
    what: 'the guest has a PMU',
    when: 'KVM_RUN fails with EINVAL unless KVM_ARM_VCPU_PMU_V3_INIT was done on the vCPU; without STRICT the kernel takes the PMU of the CPU the calling thread is on',
    try: ['select the PMU with KVM_ARM_VCPU_PMU_V3_SET_PMU rather than by where a thread runs'],
    see: ['arch/arm64/kvm/pmu-emul.c, kvm_arm_set_default_pmu() (v7.3)'],
    capability: 'KVM_CAP_ARM_PMU_V3',
  },
  KVM_ARM_VCPU_SVE: {
    what: 'the guest has SVE',
    when: 'KVM_RUN fails with EPERM unless KVM_ARM_VCPU_FINALIZE was done on the vCPU',
    capability: 'KVM_CAP_ARM_SVE',
  },
  KVM_ARM_VCPU_PTRAUTH_ADDRESS: {
    what: 'the guest has pointer authentication of addresses',
    when: 'both PTRAUTH features or none',
    capability: 'KVM_CAP_ARM_PTRAUTH_ADDRESS',
  },
  KVM_ARM_VCPU_PTRAUTH_GENERIC: {
    what: 'the guest has pointer authentication of data',
    when: 'both PTRAUTH features or none',
    capability: 'KVM_CAP_ARM_PTRAUTH_GENERIC',
  },
  KVM_ARM_VCPU_HAS_EL2: {
    what: 'the guest has EL2 and can be a hypervisor itself',
    capability: 'KVM_CAP_ARM_EL2',
  },
  KVM_ARM_VCPU_HAS_EL2_E2H0: {
    what: "the guest's EL2 is one without VHE",
    when: 'together with KVM_ARM_VCPU_HAS_EL2 only',
    capability: 'KVM_CAP_ARM_EL2_E2H0',
  },
  KVM_ARM_VCPU_PMU_V3_STRICT: {
    what: 'the guest has no PMU by default: KVM_ARM_VCPU_PMU_V3_SET_PMU is a must, and PMMIR_EL1.SLOTS is that of the hardware',
    when: 'together with KVM_ARM_VCPU_PMU_V3 only; until SET_PMU, INIT and FILTER fail with ENXIO and SET_NR_COUNTERS with EINVAL. New in v7.3: older kernels answer ENOENT',
    try: ['tsvmm run --pmu-strict=on …'],
    capability: 'KVM_CAP_ARM_PMU_V3_STRICT',
  },
}

/** Where the features are documented. */
export const FEATURES_SEE = api('4.82 KVM_ARM_VCPU_INIT')

/** Device attributes, and groups of them; `order` is what the kernel punishes. */
export const ATTRIBUTE_NOTES: Readonly<
  Record<string, { readonly what: string; readonly order?: string }>
> = {
  KVM_ARM_VCPU_PMU_V3_IRQ: {
    what: "the INTID of the interrupt that this vCPU's PMU raises when a counter overflows",
    order:
      'once per vCPU, with an in-kernel GIC only: after KVM_CREATE_DEVICE of the GIC and KVM_ARM_VCPU_INIT, before KVM_ARM_VCPU_PMU_V3_INIT',
  },
  KVM_ARM_VCPU_PMU_V3_INIT: {
    what: "ends the set-up of this vCPU's PMU, without which a vCPU with a PMU does not run",
    order:
      'once per vCPU: after KVM_DEV_ARM_VGIC_CTRL_INIT and after everything else in this group, before the first KVM_RUN',
  },
  KVM_ARM_VCPU_PMU_V3_FILTER: {
    what: 'allows or denies the guest a range of events; the first filter decides about all events no filter names: the opposite of what it says. The cycle counter is event 0x11',
    order:
      'for the whole VM, as often as needed: after SET_PMU, before KVM_ARM_VCPU_PMU_V3_INIT and the first KVM_RUN',
  },
  KVM_ARM_VCPU_PMU_V3_SET_PMU: {
    what: 'selects the host PMU of the VM by its perf type, the number in /sys/bus/event_source/devices/<pmu>/type. From then on vCPUs run on the CPUs of that PMU only',
    order:
      'for the whole VM: after KVM_ARM_VCPU_INIT; before SET_NR_COUNTERS, which it undoes, before filters, KVM_ARM_VCPU_PMU_V3_INIT and the first KVM_RUN',
  },
  KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS: {
    what: 'how many event counters the guest sees: PMCR_EL0.N',
    order: 'for the whole VM: after SET_PMU, which undoes it, before KVM_ARM_VCPU_PMU_V3_INIT',
  },
  KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY: {
    what: 'gives the guest a PMU with the cycle counter only, which works on every CPU of the host',
    order: 'for the whole VM, instead of SET_PMU: before KVM_ARM_VCPU_PMU_V3_INIT and filters',
  },
  KVM_ARM_VCPU_TIMER_IRQ_VTIMER: {
    what: 'the INTID of the EL1 virtual timer: 27 unless set',
    order: 'for the whole VM: after KVM_CREATE_DEVICE of the GIC, before the first KVM_RUN',
  },
  KVM_ARM_VCPU_TIMER_IRQ_PTIMER: {
    what: 'the INTID of the EL1 physical timer: 30 unless set',
    order: 'for the whole VM: after KVM_CREATE_DEVICE of the GIC, before the first KVM_RUN',
  },
  KVM_ARM_VCPU_TIMER_IRQ_HVTIMER: {
    what: 'the INTID of the EL2 virtual timer: 28 unless set',
    order: 'for the whole VM: after KVM_CREATE_DEVICE of the GIC, before the first KVM_RUN',
  },
  KVM_ARM_VCPU_TIMER_IRQ_HPTIMER: {
    what: 'the INTID of the EL2 physical timer: 26 unless set',
    order: 'for the whole VM: after KVM_CREATE_DEVICE of the GIC, before the first KVM_RUN',
  },
  KVM_ARM_VCPU_PVTIME_IPA: {
    what: 'the guest address of the structure in which KVM counts the time stolen from this vCPU',
    order: 'once per vCPU: 64-byte aligned, in memory the VM has already',
  },
  KVM_ARM_VM_SMCCC_FILTER: {
    what: 'what becomes of a range of hypercalls: handled (0), denied (1) or forwarded to the VMM (2)',
    order: 'before the first KVM_RUN; ranges may not overlap',
  },
  KVM_VGIC_V2_ADDR_TYPE_DIST: {
    what: "the guest address of the GICv2's distributor, 4 KiB aligned",
    order: 'once, before the first KVM_RUN',
  },
  KVM_VGIC_V2_ADDR_TYPE_CPU: {
    what: "the guest address of the GICv2's CPU interface, 4 KiB aligned",
    order: 'once, before the first KVM_RUN',
  },
  KVM_VGIC_V3_ADDR_TYPE_DIST: {
    what: "the guest address of the GICv3's distributor, 64 KiB aligned",
    order: 'once, before the first KVM_RUN',
  },
  KVM_VGIC_V3_ADDR_TYPE_REDIST: {
    what: 'the guest address of one region for the redistributors of all vCPUs, 64 KiB aligned',
    order: 'once, before the first KVM_RUN; excludes KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION',
  },
  KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION: {
    what: 'one of several regions for redistributors: index, base and count in one number',
    order: 'in order of the index, before the first KVM_RUN; excludes KVM_VGIC_V3_ADDR_TYPE_REDIST',
  },
  KVM_VGIC_ITS_ADDR_TYPE: {
    what: 'the guest address of an ITS, 64 KiB aligned',
    order: 'once, before the guest uses it',
  },
  KVM_DEV_ARM_VGIC_GRP_NR_IRQS: {
    what: 'how many interrupts the GIC has, SGIs and PPIs included: a multiple of 32 from 64 to 992',
    order: 'once, before KVM_DEV_ARM_VGIC_CTRL_INIT',
  },
  KVM_DEV_ARM_VGIC_CTRL_INIT: {
    what: 'ends the set-up of the GIC, or of an ITS',
    order:
      'after all KVM_CREATE_VCPU, of which there can be no more then, and before KVM_ARM_VCPU_PMU_V3_INIT',
  },
  KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES: {
    what: 'writes which LPIs are pending into the tables of the guest',
    order: 'while no vCPU runs',
  },
  KVM_DEV_ARM_ITS_CTRL_RESET: { what: 'resets an ITS', order: 'while no vCPU runs' },
  KVM_DEV_ARM_VGIC_GRP_DIST_REGS: {
    what: 'a register of the distributor; the attribute is its offset',
    order: 'after KVM_DEV_ARM_VGIC_CTRL_INIT, while no vCPU runs',
  },
  KVM_DEV_ARM_VGIC_GRP_CPU_REGS: {
    what: "a register of the GICv2's CPU interface; the attribute is vCPU and offset",
    order: 'while no vCPU runs',
  },
  KVM_DEV_ARM_VGIC_GRP_REDIST_REGS: {
    what: 'a register of a redistributor; the attribute is the affinity of its vCPU and the offset',
    order: 'after KVM_DEV_ARM_VGIC_CTRL_INIT, while no vCPU runs',
  },
  KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS: {
    what: "a system register of the GICv3's CPU interface; the attribute is the affinity of its vCPU and the encoding",
    order: 'after KVM_DEV_ARM_VGIC_CTRL_INIT, while no vCPU runs',
  },
  KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO: {
    what: 'the levels of the input lines of 32 interrupts',
    order: 'after KVM_DEV_ARM_VGIC_CTRL_INIT, while no vCPU runs',
  },
  KVM_DEV_ARM_VGIC_GRP_ITS_REGS: {
    what: 'a register of an ITS; the attribute is its offset',
    order: 'while no vCPU runs',
  },
  KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ: {
    what: 'the INTID of the maintenance interrupt of a guest that is a hypervisor itself',
    order: 'before KVM_DEV_ARM_VGIC_CTRL_INIT',
  },
}

const vgicDoc = (file: string) => `Documentation/virt/kvm/devices/${file}.rst (v7.3)`

/** Devices that KVM_CREATE_DEVICE makes. */
export const DEVICE_NOTES: Readonly<Record<string, Note>> = {
  KVM_DEV_TYPE_VFIO: {
    what: 'tells KVM of the VFIO groups or files of devices that are passed through',
    see: [vgicDoc('vfio')],
  },
  KVM_DEV_TYPE_ARM_VGIC_V2: {
    what: 'a GICv2 for the guest, with 8 vCPUs at most',
    when: 'where the host has a GICv2, or a GICv3 that can pass for one',
    try: ['tsvmm probe gic'],
    see: [vgicDoc('arm-vgic')],
  },
  KVM_DEV_TYPE_ARM_VGIC_V3: {
    what: 'a GICv3 for the guest',
    when: 'where the host has one',
    try: ['tsvmm probe gic'],
    see: [vgicDoc('arm-vgic-v3')],
  },
  KVM_DEV_TYPE_ARM_VGIC_ITS: {
    what: 'an ITS for the guest, which makes interrupts of MSIs',
    when: 'beside a GICv3',
    try: ['tsvmm probe gic'],
    see: [vgicDoc('arm-vgic-its')],
  },
  KVM_DEV_TYPE_ARM_PV_TIME: {
    what: 'a number that is reserved: nothing is made by it',
    when: 'time that is stolen from a guest is told through KVM_ARM_VCPU_PVTIME_IPA instead',
    see: [uapi],
  },
  KVM_DEV_TYPE_ARM_VGIC_V5: {
    what: 'a GICv5 for the guest',
    when: 'where the host has one. The interrupt of the PMU is PPI 23, which KVM sets itself',
    try: ['tsvmm probe gic'],
    see: [vgicDoc('arm-vgic-v5')],
  },
}

/** What each ioctl does. */
export const REQUEST_NOTES: Readonly<Record<string, string>> = {
  KVM_GET_API_VERSION: 'the version of the interface, which is 12',
  KVM_CREATE_VM: 'makes a VM; the number is its IPA size in bits, or 0 for 40',
  KVM_CHECK_EXTENSION: 'asks for a capability: 0 means no',
  KVM_GET_VCPU_MMAP_SIZE: 'how many bytes of a vCPU fd to map for struct kvm_run',
  KVM_CREATE_VCPU: 'makes a vCPU with this id',
  KVM_GET_DIRTY_LOG: 'which pages of a memory slot were written to since it was asked last',
  KVM_SET_USER_MEMORY_REGION: "makes, changes or removes a slot of the guest's memory",
  KVM_SET_USER_MEMORY_REGION2: "a slot of the guest's memory, of a guest_memfd if wanted",
  KVM_CREATE_IRQCHIP: 'the old way to a GICv2; KVM_CREATE_DEVICE is the new one',
  KVM_IRQ_LINE: 'raises or lowers an interrupt line of the guest',
  KVM_REGISTER_COALESCED_MMIO: 'lets KVM collect stores to a range of addresses in a ring',
  KVM_UNREGISTER_COALESCED_MMIO: 'ends what KVM_REGISTER_COALESCED_MMIO began',
  KVM_SET_GSI_ROUTING: 'which interrupt or MSI a GSI of KVM_IRQFD stands for',
  KVM_IRQFD: 'lets an eventfd raise an interrupt of the guest',
  KVM_IOEVENTFD: 'lets a store of the guest signal an eventfd',
  KVM_ENABLE_CAP: 'switches a capability on',
  KVM_SIGNAL_MSI: 'sends the guest an MSI',
  KVM_ARM_SET_DEVICE_ADDR: 'the old way to place the frames of a GICv2',
  KVM_ARM_PREFERRED_TARGET: 'the target and features to give to KVM_ARM_VCPU_INIT',
  KVM_ARM_MTE_COPY_TAGS: "copies memory tags to or from the guest's memory",
  KVM_ARM_SET_COUNTER_OFFSET: 'what the counter of the guest differs from that of the host by',
  KVM_ARM_GET_REG_WRITABLE_MASKS: 'which bits of the ID registers a VMM may change',
  KVM_CLEAR_DIRTY_LOG: 'forgets that some pages of a memory slot were written to',
  KVM_RESET_DIRTY_RINGS: 'gives collected entries of the dirty rings back to KVM',
  KVM_SET_MEMORY_ATTRIBUTES: "marks ranges of the guest's memory as private or shared",
  KVM_CREATE_GUEST_MEMFD: 'memory for the guest that the VMM does not map by itself',
  KVM_CREATE_DEVICE: 'makes a device of the kernel for the VM: a GIC, an ITS',
  KVM_RUN: 'runs the guest on this vCPU until it exits; struct kvm_run says why it did',
  KVM_SET_SIGNAL_MASK: 'which signals are blocked during KVM_RUN',
  KVM_GET_MP_STATE: 'whether the vCPU runs, is powered off or is suspended',
  KVM_SET_MP_STATE: 'lets the vCPU run, powers it off or suspends it',
  KVM_SET_GUEST_DEBUG: 'breakpoints, watchpoints and single steps in the guest',
  KVM_GET_VCPU_EVENTS: 'the SError the vCPU has pending',
  KVM_SET_VCPU_EVENTS: 'injects an SError or an external abort',
  KVM_GET_ONE_REG: 'reads a register of the vCPU',
  KVM_SET_ONE_REG: 'writes a register of the vCPU',
  KVM_ARM_VCPU_INIT: 'resets the vCPU and says which features it has, the same on all vCPUs',
  KVM_GET_REG_LIST: 'the ids of all registers of the vCPU',
  KVM_ARM_VCPU_FINALIZE: 'ends the set-up of a feature: SVE',
  KVM_GET_STATS_FD: 'an fd to read statistics from',
  KVM_SET_DEVICE_ATTR: 'sets an attribute of a VM, a vCPU or a device',
  KVM_GET_DEVICE_ATTR: 'reads an attribute of a VM, a vCPU or a device',
  KVM_HAS_DEVICE_ATTR:
    'whether there is the attribute, here and now: those of the PMU only after KVM_ARM_VCPU_INIT with KVM_ARM_VCPU_PMU_V3; ENXIO means no',
}

/** Capabilities that say more than that an ioctl or a feature is there. */
export const CAPABILITY_NOTES: Readonly<Record<string, string>> = {
  KVM_CAP_IRQCHIP: 'there is an in-kernel GIC',
  KVM_CAP_NR_VCPUS: 'how many vCPUs a VM should have at most',
  KVM_CAP_MAX_VCPUS: 'how many vCPUs a VM can have; on a VM with a GICv2 8',
  KVM_CAP_MAX_VCPU_ID: 'the ids of vCPUs are below this number',
  KVM_CAP_NR_MEMSLOTS: 'how many memory slots a VM can have',
  KVM_CAP_INTERNAL_ERROR_DATA: 'KVM_EXIT_INTERNAL_ERROR comes with data',
  KVM_CAP_READONLY_MEM: 'memory slots can be read-only: stores exit with KVM_EXIT_MMIO',
  KVM_CAP_ARM_PSCI: 'the guest can have PSCI',
  KVM_CAP_VM_ATTRIBUTES: 'VM fds take KVM_SET_DEVICE_ATTR',
  KVM_CAP_VCPU_ATTRIBUTES: 'vCPU fds take KVM_SET_DEVICE_ATTR',
  KVM_CAP_CHECK_EXTENSION_VM: 'VM fds take KVM_CHECK_EXTENSION',
  KVM_CAP_GUEST_DEBUG_HW_BPS: 'how many hardware breakpoints the host has',
  KVM_CAP_GUEST_DEBUG_HW_WPS: 'how many hardware watchpoints the host has',
  KVM_CAP_SET_GUEST_DEBUG2: 'the control bits KVM_SET_GUEST_DEBUG takes',
  KVM_CAP_ARM_PMU_V3: 'the host has a PMU that KVM can use for guests',
  KVM_CAP_ARM_PMU_V3_STRICT:
    'the PMU can be had without a default: KVM_ARM_VCPU_PMU_V3_STRICT. New in v7.3',
  KVM_CAP_MSI_DEVID: 'MSIs need a device id, for an ITS. Ask on a VM fd: /dev/kvm answers EINVAL',
  KVM_CAP_IMMEDIATE_EXIT: 'kvm_run.immediate_exit ends KVM_RUN before it enters the guest',
  KVM_CAP_ARM_USER_IRQ:
    'without an in-kernel GIC, the timers and the PMU are reported in kvm_run.s.regs.device_irq_level',
  KVM_CAP_ARM_VM_IPA_SIZE: 'the largest IPA size in bits for KVM_CREATE_VM, or 0 where it is 40',
  KVM_CAP_ARM_NISV_TO_USER: 'KVM_EXIT_ARM_NISV instead of ENOSYS, if switched on',
  KVM_CAP_ARM_INJECT_EXT_DABT: 'KVM_SET_VCPU_EVENTS can inject an external data abort',
  KVM_CAP_ARM_INJECT_SERROR_ESR: 'KVM_SET_VCPU_EVENTS can inject an SError with a syndrome',
  KVM_CAP_ARM_IRQ_LINE_LAYOUT_2: 'KVM_IRQ_LINE takes vCPUs beyond 255',
  KVM_CAP_STEAL_TIME: 'the guest can be told the time stolen from it: KVM_ARM_VCPU_PVTIME_IPA',
  KVM_CAP_PTP_KVM: 'the guest can ask for the time of the host',
  KVM_CAP_SYSTEM_EVENT_DATA: 'KVM_EXIT_SYSTEM_EVENT comes with data',
  KVM_CAP_ARM_SYSTEM_SUSPEND: 'PSCI SYSTEM_SUSPEND exits to the VMM, if switched on',
  KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED:
    'device memory can be mapped cacheable. Ask on a VM fd: /dev/kvm answers EINVAL',
  KVM_CAP_ARM_SEA_TO_USER: 'KVM_EXIT_ARM_SEA instead of an SError, if switched on',
  KVM_CAP_ARM_WRITABLE_IMP_ID_REGS:
    'MIDR_EL1, REVIDR_EL1 and AIDR_EL1 can be written, if switched on',
}
