import type { ExitName } from './exit-code.ts'

interface CodeRow {
  readonly exit: ExitName
  readonly meaning: string
}

/**
 * Every error code with a fixed exit status: the one table behind the classes and docs/errors.md.
 * Codes are part of the interface: scripts match on them.
 */
export const ERROR_CODES = {
  TSVMM_USAGE: { exit: 'usage', meaning: 'a flag, a value or a file that cannot be meant' },

  TSVMM_HOST_ARCH: { exit: 'host', meaning: 'this machine is not arm64' },
  TSVMM_HOST_NO_KVM: { exit: 'host', meaning: 'there is no KVM here' },
  TSVMM_HOST_KVM_ACCESS: { exit: 'host', meaning: '/dev/kvm is there, but not for this user' },
  TSVMM_HOST_KVM_API: { exit: 'host', meaning: 'KVM speaks another version of its interface' },
  TSVMM_HOST_CAPABILITY: { exit: 'host', meaning: 'KVM here lacks something that the guest needs' },
  TSVMM_HOST_SHIM: {
    exit: 'host',
    meaning: 'the native library is missing, damaged, for another machine or out of date',
  },
  TSVMM_HOST_FFI: { exit: 'host', meaning: 'ffi-napi cannot be loaded' },
  TSVMM_HOST_MEMORY: { exit: 'host', meaning: 'there is not enough memory' },
  TSVMM_HOST_SYSFS: { exit: 'host', meaning: 'sysfs is missing, unreadable or nonsense' },
  TSVMM_HOST_NO_SPACE: { exit: 'host', meaning: 'there is no space left on a disk' },
  TSVMM_HOST_OUTPUT: { exit: 'host', meaning: 'a file for output cannot be written' },

  TSVMM_IMAGE_MISSING: { exit: 'usage', meaning: 'there is no such image' },
  TSVMM_IMAGE_UNREADABLE: { exit: 'usage', meaning: 'the image cannot be read' },
  TSVMM_IMAGE_EMPTY: { exit: 'usage', meaning: 'the image is empty' },
  TSVMM_IMAGE_NOT_A_FILE: { exit: 'usage', meaning: 'the image is a directory or a device' },
  TSVMM_IMAGE_TOO_LARGE: { exit: 'usage', meaning: 'the image does not fit into the RAM' },
  TSVMM_IMAGE_FORMAT: { exit: 'usage', meaning: 'the image is of a kind that cannot be loaded' },

  TSVMM_PMU_NONE_ON_HOST: { exit: 'host', meaning: 'the host has no core PMU' },
  TSVMM_PMU_NO_COMMON: { exit: 'host', meaning: 'no PMU covers all CPUs the vCPUs may use' },
  TSVMM_PMU_UNSUPPORTED: { exit: 'host', meaning: 'KVM of this host has no PMU for guests' },
  TSVMM_PMU_UNKNOWN: { exit: 'usage', meaning: 'the host has no core PMU of that name or type' },
  TSVMM_PMU_LOTTERY: {
    exit: 'host',
    meaning: "the kernel's own pick of a PMU would depend on where a thread happens to run",
  },
  TSVMM_PMU_NO_FIXED: { exit: 'host', meaning: 'FIXED_COUNTERS_ONLY cannot be had' },
  TSVMM_PMU_COUNTERS: { exit: 'host', meaning: 'the PMU does not have that many event counters' },
  TSVMM_PMU_FILTER: { exit: 'host', meaning: 'KVM of this host takes no event filter' },
  TSVMM_PMU_STRICT: { exit: 'host', meaning: 'KVM of this host has no STRICT' },

  TSVMM_SYSCALL: { exit: 'kvm', meaning: 'a system call failed' },
  TSVMM_IOCTL: { exit: 'kvm', meaning: 'KVM refused a request' },
  TSVMM_GUEST: { exit: 'guest', meaning: 'the guest did what it cannot go on from' },
  TSVMM_GUEST_PANIC: { exit: 'panic', meaning: 'the guest said that it panicked' },
  TSVMM_GUEST_RESET: { exit: 'reset', meaning: 'the guest asked for a reset' },
  TSVMM_CPU_UNSUPPORTED: {
    exit: 'refusedCpu',
    meaning: "KVM refused a vCPU on a CPU that the VM's PMU does not cover",
  },
  TSVMM_TIMEOUT: { exit: 'timeout', meaning: '--timeout expired' },

  TSVMM_LAB_QEMU: { exit: 'host', meaning: 'QEMU is missing or does not work' },
  TSVMM_LAB_TOOL: { exit: 'host', meaning: 'a program the lab needs is missing or failed' },
  TSVMM_LAB_KERNEL: {
    exit: 'host',
    meaning: 'a host kernel cannot be built, or does not have what the lab needs',
  },
  TSVMM_LAB_DOWNLOAD: { exit: 'host', meaning: 'a download failed or broke off' },
  TSVMM_LAB_CACHE: { exit: 'host', meaning: 'the cache directory cannot be used' },
  TSVMM_LAB_HOST_PANIC: { exit: 'host', meaning: 'the kernel of the emulated host panicked' },
  TSVMM_LAB_HOST_DIED: { exit: 'host', meaning: 'the emulated host ended before the command' },
  TSVMM_LAB_HOST_SILENT: { exit: 'host', meaning: 'the emulated host never came up' },

  TSVMM_BUG: { exit: 'bug', meaning: 'a bug in tsvmm' },
} as const satisfies Record<`TSVMM_${string}`, CodeRow>

/** TSVMM_INTERRUPTED stands apart: its exit status is 128 + the signal. */
export type ErrorCode = keyof typeof ERROR_CODES | 'TSVMM_INTERRUPTED'

/** `ProblemOf<'HOST'>`: what may follow `TSVMM_HOST_`. */
export type ProblemOf<Area extends string> = keyof typeof ERROR_CODES extends infer Code
  ? Code extends `TSVMM_${Area}_${infer Problem}`
    ? Problem
    : never
  : never
