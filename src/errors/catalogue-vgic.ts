import type { CatalogueEntry, Rows } from './catalogue.ts'

/* The virtual GIC: arch/arm64/kvm/vgic. */

const v3 = (section: string) => `Documentation/virt/kvm/devices/arm-vgic-v3.rst, ${section} (v7.3)`
const device = (name: string) => `arch/arm64/kvm/vgic/vgic-kvm-device.c, ${name}() (v7.3)`

const BAD_POINTER: CatalogueEntry = {
  why: 'the kernel cannot read or write the payload at the address it was given',
  try: ['report it: addresses are never taken from the user'],
}

const ALREADY_SET: CatalogueEntry = {
  why: 'this address of the GIC is set already, and it can be set only once',
  see: [device('vgic_check_iorange')],
}

const BEYOND_IPA: CatalogueEntry = {
  why: 'the frame ends beyond the guest physical addresses of this VM',
  try: ['place it lower, or create the VM with more IPA bits'],
  see: [device('vgic_check_iorange')],
}

const ANOTHER_GIC: CatalogueEntry = {
  why: 'this address belongs to another kind of GIC than the VM has',
  see: [device('kvm_vgic_addr')],
}

const NO_MEMORY_FOR_REGION: CatalogueEntry = {
  why: 'the kernel has no memory for the description of the region',
  try: ['free memory on the host, or raise the memory limit of the cgroup'],
  see: ['arch/arm64/kvm/vgic/vgic-mmio-v3.c, vgic_v3_set_redist_base() (v7.3)'],
}

/** @param alignment of the frame, as a person writes it */
const address = (alignment: string) => ({
  EEXIST: ALREADY_SET,
  EINVAL: {
    why: `the address is not ${alignment} aligned, or the frame overlaps another one of the GIC`,
    try: [`align it to ${alignment}, apart from the other frames`],
    see: [device('vgic_check_iorange')],
  },
  E2BIG: BEYOND_IPA,
  ENXIO: ANOTHER_GIC,
  EFAULT: BAD_POINTER,
})

const registers = {
  EBUSY: {
    why: 'a vCPU is running, or the GIC is not initialised',
    try: ['stop all vCPUs first', 'do KVM_DEV_ARM_VGIC_CTRL_INIT first'],
    see: [device('vgic_v3_attr_regs_access')],
  },
  EINVAL: {
    why: 'there is no vCPU with this affinity, or the register does not take this value',
    see: [device('vgic_v3_parse_attr')],
  },
  ENXIO: {
    why: 'KVM does not offer this register of the GIC, or the offset is not aligned to its width',
    see: [device('vgic_v3_has_attr')],
  },
  EFAULT: BAD_POINTER,
}

export const vgicRows = (): Rows => ({
  'KVM_DEV_ARM_VGIC_GRP_ADDR/KVM_VGIC_V2_ADDR_TYPE_DIST': address('4 KiB'),
  'KVM_DEV_ARM_VGIC_GRP_ADDR/KVM_VGIC_V2_ADDR_TYPE_CPU': address('4 KiB'),
  'KVM_DEV_ARM_VGIC_GRP_ADDR/KVM_VGIC_V3_ADDR_TYPE_DIST': address('64 KiB'),
  'KVM_DEV_ARM_VGIC_GRP_ADDR/KVM_VGIC_V3_ADDR_TYPE_REDIST': {
    ...address('64 KiB'),
    ENOMEM: NO_MEMORY_FOR_REGION,
  },
  'KVM_DEV_ARM_VGIC_GRP_ADDR/KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION': {
    E2BIG: BEYOND_IPA,
    ENXIO: ANOTHER_GIC,
    EFAULT: BAD_POINTER,
    EINVAL: {
      why: 'the base is not 64 KiB aligned, the count is 0, the index is not the next one, the region overlaps another frame, or the VM has a region of the other kind',
      try: ['set the regions in order of their index, and none by KVM_VGIC_V3_ADDR_TYPE_REDIST'],
      see: [v3('KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION')],
    },
    ENOENT: {
      why: 'there is no redistributor region with this index',
      see: [device('kvm_vgic_addr')],
    },
    ENOMEM: NO_MEMORY_FOR_REGION,
  },
  'KVM_DEV_ARM_VGIC_GRP_ADDR/KVM_VGIC_ITS_ADDR_TYPE': {
    EEXIST: ALREADY_SET,
    EINVAL: {
      why: 'the address is not 64 KiB aligned',
      see: [device('vgic_check_iorange')],
    },
    E2BIG: BEYOND_IPA,
    EFAULT: BAD_POINTER,
    ENODEV: {
      why: 'the ITS has this address only',
      see: ['arch/arm64/kvm/vgic/vgic-its.c, vgic_its_set_attr() (v7.3)'],
    },
  },
  KVM_DEV_ARM_VGIC_GRP_NR_IRQS: {
    EINVAL: {
      why: 'the number must be a multiple of 32 from 64 to 992 (the document says 1024, the code does not take it)',
      see: [device('vgic_set_common_attr')],
    },
    EBUSY: {
      why: 'the number is set already, or the GIC is initialised with its default of 256',
      try: ['set it once, before KVM_DEV_ARM_VGIC_CTRL_INIT'],
      see: [device('vgic_set_common_attr')],
    },
    EFAULT: BAD_POINTER,
  },
  'KVM_DEV_ARM_VGIC_GRP_CTRL/KVM_DEV_ARM_VGIC_CTRL_INIT': {
    EBUSY: {
      why: 'a vCPU is being created at this moment, by another thread',
      try: ['create all vCPUs first'],
      see: ['arch/arm64/kvm/vgic/vgic-init.c, vgic_init() (v7.3)'],
    },
    ENXIO: {
      why: 'the GIC is not configured as it has to be',
      see: [v3('KVM_DEV_ARM_VGIC_GRP_CTRL')],
    },
    ENOMEM: {
      why: 'the kernel has no memory for the state of the interrupts',
      try: ['free memory on the host, or raise the memory limit of the cgroup'],
      see: ['arch/arm64/kvm/vgic/vgic-init.c, kvm_vgic_dist_init() (v7.3)'],
    },
    EINVAL: {
      why: 'the kernel cannot set up the interrupts of this kind of GIC',
      see: ['arch/arm64/kvm/vgic/vgic-init.c, vgic_init() (v7.3)'],
    },
  },
  'KVM_DEV_ARM_VGIC_GRP_CTRL/KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES': {
    EBUSY: {
      why: 'a vCPU is running',
      try: ['stop all vCPUs first'],
      see: [v3('KVM_DEV_ARM_VGIC_GRP_CTRL')],
    },
    ENXIO: {
      why: 'the VM has no GICv3, or it is not initialised',
      see: [v3('KVM_DEV_ARM_VGIC_GRP_CTRL')],
    },
    EFAULT: {
      why: 'the pending tables of the guest are not in its memory',
      see: [v3('KVM_DEV_ARM_VGIC_GRP_CTRL')],
    },
  },
  'KVM_DEV_ARM_VGIC_GRP_CTRL/KVM_DEV_ARM_ITS_CTRL_RESET': {
    EBUSY: { why: 'a vCPU is running', try: ['stop all vCPUs first'] },
  },
  KVM_DEV_ARM_VGIC_GRP_DIST_REGS: registers,
  KVM_DEV_ARM_VGIC_GRP_CPU_REGS: registers,
  KVM_DEV_ARM_VGIC_GRP_REDIST_REGS: registers,
  KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS: registers,
  KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO: registers,
  KVM_DEV_ARM_VGIC_GRP_ITS_REGS: registers,
  KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ: {
    EBUSY: { why: 'the GIC is initialised', see: [device('vgic_v3_set_attr')] },
    EINVAL: { why: 'the number is no PPI (16 to 31)', see: [device('vgic_v3_set_attr')] },
    EFAULT: BAD_POINTER,
  },
})
