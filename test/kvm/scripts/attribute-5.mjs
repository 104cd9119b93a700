/**
 * Runs in the emulated host (CPU 0 and CPU 2 of different PMUs): drives attribute 5 of
 * KVM_ARM_VCPU_PMU_V3_CTRL, each argument a sequence of steps on a VM of its own, with two vCPUs and
 * no GIC. Prints as JSON what each step answered: 0, the name of an errno, or what it says below.
 *
 *   node attribute-5.mjs "has set get n" "filter set" …
 */
import { spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'

const load = name => import(`/opt/tsvmm/dist/${name}.js`)
const { IoctlError } = await load('errors/index')
const { readHostPmus } = await load('host/index')
const { native } = await load('native/index')
const ioctl = await load('ioctl/index')
const { CORE_REGISTERS, SYSTEM_REGISTERS, VCPU_ATTRIBUTES } = ioctl

/** Writes a window of the cycle counter, PMCR_EL0 and PMCEID0_EL0 | PMCEID1_EL0 to our MMIO, for ever. */
const GUEST = [
  0xd2a02011, // mov x17, #0x01000000
  0xd51befff, // msr pmccfiltr_el0, xzr
  0xd28008a0, // mov x0, #(LC | C | E)
  0xd51b9c00, // msr pmcr_el0, x0
  0xd2b00000, // mov x0, #(1 << 31)
  0xd51b9c20, // msr pmcntenset_el0, x0
  0xd5033fdf, // 1: isb
  0xd53b9d01, // mrs x1, pmccntr_el0
  0xd284e202, // mov x2, #10000
  0xf1000442, // 2: subs x2, x2, #1
  0x54ffffe1, // b.ne 2b
  0xd5033fdf, // isb
  0xd53b9d03, // mrs x3, pmccntr_el0
  0xcb010063, // sub x3, x3, x1
  0xf9000223, // str x3, [x17]
  0xd53b9c03, // mrs x3, pmcr_el0
  0xf9000623, // str x3, [x17, #8]
  0xd53b9cc3, // mrs x3, pmceid0_el0
  0xd53b9ce4, // mrs x4, pmceid1_el0
  0xaa040063, // orr x3, x3, x4
  0xf9000a23, // str x3, [x17, #16]
  0x17fffff1, // b 1b
]
/** Writes now and then how often two readings of the cycle counter, 1000 turns apart, were the same. */
const WALKING_GUEST = [
  ...GUEST.slice(0, 6),
  0xd2800005, // mov x5, #0
  0xd53b9d01, // mrs x1, pmccntr_el0
  0xd2800c86, // 1: mov x6, #100
  0xd2807d02, // 2: mov x2, #1000
  0xf1000442, // 3: subs x2, x2, #1
  0x54ffffe1, // b.ne 3b
  0xd5033fdf, // isb
  0xd53b9d03, // mrs x3, pmccntr_el0
  0xeb01007f, // cmp x3, x1
  0x9a8584a5, // cinc x5, x5, ls
  0xaa0303e1, // mov x1, x3
  0xf10004c6, // subs x6, x6, #1
  0x54fffee1, // b.ne 2b
  0xf9000225, // str x5, [x17]
  0x17fffff4, // b 1b
]
const KVM_RUN = 0xae80
const KVM_EXIT_MMIO = 6
const KVM_EXIT_FAIL_ENTRY = 9
const KVM_EXIT_INTR = 10
const EINTR = 4
const PAGE = 4096
const MOVES = 20
const WALKED = '/tmp/walked'

const { system } = native()
const pmus = readHostPmus()
const kvm = ioctl.KvmFd.open(system)
const allCpus = system.getAffinity(0)
const name = attr => VCPU_ATTRIBUTES[`KVM_ARM_VCPU_PMU_V3_${attr}`]
const withValue = { ...name('FIXED_COUNTERS_ONLY'), payload: name('IRQ').payload }

/** Step → what it does; a step like `run:2` is `run` with the argument 2. */
const steps = {
  has: ({ vcpu }) => (vcpu.hasDeviceAttr(name('FIXED_COUNTERS_ONLY')) ? 0 : 'ENXIO'),
  set: ({ vcpu }) => vcpu.setDeviceAttr(name('FIXED_COUNTERS_ONLY')),
  get: ({ vcpu }) => vcpu.getDeviceAttr(name('FIXED_COUNTERS_ONLY')),
  /** With an address of an `unsigned int`. */
  'set-value': ({ vcpu }, value) => vcpu.setDeviceAttr(withValue, Number(value)),
  /** SET_PMU, the PMU of this CPU; of 99: none. */
  pmu: ({ vcpu }, cpu) => vcpu.setDeviceAttr(name('SET_PMU'), typeOf(Number(cpu))),
  /** Denies one event. */
  filter: ({ vcpu }, event) =>
    vcpu.setDeviceAttr(name('FILTER'), { base_event: Number(event), nevents: 1, action: 1 }),
  init: ({ vcpu }) => vcpu.setDeviceAttr(name('INIT')),
  /** PMCR_EL0.N: a number. */
  n: ({ vcpu }) => Number((vcpu.getOneReg(SYSTEM_REGISTERS.PMCR_EL0) >> 11n) & 0x1fn),
  'set-n': ({ vcpu }, n) => vcpu.setOneReg(SYSTEM_REGISTERS.PMCR_EL0, BigInt(n) << 11n),
  /** A window of the guest on this CPU: `counts`, `stands still` or `refused`. */
  run: (vm, cpu) => onCpu(Number(cpu), () => verdict(turn(vm))),
  /** What the guest reads: PMCR_EL0.N, and whether PMCEID0 and 1 are zero. */
  sees: vm => {
    const { pmcr, pmceid } = turn(vm)
    return { n: Number((pmcr >> 11n) & 0x1fn), pmceid: pmceid === 0n ? 'zero' : 'more' }
  },
  /** Of the walking guest: `counts` if no two readings of the counter were ever the same. */
  walk,
}

function typeOf(cpu) {
  return pmus.find(({ cpus }) => cpus.includes(cpu))?.type ?? 12345
}

function onCpu(cpu, action) {
  if (system.setAffinity(0, [cpu]) < 0) throw new Error(`there is no CPU ${cpu}`)
  try {
    return action()
  } finally {
    system.setAffinity(0, allCpus)
  }
}

/** What the guest writes next, or nothing if it is not let in. */
function nextWrite({ vcpu, run }) {
  for (;;) {
    const result = system.ioctl(vcpu.fd, KVM_RUN, 0)
    const reason = run.readU32(8)
    // Without a GIC, KVM comes back to tell the level of the vCPU's timer lines.
    if (result === -EINTR && reason === KVM_EXIT_INTR) continue
    if (result < 0) throw new IoctlError({ request: 'KVM_RUN', on: 'vcpu', errno: -result })
    if (reason === KVM_EXIT_FAIL_ENTRY && run.readU64(32) === 1n) return undefined
    if (reason !== KVM_EXIT_MMIO) throw new Error(`exit ${reason}`)
    return { place: Number(run.readU64(32) & 0xffn), value: run.readU64(40) }
  }
}

/** What the guest writes in one turn that begins now, or nothing if it is not let in. */
function turn(vm) {
  const written = {}
  // The write that comes first may be of what the guest saw elsewhere.
  for (let begun = 0; begun < 2;) {
    const write = nextWrite(vm)
    if (write === undefined) return undefined
    if (write.place === 0) begun++
    written[['cycles', 'pmcr', 'pmceid'][write.place / 8]] = write.value
  }
  return written
}

/** Runs the walking guest while somebody else moves our thread between CPU 0 and CPU 2. */
function walk(vm) {
  const script = `for time in $(seq ${MOVES}); do
      taskset -p $((time % 2 ? 4 : 1)) ${process.pid}; usleep 30000
    done >/dev/null; touch ${WALKED}`
  rmSync(WALKED, { force: true })
  spawn('sh', ['-c', script], { stdio: 'inherit' })
  let stops
  while (!existsSync(WALKED)) stops = nextWrite(vm).value
  system.setAffinity(0, allCpus)
  return stops === 0n ? 'counts' : 'stands still'
}

function verdict(written) {
  if (written === undefined) return 'refused'
  return written.cycles > 0n ? 'counts' : 'stands still'
}

/** A VM with two vCPUs whose default PMU is that of CPU 0, if its features include one. */
function createVm(features, guest) {
  const vm = kvm.createVm()
  const memory = system.mmap({ length: PAGE })
  memory.writeBytes(0, Buffer.from(new Uint32Array(guest).buffer))
  const region = { slot: 0, guest_phys_addr: 0x8000_0000n, memory_size: BigInt(PAGE) }
  vm.setUserMemoryRegion({ ...region, userspace_addr: memory.address })
  const { target } = vm.armPreferredTarget()
  const vcpus = [0, 1].map(id => {
    const vcpu = vm.createVcpu(id)
    onCpu(0, () => vcpu.init({ target, features: ioctl.featureWords(features) }))
    vcpu.setOneReg(CORE_REGISTERS.PC(), region.guest_phys_addr)
    return { vcpu, run: vcpu.mmapRun(kvm.getVcpuMmapSize()) }
  })
  // A mapping that is left keeps its VM alive, and so the host's counters that back its counters.
  const mappings = [...vcpus.map(({ run }) => run), memory]
  const close = () => {
    for (const mapping of mappings) mapping.release()
    for (const fd of [...vcpus.map(({ vcpu }) => vcpu), vm]) fd.close()
  }
  return { vcpus, close }
}

/** A step on the first vCPU, or on the other if it begins with `2nd.`. */
function perform(vcpus, step) {
  const [, second, what, argument] = /^(2nd\.)?([^:]+)(?::(.*))?$/.exec(step)
  try {
    return steps[what](vcpus[second === undefined ? 0 : 1], argument) ?? 0
  } catch (error) {
    if (error instanceof IoctlError) return error.errnoName
    throw error
  }
}

/** Words a sequence may begin with. */
const kinds = {
  'with-pmu': { features: ['KVM_ARM_VCPU_PMU_V3'], guest: GUEST },
  'without-pmu': { features: [], guest: GUEST },
  walking: { features: ['KVM_ARM_VCPU_PMU_V3'], guest: WALKING_GUEST },
}

const answers = process.argv.slice(2).map(sequence => {
  const words = sequence.split(' ')
  const { features, guest } = kinds[words[0]] ?? kinds['with-pmu']
  const { vcpus, close } = createVm(features, guest)
  try {
    return words.filter(word => !(word in kinds)).map(step => perform(vcpus, step))
  } finally {
    close()
  }
})
console.log(JSON.stringify(answers))
