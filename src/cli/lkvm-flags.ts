/** A flag of `lkvm run`, and what becomes of it in `tsvmm run`. */
export type LkvmFlag = SameFlag | TakenFlag | RefusedFlag

interface Flag {
  /** As lkvm spells it, with what it takes: `-d, --disk <image>`. */
  readonly flags: string
}

/** An option of ours, which its own help explains. */
interface SameFlag extends Flag {
  readonly here: 'same'
  /** What differs. */
  readonly note?: string
}

/** Understood, though it is no option of ours. */
interface TakenFlag extends Flag {
  readonly here: 'taken'
  /** What it does. */
  readonly note: string
}

/** There is no such thing here. */
export interface RefusedFlag extends Flag {
  readonly here: 'refused'
  /** Why there is none. */
  readonly note: string
  /** What to do, if not to leave it out. */
  readonly instead?: string
}

/**
 * All flags of `lkvm run` on arm64: the one table behind what is understood, what is said of the
 * others, and docs/lkvm.md.
 *
 * @see kvmtool, builtin-run.c and arm64/include/kvm/kvm-config-arch.h (2025)
 */
export const LKVM_FLAGS: readonly LkvmFlag[] = [
  { flags: '-k, --kernel <image>', here: 'same' },
  { flags: '-i, --initrd <file>', here: 'same' },
  {
    flags: '-p, --params <text>',
    here: 'same',
    note: 'a kernel gets console=ttyS0 before it unless it names a console, and no root=; a flat image nothing',
  },
  { flags: '-c, --cpus <n>', here: 'same', note: 'left out: 1, where lkvm takes all CPUs' },
  {
    flags: '-m, --mem <size>',
    here: 'same',
    note: 'left out: 256M; RAM begins at 0x80000000, and @ADDRESS is not understood',
  },
  {
    flags: '--pmu',
    here: 'same',
    note: "the PMU of the CPUs that the vCPUs may use, not of the main thread's CPU",
  },
  { flags: '--vcpu-affinity <cpulist>', here: 'same' },
  { flags: '--dump-dtb <file>', here: 'same', note: 'the blob, without the 2 MiB around it' },
  { flags: '--hugetlbfs <path>', here: 'same' },
  {
    flags: '--sve-max-vl <bits>',
    here: 'same',
    note: 'only lengths that the host has, and no shorter ones instead',
  },
  { flags: '--no-pvtime', here: 'same' },
  {
    flags: '--kaslr-seed <number>',
    here: 'same',
    note: 'left out: a random one, where lkvm gives none',
  },
  {
    flags: '--irqchip <kind>',
    here: 'same',
    note: 'and `auto`, which is what lkvm does without it',
  },
  {
    flags: '--nodefaults',
    here: 'taken',
    note: 'as --no-default-params; there are no devices by default anyway',
  },
  {
    flags: '-n, --network <params>',
    here: 'taken',
    note: 'only none or mode=none: there is no network',
  },
  { flags: '--no-dhcp', here: 'taken', note: 'there is no network' },
  {
    flags: '--console <kind>',
    here: 'taken',
    note: 'only serial: a 16550A, for Linux console=ttyS0',
  },
  {
    flags: '--loglevel <level>',
    here: 'taken',
    note: 'error: errors only, without advice; warning: notes, too; info: as without it; debug: as -vv',
  },
  { flags: '--debug', here: 'taken', note: 'as --loglevel debug' },
  {
    flags: '--name <name>',
    here: 'taken',
    note: 'stands in the log (-v); there is no `lkvm list` to find it by',
  },
  { flags: '--disable-mte', here: 'taken', note: 'guests have no memory tagging' },
  {
    flags: '-d, --disk <image>',
    here: 'refused',
    note: 'guests have no disks',
    instead: '--initrd FILE    # a file system in memory',
  },
  {
    flags: '--9p <directory>',
    here: 'refused',
    note: 'guests share no files with the host',
    instead: '--initrd FILE    # a file system in memory',
  },
  {
    flags: '-f, --firmware <file>',
    here: 'refused',
    note: 'guests start from a kernel',
    instead: '--kernel IMAGE    # also a vmlinuz with an EFI stub',
  },
  {
    flags: '--firmware-address <address>',
    here: 'refused',
    note: 'guests start from a kernel',
    instead: '--kernel IMAGE',
  },
  {
    flags: '-F, --flash <file>',
    here: 'refused',
    note: 'guests have no flash',
    instead: '--kernel IMAGE',
  },
  {
    flags: '--dev <file>',
    here: 'refused',
    note: 'KVM is always asked at /dev/kvm',
  },
  {
    flags: '--tty <number>',
    here: 'refused',
    note: "a guest's console is stdin and stdout",
    instead: 'script -qc "tsvmm run …" FILE    # with a terminal of its own',
  },
  {
    flags: '--rng',
    here: 'refused',
    note: 'guests have no virtio devices',
  },
  {
    flags: '--balloon',
    here: 'refused',
    note: 'guests have no virtio devices',
    instead: '--mem SIZE    # what the guest may take at most',
  },
  {
    flags: '--vsock <cid>',
    here: 'refused',
    note: 'guests have no virtio devices',
    instead: 'leave it out and talk to the guest by its console, stdin and stdout',
  },
  {
    flags: '--virtio-transport <kind>',
    here: 'refused',
    note: 'guests have no virtio devices',
  },
  {
    flags: '--force-pci',
    here: 'refused',
    note: 'guests have no PCI',
  },
  {
    flags: '--vfio-pci <address>',
    here: 'refused',
    note: 'guests have no PCI',
    instead: 'lkvm run, or QEMU, for a device of the host in a guest',
  },
  {
    flags: '--sandbox <script>',
    here: 'refused',
    note: 'there is no `lkvm sandbox`',
    instead: '--initrd FILE    # with the script as /init',
  },
  {
    flags: '--aarch32',
    here: 'refused',
    note: 'guests start at EL1 in AArch64',
    instead: 'an image for arm64, or lkvm run for one of 32 bits',
  },
  {
    flags: '--nested',
    here: 'refused',
    note: 'guests start at EL1, and have no EL2',
    instead: 'leave it out, or lkvm run --nested on a host that has FEAT_NV2',
  },
  {
    flags: '--e2h0',
    here: 'refused',
    note: 'guests have no EL2',
  },
  {
    flags: '--counter-offset <ticks>',
    here: 'refused',
    note: 'the virtual counter is as KVM begins it',
  },
  {
    flags: '--override-bad-firmware-cntfrq <hertz>',
    here: 'refused',
    note: 'guests read the frequency of their timer from CNTFRQ_EL0, as they should',
  },
  {
    flags: '--debug-single-step',
    here: 'refused',
    note: 'guests are not stepped through',
  },
  {
    flags: '--debug-ioport',
    here: 'refused',
    note: 'arm64 has no I/O ports',
  },
  {
    flags: '--debug-mmio',
    here: 'refused',
    note: 'accesses that nobody answers are counted, not shown',
    instead: '--json FILE    # has their number as unmappedAccesses',
  },
  {
    flags: '--debug-iodelay <ms>',
    here: 'refused',
    note: 'devices are not made slower',
  },
]
