/**
 * What attaching a PMU costs as vCPUs grow: the ioctls and the time of one VM of n vCPUs beside
 * those of n VMs of one vCPU each, in turns within one process. Runs where there is an arm64
 * /dev/kvm; scripts/bench.mjs starts an emulated host elsewhere.
 *
 *   node attach.mjs PACKAGE
 */
const [packageRoot] = process.argv.slice(2)
const load = name => import(`${packageRoot}/dist/${name}.js`)
const { readHostPmus } = await load('host/index')
const { createGic, initializeGic, irqsFor } = await load('gic/gic')
const { featureWords, KvmFd } = await load('ioctl/index')
const { native, onCpus } = await load('native/index')
const { attachPmu } = await load('pmu/attach')

const ROUNDS = 5
let ioctls = 0
const DISTRIBUTOR = 0x3fff_0000n
const REDISTRIBUTOR_SIZE = 0x2_0000n

const { system } = native()
const ioctl = system.ioctl.bind(system)
system.ioctl = (...call) => {
  ioctls++
  return ioctl(...call)
}
const [pmu] = readHostPmus()
const kvm = KvmFd.open(system)
const most = kvm.checkExtension('KVM_CAP_MAX_VCPUS')
const median = list => [...list].sort((a, b) => a - b)[list.length >> 1]

console.log(
  `attaching ${pmu.name}, ${process.release.name} ${process.version}, at most ${most} vCPUs, ${ROUNDS} rounds`,
)
for (const vcpus of [1, 8, 64, 512].filter(count => count <= most)) {
  const one = []
  const many = []
  for (let round = 0; round < ROUNDS; round++) {
    one.push(
      Array.from({ length: Math.min(vcpus, 16) }, () => attach(1)).reduce((a, b) => a + b) /
        Math.min(vcpus, 16),
    )
    many.push(attach(vcpus) / vcpus)
  }
  console.log(
    `  ${String(vcpus).padStart(3)} vCPUs: ${(median(many) * 1000).toFixed(0).padStart(5)} µs per vCPU, ` +
      `${ioctls} ioctls, ${(median(many) / median(one)).toFixed(2)} of what it costs in a VM of its own`,
  )
}
console.log(`  peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`)

/** Milliseconds of `attachPmu` for a new VM of so many vCPUs. */
function attach(vcpus) {
  const vm = kvm.createVm()
  const redistributors = DISTRIBUTOR - BigInt(vcpus) * REDISTRIBUTOR_SIZE
  const gic = createGic(vm, { kind: 'gicv3', distributor: DISTRIBUTOR, redistributors })
  const fds = Array.from({ length: vcpus }, (_, id) => vm.createVcpu(id))
  try {
    const { target } = vm.armPreferredTarget()
    const features = featureWords(['KVM_ARM_VCPU_PSCI_0_2', 'KVM_ARM_VCPU_PMU_V3'])
    onCpus(system, pmu.cpus, () => fds.forEach(fd => fd.init({ target, features })))
    initializeGic(gic, irqsFor(0))
    ioctls = 0
    const start = performance.now()
    attachPmu(fds, {
      selection: { kind: 'host-pmu', type: pmu.type },
      interrupt: { kind: 'ppi', number: 7 },
    })
    return performance.now() - start
  } finally {
    for (const fd of [...fds, gic, vm]) fd.close()
  }
}
