import type { ErrorCode } from './codes.ts'
import type { ExitName } from './exit-code.ts'
import type { Note } from './topics.ts'

/** When it happens and what to do; what it means stands in the tables of codes and statuses. */
export type Advice = Pick<Note, 'when' | 'try'>

const LAB = 'tsvmm lab -- COMMAND …    # the same on an emulated arm64 host'
const DOCTOR = 'tsvmm doctor    # what is in the way, and what to do'
const PROBE_PMUS = 'tsvmm probe pmus    # PMUs of the host, and what KVM says to each'
const AUTO = 'tsvmm run --pmu=auto …'
const REBUILD = 'npm run build:native'

/** Of the error codes people meet. An error itself knows more: it has the values. */
export const CODE_ADVICE: Readonly<Partial<Record<ErrorCode, Advice>>> = {
  TSVMM_USAGE: {
    when: 'before anything is touched: the sentence has the flag or the file, and its value',
    try: ['tsvmm help COMMAND'],
  },

  TSVMM_HOST_ARCH: {
    when: 'a command needs KVM of arm64, and this is an x86-64 machine, for instance',
    try: [LAB, 'tsvmm probe --from FILE    # look at a machine that was saved elsewhere'],
  },
  TSVMM_HOST_NO_KVM: {
    when: '/dev/kvm cannot be opened: ENOENT, ENODEV or ENXIO. The kernel was started at EL1 (in a VM, mostly), has no KVM, was booted with kvm-arm.mode=none, or a container has no such file',
    try: [DOCTOR, LAB],
  },
  TSVMM_HOST_KVM_ACCESS: {
    when: '/dev/kvm cannot be opened: EACCES or EPERM. The user is not in its group, or the session is older than that; or a container may not use the device',
    try: ['sudo usermod -aG kvm "$USER"    # then log in again', DOCTOR],
  },
  TSVMM_HOST_KVM_API: {
    when: '/dev/kvm is not the KVM of Linux, which has spoken version 12 since 2007',
    try: ['ls -l /dev/kvm'],
  },
  TSVMM_HOST_CAPABILITY: {
    when: 'KVM has no GIC for guests, for instance: the host needs a GICv3, or a GICv2 with virtualization registers; or something that was asked for, such as --sve-max-vl',
    try: [DOCTOR, 'sudo dmesg | grep -iE "kvm|vgic"'],
  },
  TSVMM_HOST_SHIM: {
    when: 'the package was copied from another machine, or its sources were changed and not built',
    try: [REBUILD],
  },
  TSVMM_HOST_FFI: {
    when: 'only with TSVMM_FFI=ffi-napi, a package that does not come with tsvmm',
    try: ['unset TSVMM_FFI'],
  },
  TSVMM_HOST_MEMORY: {
    when: 'mmap refused the RAM of the guest: more than the machine, its cgroup or ulimit -v allow; or more huge pages than are free (--hugepages)',
    try: ['tsvmm run --mem 64M …', 'free -m; ulimit -v'],
  },
  TSVMM_HOST_SYSFS: {
    when: 'a file below /sys or /proc that tells of CPUs or PMUs cannot be read or is not what the kernel writes; or a tree given with --sysroot was saved in part',
    try: ['mount | grep sysfs', 'tsvmm probe    # goes on, and says what is not right'],
  },
  TSVMM_HOST_NO_SPACE: {
    when: 'a file system is full, or a quota is: that of the cache directory of the lab, mostly',
    try: ['df -h', 'set XDG_CACHE_HOME to a directory on a larger file system'],
  },
  TSVMM_HOST_OUTPUT: {
    when: 'a file to write (--json, --save, --svg) or standard output fails: its directory is missing or read-only, or the disk is full',
    try: ['ls -ld DIRECTORY; df -h DIRECTORY'],
  },

  TSVMM_IMAGE_TOO_LARGE: {
    when: 'image, initrd and device tree have to fit into --mem',
    try: ['tsvmm run --mem 1G …'],
  },
  TSVMM_IMAGE_FORMAT: {
    when: 'it is a kernel for another architecture, or packed in a way that is not known here, or damaged, or for pages that the CPUs of this host do not have',
    try: ['file IMAGE', 'take the Image, Image.gz, vmlinuz or vmlinux of an arm64 kernel'],
  },

  TSVMM_PMU_NONE_ON_HOST: {
    when: 'no directory of /sys/bus/event_source/devices has a file cpus: no driver, no PMU in the device tree or ACPI tables, or a hypervisor keeps it',
    try: ['sudo dmesg | grep -i pmu', 'tsvmm run --pmu=off …'],
  },
  TSVMM_PMU_NO_COMMON: {
    when: 'the vCPUs may use several kinds of core, each with a PMU of its own, or CPUs that have none',
    try: [
      'tsvmm run --pmu --vcpu-affinity CPUS …    # CPUs of one PMU',
      'tsvmm run --pmu --pmu-fallback=pin …    # tsvmm chooses them',
      PROBE_PMUS,
    ],
  },
  TSVMM_PMU_UNSUPPORTED: {
    when: 'KVM_CAP_ARM_PMU_V3 is 0: not every core has PMUv3, or the kernel has no driver for it',
    try: [DOCTOR, 'tsvmm run --pmu=off …'],
  },
  TSVMM_PMU_UNKNOWN: {
    when: '--pmu=NAME or --pmu=TYPE names none of the directories of /sys/bus/event_source/devices that have CPUs',
    try: [PROBE_PMUS],
  },
  TSVMM_PMU_LOTTERY: {
    when: '--pmu=default, and the vCPUs may use CPUs of several PMUs: KVM takes that of the CPU on which the first vCPU is made',
    try: [AUTO, 'tsvmm run --pmu=default --vcpu-affinity CPUS …    # CPUs of one PMU'],
  },
  TSVMM_PMU_NO_FIXED: {
    when: '--pmu=fixed, and KVM does not have KVM_ARM_VCPU_PMU_V3_FIXED_COUNTERS_ONLY, which no released kernel has',
    try: [AUTO, 'tsvmm lab --host-kernel fco -- run --pmu=fixed …'],
  },
  TSVMM_PMU_COUNTERS: {
    when: '--pmu-counters asks for more than the PMU has, or KVM is older than SET_NR_COUNTERS (6.16)',
    try: [PROBE_PMUS, 'leave --pmu-counters out'],
  },
  TSVMM_PMU_FILTER: {
    when: '--pmu-filter, and KVM is older than KVM_ARM_VCPU_PMU_V3_FILTER (5.10)',
    try: ['leave --pmu-filter out'],
  },
  TSVMM_PMU_STRICT: {
    when: '--pmu-strict=on, and KVM is older than KVM_ARM_VCPU_PMU_V3_STRICT (7.3)',
    try: ['tsvmm run --pmu --pmu-strict=auto …    # with it where there is one'],
  },

  TSVMM_SYSCALL: {
    when: 'the sentence has the system call and the errno',
    try: ['tsvmm explain ERRNO'],
  },
  TSVMM_IOCTL: {
    when: 'the sentence has the request, the attribute and the errno',
    try: ['tsvmm explain ATTRIBUTE ERRNO', 'tsvmm run -vvv …    # with every ioctl before it'],
  },
  TSVMM_GUEST: {
    when: 'it accessed what is no RAM by an instruction that KVM cannot emulate, made its own state illegal, or KVM left it for a reason that none comes back from',
    try: ['tsvmm run --json FILE …    # the registers of each vCPU'],
  },
  TSVMM_GUEST_PANIC: {
    when: 'the kernel of the guest has a driver for pvpanic (CONFIG_PVPANIC_MMIO), and panicked. Without the driver it hangs, or resets with panic=-1',
    try: ['the console has what it panicked about'],
  },
  TSVMM_GUEST_RESET: {
    when: 'reboot, PSCI SYSTEM_RESET, or a panic of Linux with panic=-1, and --on-reset=exit, which is the default',
    try: ['tsvmm run --on-reset=restart …    # boot it again'],
  },
  TSVMM_CPU_UNSUPPORTED: {
    when: 'with --on-unsupported-cpu=fail; or the thread could not be put back, as its cpuset or affinity has no CPU of the PMU any more',
    try: [
      'tsvmm run --pmu --vcpu-affinity CPUS …    # CPUs of one PMU',
      'tsvmm run --pmu --on-unsupported-cpu=repin …    # as it is without the flag',
      'tsvmm explain KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED',
    ],
  },
  TSVMM_TIMEOUT: {
    when: 'the guest was still running; it is ended',
    try: ['tsvmm run --timeout SECONDS …    # more of them, or leave it out'],
  },
  TSVMM_BUG: {
    when: 'something happened that we hold for impossible',
    try: ['run it again with -vv, and report what it prints'],
  },
}

/** Of the statuses a process ends with. */
export const STATUS_ADVICE: Readonly<Partial<Record<ExitName, Advice>>> = {
  failed: {
    when: 'tsvmm doctor found something that can be mended, or tsvmm probe --for found that this VMM cannot give a guest a PMU here',
    try: ['tsvmm doctor    # the checks that say FAIL, and what to do'],
  },
  usage: {
    when: 'a flag, a value or a file named on the command line is wrong; nothing was touched',
    try: ['tsvmm help COMMAND'],
  },
  skipped: {
    when: 'tsvmm doctor found nothing here to run guests on: no arm64, or no KVM. automake and meson take 77 for a test that was skipped',
    try: [DOCTOR, LAB],
  },
  host: {
    when: 'before a guest ran, as a rule. The code in the error says what is missing',
    try: [DOCTOR, 'tsvmm explain CODE    # TSVMM_HOST_NO_KVM, for instance', LAB],
  },
  kvm: {
    when: 'KVM or another part of the kernel answered with an errno, which the error names',
    try: ['tsvmm explain REQUEST ERRNO    # SET_PMU EBUSY, for instance'],
  },
  guest: {
    when: 'the guest ran, and one of its vCPUs cannot go on',
    try: ['tsvmm explain TSVMM_GUEST'],
  },
  panic: {
    when: 'the guest ran, and its kernel reported a panic',
    try: ['tsvmm explain TSVMM_GUEST_PANIC'],
  },
  reset: {
    when: 'the guest ran, and rebooted',
    try: ['tsvmm run --on-reset=restart …    # boot it again'],
  },
  bug: { when: 'the error is of ours', try: ['run it again with -vv, and report what it prints'] },
  timeout: {
    when: 'the guest was still running after --timeout, and was ended',
    try: ['tsvmm run --timeout SECONDS …    # more of them, or leave it out'],
  },
  refusedCpu: {
    when: 'with --on-unsupported-cpu=fail; or the thread could not be put back onto a CPU of the PMU',
    try: ['tsvmm explain TSVMM_CPU_UNSUPPORTED'],
  },
}
