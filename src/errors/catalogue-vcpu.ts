import type { CatalogueEntry, Rows } from './catalogue.ts'

/* What vCPUs are asked, but for their PMU: arch/arm64/kvm/arm.c, arch_timer.c, pvtime.c, guest.c. */

const api = (section: string) => `Documentation/virt/kvm/api.rst, ${section} (v7.3)`
const vcpuDoc = (section: string) => `Documentation/virt/kvm/devices/vcpu.rst, ${section} (v7.3)`
const arm = (name: string) => `arch/arm64/kvm/arm.c, ${name}() (v7.3)`

const NOT_INITIALISED: CatalogueEntry = {
  why: 'the vCPU was not initialised',
  try: ['do KVM_ARM_VCPU_INIT first'],
  see: [arm('kvm_arch_vcpu_ioctl')],
}

const BAD_POINTER: CatalogueEntry = {
  why: 'the kernel cannot read or write the payload at the address it was given',
  try: ['report it: addresses are never taken from the user'],
}

const timer = {
  EINVAL: {
    why: 'the VM has no in-kernel GIC, or the number is no PPI (16 to 31)',
    try: [
      'create the GIC first',
      'leave the timers at 27, 30, 28 and 26, where guests expect them',
    ],
    see: [vcpuDoc('2.1'), 'arch/arm64/kvm/arch_timer.c, kvm_arm_timer_set_attr() (v7.3)'],
  },
  EBUSY: {
    why: 'a vCPU has run, which freezes the interrupts of the timers of the whole VM',
    try: ['set them before the first KVM_RUN'],
    see: [vcpuDoc('2.1'), 'arch/arm64/kvm/arch_timer.c, kvm_arm_timer_set_attr() (v7.3)'],
  },
  ENXIO: {
    why: 'this kernel does not know the timer',
    try: ['leave the timers of EL2 alone on kernels without nested virtualization'],
    see: ['arch/arm64/kvm/arch_timer.c, kvm_arm_timer_set_attr() (v7.3)'],
  },
  EFAULT: BAD_POINTER,
}

export const vcpuRows = (): Rows => ({
  KVM_ARM_VCPU_INIT: {
    ENOENT: {
      why: 'this kernel does not know one of the feature bits: KVM_ARM_VCPU_PMU_V3_STRICT needs v7.3',
      try: ['ask KVM_CHECK_EXTENSION for the capability of each feature first'],
      see: [api('4.82 KVM_ARM_VCPU_INIT'), arm('kvm_vcpu_init_check_features')],
    },
    EINVAL: {
      why: 'the host lacks one of the features, or they exclude each other, or they differ from those of an earlier vCPU of the VM, or the target is not KVM_ARM_TARGET_GENERIC_V8',
      try: [
        'give every vCPU the same features; both PTRAUTH bits or none; PMU_V3 with PMU_V3_STRICT',
        'take the target from KVM_ARM_PREFERRED_TARGET',
        'sudo dmesg | grep -i -e kvm -e pmu    # whether the host has a PMU at all',
      ],
      see: [api('4.82 KVM_ARM_VCPU_INIT'), arm('kvm_vcpu_set_target')],
    },
    ENODEV: {
      why: 'the guest was to have a PMU, and the CPU the calling thread is on has none that KVM can use',
      try: [
        'grep . /sys/bus/event_source/devices/*/{type,cpus}    # the PMUs of this host',
        'use KVM_ARM_VCPU_PMU_V3_STRICT, which takes no default PMU, or no PMU',
      ],
      see: ['arch/arm64/kvm/pmu-emul.c, kvm_arm_set_default_pmu() (v7.3)'],
    },
  },
  KVM_ARM_VCPU_FINALIZE: {
    ENOEXEC: NOT_INITIALISED,
    EPERM: {
      why: 'the feature is finalised already',
      see: [api('4.119 KVM_ARM_VCPU_FINALIZE'), 'arch/arm64/kvm/reset.c (v7.3)'],
    },
    EINVAL: {
      why: 'the vCPU does not have the feature, or there is nothing to finalise in it',
      try: ['ask for KVM_ARM_VCPU_SVE in KVM_ARM_VCPU_INIT'],
      see: [api('4.119 KVM_ARM_VCPU_FINALIZE'), 'arch/arm64/kvm/reset.c (v7.3)'],
    },
  },
  KVM_RUN: {
    ENOEXEC: {
      why: 'the vCPU was not initialised, or the guest jumped to an address that is not memory',
      try: [
        'do KVM_ARM_VCPU_INIT on every vCPU',
        'check where the image is loaded and where it starts',
      ],
      see: [api('4.10 KVM_RUN'), arm('kvm_arch_vcpu_run_pid_change')],
    },
    EPERM: {
      why: 'the vCPU has SVE, which was not finalised',
      try: ['do KVM_ARM_VCPU_FINALIZE with KVM_ARM_VCPU_SVE before the first run'],
      see: [api('4.10 KVM_RUN'), arm('kvm_arch_vcpu_run_pid_change')],
    },
    EINVAL: {
      why: 'before the first run: the vCPU has the PMU feature and its PMU was not initialised, or interrupts of the PMU, the timers or the frames of the GIC clash; later: the guest made an illegal exception return',
      try: [
        'do KVM_ARM_VCPU_PMU_V3_INIT on every vCPU with the PMU feature',
        'check the INTIDs (PMU 23, timers 26, 27, 28, 30) and the addresses of the GIC',
      ],
      see: [
        arm('kvm_arch_vcpu_run_pid_change'),
        'arch/arm64/kvm/pmu-emul.c, kvm_arm_pmu_v3_enable() (v7.3)',
        'arch/arm64/kvm/handle_exit.c (v7.3)',
      ],
    },
    ENXIO: {
      why: 'an address of the GIC is not set: its distributor, or the redistributor of a vCPU',
      try: ['set the addresses of the GIC, with room for the redistributors of all vCPUs'],
      see: ['arch/arm64/kvm/vgic/vgic-v3.c, vgic_v3_map_resources() (v7.3)'],
    },
    EBUSY: {
      why: 'the GICv3 was created and not initialised',
      try: ['do KVM_DEV_ARM_VGIC_CTRL_INIT before the first run'],
      see: ['arch/arm64/kvm/vgic/vgic-v3.c, vgic_v3_map_resources() (v7.3)'],
    },
    ENOSYS: {
      why: 'the guest accessed an address without memory by an instruction KVM cannot decode for us',
      try: ['look at what the guest does there: a device access must be a plain load or store'],
      see: [api('4.10 KVM_RUN'), 'arch/arm64/kvm/mmio.c, io_mem_abort() (v7.3)'],
    },
    EFAULT: {
      why: 'the memory behind a page of the guest is gone',
      try: [
        'keep guest memory mapped as long as the VM lives; check for a file that was truncated',
      ],
      see: [api('4.10 KVM_RUN'), 'arch/arm64/kvm/mmu.c (v7.3)'],
    },
    ENOMEM: {
      why: 'the host has no memory left for a page of the guest',
      try: ['give the guest less memory, or raise the memory limit of the cgroup'],
      see: ['arch/arm64/kvm/mmu.c (v7.3)'],
    },
    EIO: {
      why: 'the VM is dead, after its first run could not set up the GIC, or it belongs to another process',
      try: ['make a new VM; look at the error of the first run'],
      see: ['virt/kvm/kvm_main.c, kvm_vcpu_ioctl() (v7.3)'],
    },
  },
  KVM_GET_REG_LIST: {
    ENOEXEC: NOT_INITIALISED,
    EPERM: {
      why: 'the vCPU has SVE, which was not finalised',
      try: ['do KVM_ARM_VCPU_FINALIZE with KVM_ARM_VCPU_SVE first'],
      see: [arm('kvm_arch_vcpu_ioctl')],
    },
  },
  KVM_GET_ONE_REG: {
    ENOEXEC: NOT_INITIALISED,
    ENOENT: {
      why: 'the vCPU has no such register: its features, or this kernel, do without it',
      try: ['see what KVM_GET_REG_LIST lists'],
      see: [api('4.69 KVM_GET_ONE_REG')],
    },
    EINVAL: {
      why: 'the id is none of arm64, or of another width than the register',
      see: [api('4.69 KVM_GET_ONE_REG'), 'arch/arm64/kvm/guest.c (v7.3)'],
    },
  },
  KVM_SET_ONE_REG: {
    ENOEXEC: NOT_INITIALISED,
    ENOENT: {
      why: 'the vCPU has no such register: its features, or this kernel, do without it',
      try: ['see what KVM_GET_REG_LIST lists'],
      see: [api('4.68 KVM_SET_ONE_REG')],
    },
    EINVAL: {
      why: 'the register does not take this value: an ID register, for instance, only less than the host has',
      see: [api('4.68 KVM_SET_ONE_REG'), 'arch/arm64/kvm/guest.c (v7.3)'],
    },
    EPERM: {
      why: 'it is too late: SVE is finalised',
      see: [api('4.68 KVM_SET_ONE_REG')],
    },
    EBUSY: {
      why: 'it is too late: the VM has run',
      try: ['set ID and firmware registers before the first KVM_RUN'],
      see: [api('4.68 KVM_SET_ONE_REG')],
    },
  },
  KVM_SET_MP_STATE: {
    EINVAL: {
      why: 'arm64 knows the states RUNNABLE (0), STOPPED (5) and SUSPENDED (10)',
      see: [api('4.39 KVM_SET_MP_STATE'), arm('kvm_arch_vcpu_ioctl_set_mpstate')],
    },
  },
  KVM_SET_GUEST_DEBUG: {
    EINVAL: {
      why: 'this kernel does not know one of the control bits',
      try: ['ask for KVM_CAP_SET_GUEST_DEBUG2, whose answer are the bits it takes'],
      see: [api('4.87 KVM_SET_GUEST_DEBUG'), 'arch/arm64/kvm/guest.c (v7.3)'],
    },
  },
  'KVM_ARM_VCPU_TIMER_CTRL/IRQ_VTIMER': timer,
  'KVM_ARM_VCPU_TIMER_CTRL/IRQ_PTIMER': timer,
  'KVM_ARM_VCPU_TIMER_CTRL/IRQ_HVTIMER': timer,
  'KVM_ARM_VCPU_TIMER_CTRL/IRQ_HPTIMER': timer,
  'KVM_ARM_VCPU_PVTIME_CTRL/IPA': {
    ENXIO: {
      why: 'the host kernel does not account the waiting of its threads, which is what stolen time is',
      try: ['do without stolen time, or with another host kernel'],
      see: [vcpuDoc('3.1'), 'arch/arm64/kvm/pvtime.c (v7.3)'],
    },
    EINVAL: {
      why: 'the address is not 64-byte aligned or not in guest memory',
      see: [vcpuDoc('3.1'), 'arch/arm64/kvm/pvtime.c (v7.3)'],
    },
    EEXIST: {
      why: 'the address is set on this vCPU already',
      see: [vcpuDoc('3.1'), 'arch/arm64/kvm/pvtime.c (v7.3)'],
    },
    EFAULT: BAD_POINTER,
  },
})
