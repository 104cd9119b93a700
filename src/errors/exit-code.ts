/**
 * How the process ends: the one table behind `help exit-codes`, the man page and the README.
 *
 * Own failures are 120 and above, so that a guest's own status (0 to 119) can never be confused
 * with one of ours; 77 and 124 mean what automake and timeout(1) made them mean.
 *
 * From 125 on the numbers are taken as well: 125 to 127 by env(1), timeout(1) and shells, 128 to 192
 * by 128 + a signal (64 is the last), 200 to 245 by systemd, which prints reasons of its own for
 * them. New ones therefore come from 193 to 199.
 */
export const EXIT_CODES = {
  ok: { status: 0, meaning: 'did what was asked; the guest powered off' },
  failed: { status: 1, meaning: 'the thing examined failed' },
  usage: { status: 2, meaning: 'usage or configuration error; nothing was touched' },
  skipped: { status: 77, meaning: 'skipped: this host cannot' },
  host: { status: 120, meaning: 'this host cannot: no KVM, no PMU, wrong architecture, no space' },
  kvm: { status: 121, meaning: 'the kernel refused an operation' },
  guest: { status: 122, meaning: 'the guest did what it cannot go on from' },
  bug: { status: 123, meaning: 'a bug in tsvmm' },
  timeout: { status: 124, meaning: '--timeout expired' },
  hungUp: { status: 129, meaning: 'ended by SIGHUP' },
  interrupted: { status: 130, meaning: 'ended by Ctrl-C' },
  closedPipe: { status: 141, meaning: 'whoever read our output closed it (SIGPIPE)' },
  terminated: { status: 143, meaning: 'ended by SIGTERM' },
  refusedCpu: { status: 193, meaning: "a vCPU landed on a CPU the VM's PMU does not cover" },
  reset: { status: 194, meaning: 'the guest asked for a reset (--on-reset=exit)' },
  panic: { status: 195, meaning: 'the guest said that it panicked' },
} as const satisfies Record<string, { status: number; meaning: string }>

export type ExitName = keyof typeof EXIT_CODES
