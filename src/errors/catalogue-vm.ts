import type { Rows } from './catalogue.ts'

/* /dev/kvm and VMs: virt/kvm/kvm_main.c, arch/arm64/kvm/{arm,mmu}.c. */

const api = (section: string) => `Documentation/virt/kvm/api.rst, ${section} (v7.3)`
const main = (name: string) => `virt/kvm/kvm_main.c, ${name}() (v7.3)`
const arm = (name: string) => `arch/arm64/kvm/arm.c, ${name}() (v7.3)`
const vgicCreate = 'arch/arm64/kvm/vgic/vgic-init.c, kvm_vgic_create() (v7.3)'

const MORE_MEMORY = 'free memory on the host, or raise the memory limit of the cgroup'

const NO_KVM = {
  why: 'the kernel has no KVM, or it was not started at EL2, as in most virtual machines',
  try: [
    'sudo dmesg | grep -i kvm    # what the kernel says about it',
    'tsvmm lab -- COMMAND …    # the same on an emulated arm64 host',
  ],
  see: ['arch/arm64/kvm/arm.c, kvm_arm_init() (v7.3)'],
}

const NO_ACCESS = {
  why: 'it takes read and write permission, which it usually gives to the group kvm',
  try: [
    'sudo usermod --append --groups kvm "$USER"    # then log in again',
    'docker run --device /dev/kvm …    # in a container',
  ],
}

export const vmRows = (): Rows => ({
  'open /dev/kvm': {
    ENOENT: NO_KVM,
    ENXIO: NO_KVM,
    ENODEV: NO_KVM,
    EACCES: NO_ACCESS,
    EPERM: {
      ...NO_ACCESS,
      why: 'the container, or its device cgroup, does not let this process use the device',
    },
  },
  KVM_CREATE_VM: {
    EINVAL: {
      why: 'the host cannot give the VM this IPA size; 0 asks for 40 bits, which is more than small hosts have',
      try: ['take the answer to KVM_CAP_ARM_VM_IPA_SIZE as the largest, and 32 as the smallest'],
      see: [api('4.2 KVM_CREATE_VM'), 'arch/arm64/kvm/mmu.c, kvm_init_ipa_range() (v7.3)'],
    },
    ENOMEM: {
      why: 'the kernel has no memory for the VM',
      try: [MORE_MEMORY],
      see: [main('kvm_create_vm')],
    },
    EMFILE: {
      why: 'this process has as many files open as it may',
      try: ['ulimit -n    # how many; raise it'],
      see: [main('kvm_dev_ioctl_create_vm')],
    },
    EBUSY: {
      why: 'the host is shutting down',
      see: [main('kvm_enable_virtualization')],
    },
  },
  KVM_CHECK_EXTENSION: {
    EINVAL: {
      why: 'this capability can be asked of a VM only, not of /dev/kvm',
      see: [api('4.4 KVM_CHECK_EXTENSION'), arm('kvm_vm_ioctl_check_extension')],
    },
  },
  KVM_CREATE_VCPU: {
    EEXIST: { why: 'the VM has a vCPU with this id', see: [main('kvm_vm_ioctl_create_vcpu')] },
    EINVAL: {
      why: 'the VM has as many vCPUs as its GIC or this host can serve, or the id is too large',
      try: ['ask KVM_CHECK_EXTENSION for KVM_CAP_MAX_VCPUS on the VM: 8 with a GICv2'],
      see: [api('4.7 KVM_CREATE_VCPU'), main('kvm_vm_ioctl_create_vcpu')],
    },
    EBUSY: {
      why: 'the GIC is initialised, which freezes the number of vCPUs',
      try: ['create all vCPUs before KVM_DEV_ARM_VGIC_CTRL_INIT'],
      see: [arm('kvm_arch_vcpu_precreate')],
    },
    ENOMEM: {
      why: 'the kernel has no memory for the vCPU',
      try: [MORE_MEMORY],
      see: [main('kvm_vm_ioctl_create_vcpu')],
    },
    EMFILE: {
      why: 'this process has as many files open as it may',
      try: ['ulimit -n    # how many; raise it'],
    },
  },
  KVM_SET_USER_MEMORY_REGION: {
    EINVAL: {
      why: 'an address or the size is not a multiple of the host page size, the slot or its flags do not exist, or an existing slot was to change in size or in where its memory is',
      try: ['getconf PAGESIZE    # align everything to it', 'delete a slot before changing it'],
      see: [api('4.35 KVM_SET_USER_MEMORY_REGION'), main('kvm_set_memory_region')],
    },
    EEXIST: {
      why: 'the range overlaps that of another slot',
      see: [api('4.35 KVM_SET_USER_MEMORY_REGION'), main('kvm_set_memory_region')],
    },
    EFAULT: {
      why: 'the range ends beyond the guest physical addresses of this VM',
      try: ['give the guest less memory, or create the VM with more IPA bits'],
      see: ['arch/arm64/kvm/mmu.c, kvm_arch_prepare_memory_region() (v7.3)'],
    },
    ENOMEM: {
      why: 'the kernel has no memory for the description of the slot',
      try: [MORE_MEMORY],
      see: [main('kvm_set_memory_region')],
    },
  },
  KVM_CREATE_DEVICE: {
    ENODEV: {
      why: 'this host has no such device for guests: a GICv3 takes a GICv3 in the host, a GICv2 one, or a GICv3 that can pass for one',
      try: ['sudo dmesg | grep -i vgic    # which GIC KVM offers', 'use the other GIC'],
      see: [api('4.79 KVM_CREATE_DEVICE'), main('kvm_ioctl_create_device')],
    },
    EEXIST: { why: 'the VM has a GIC already', see: [vgicCreate] },
    EBUSY: {
      why: 'a vCPU of the VM has run, or is in an ioctl at this moment',
      try: ['create the GIC before the first KVM_RUN'],
      see: [vgicCreate],
    },
    E2BIG: {
      why: 'the VM has more vCPUs than this GIC can serve: a GICv2 has 8 at most',
      try: ['use a GICv3, or 8 vCPUs'],
      see: [vgicCreate],
    },
    ENOMEM: {
      why: 'the kernel has no memory for the device',
      try: [MORE_MEMORY],
      see: [main('kvm_ioctl_create_device')],
    },
    EMFILE: {
      why: 'this process has as many files open as it may',
      try: ['ulimit -n    # how many; raise it'],
    },
  },
  KVM_CREATE_IRQCHIP: {
    ENXIO: { why: 'this host has no GIC that KVM can use', see: [arm('kvm_arch_vm_ioctl')] },
    ENODEV: {
      why: 'this host cannot give guests a GICv2',
      try: ['create a GICv3 with KVM_CREATE_DEVICE'],
      see: [vgicCreate],
    },
    EEXIST: { why: 'the VM has a GIC already', see: [vgicCreate] },
    EBUSY: { why: 'a vCPU of the VM has run, or is in an ioctl', see: [vgicCreate] },
  },
  KVM_ARM_SET_DEVICE_ADDR: {
    ENODEV: {
      why: 'the VM has no GICv2, or the id names no frame of it',
      see: [api('4.85 KVM_ARM_SET_DEVICE_ADDR')],
    },
    ENXIO: { why: 'this host has no GIC that KVM can use', see: [api('4.85')] },
    EEXIST: { why: 'the address is set already', see: [api('4.85 KVM_ARM_SET_DEVICE_ADDR')] },
    EINVAL: { why: 'the address is not 4 KiB aligned', see: [api('4.85 KVM_ARM_SET_DEVICE_ADDR')] },
    E2BIG: {
      why: 'the frame ends beyond the guest physical addresses of this VM',
      see: [api('4.85 KVM_ARM_SET_DEVICE_ADDR')],
    },
  },
  KVM_IRQ_LINE: {
    ENXIO: {
      why: 'SPIs and PPIs take an in-kernel GIC, and the inputs of a vCPU take none',
      see: [api('4.25 KVM_IRQ_LINE'), arm('kvm_vm_ioctl_irq_line')],
    },
    EINVAL: {
      why: 'there is no such vCPU, or the number is out of the range of its kind',
      try: ['number SPIs from 32 and PPIs from 16 to 31'],
      see: [api('4.25 KVM_IRQ_LINE'), arm('kvm_vm_ioctl_irq_line')],
    },
    EBUSY: {
      why: 'the GICv3 is not initialised',
      try: ['do KVM_DEV_ARM_VGIC_CTRL_INIT first'],
      see: ['arch/arm64/kvm/vgic/vgic-init.c, vgic_lazy_init() (v7.3)'],
    },
  },
  KVM_ENABLE_CAP: {
    EINVAL: {
      why: 'this capability cannot be switched on, its arguments are wrong, or it is too late for it',
      try: ['switch capabilities on right after KVM_CREATE_VM, before the first vCPU'],
      see: [api('7 Capabilities that can be enabled on VMs')],
    },
  },
  KVM_ARM_SET_COUNTER_OFFSET: {
    EBUSY: {
      why: 'a vCPU is running',
      try: ['set the offset before the first KVM_RUN'],
      see: [api('4.138 KVM_ARM_SET_COUNTER_OFFSET')],
    },
  },
  'KVM_ARM_VM_SMCCC_CTRL/FILTER': {
    EINVAL: {
      why: 'the range is empty or runs over the end, or the action is none of 0, 1, 2',
      see: ['Documentation/virt/kvm/devices/vm.rst, 6.1 (v7.3)'],
    },
    EBUSY: {
      why: 'the VM has run',
      try: ['set filters before the first KVM_RUN'],
      see: ['Documentation/virt/kvm/devices/vm.rst, 6.1 (v7.3)'],
    },
    EEXIST: {
      why: 'the range overlaps an earlier one, or the hypercalls KVM keeps for itself',
      see: ['Documentation/virt/kvm/devices/vm.rst, 6.1 (v7.3)'],
    },
    ENOMEM: {
      why: 'the kernel has no memory for the filter',
      try: [MORE_MEMORY],
      see: ['Documentation/virt/kvm/devices/vm.rst, 6.1 (v7.3)'],
    },
    ENXIO: { why: 'this kernel cannot filter hypercalls' },
    EFAULT: {
      why: 'the kernel cannot read the payload at the address it was given',
      try: ['report it: addresses are never taken from the user'],
    },
  },
})
