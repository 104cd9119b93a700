import { ERROR_CODES, type ErrorCode, type ProblemOf } from './codes.ts'
import { EXIT_CODES, type ExitName } from './exit-code.ts'
import { errnoName, errnoText } from './errno.ts'
import { lookUp } from './catalogue.ts'

/** What an error tells a person beyond its sentence. Each is printed only if it is there. */
export interface Explanation {
  /** Why it happened, one sentence. */
  readonly why?: string
  /** What to do: commands to paste, or one sentence each. */
  readonly try?: readonly string[]
  /** Kernel file and section, or Arm document. */
  readonly see?: readonly string[]
  readonly cause?: unknown
}

/**
 * Base of everything tsvmm throws on purpose. The message is one sentence that says what was asked
 * and of what, with the value; it never repeats its cause, which is printed after it. Match on
 * `code`, never on the text.
 */
export abstract class TsvmmError extends Error {
  /** Stable and documented in docs/errors.md. */
  abstract readonly code: ErrorCode
  readonly why: string | undefined
  readonly try: readonly string[]
  readonly see: readonly string[]

  constructor(message: string, explanation: Explanation = {}) {
    super(message, explanation.cause === undefined ? undefined : { cause: explanation.cause })
    this.why = explanation.why
    this.try = explanation.try ?? []
    this.see = explanation.see ?? []
  }

  override get name(): string {
    return this.constructor.name
  }

  get exit(): ExitName {
    return this.code === 'TSVMM_INTERRUPTED' ? 'interrupted' : ERROR_CODES[this.code].exit
  }

  get exitStatus(): number {
    return EXIT_CODES[this.exit].status
  }
}

/** A flag, a value or an input file that cannot be meant; thrown before anything was touched. */
export class UsageError extends TsvmmError {
  readonly code = 'TSVMM_USAGE'
}

export type HostProblem = ProblemOf<'HOST'>

/** This machine cannot do what was asked. */
export class HostError extends TsvmmError {
  readonly code: `TSVMM_HOST_${HostProblem}`

  constructor(problem: HostProblem, message: string, explanation?: Explanation) {
    super(message, explanation)
    this.code = `TSVMM_HOST_${problem}`
  }
}

export type ImageProblem = ProblemOf<'IMAGE'>

/** A guest image that cannot be loaded; named by the user, so it counts as usage. */
export class ImageError extends TsvmmError {
  readonly code: `TSVMM_IMAGE_${ImageProblem}`

  constructor(problem: ImageProblem, message: string, explanation?: Explanation) {
    super(message, explanation)
    this.code = `TSVMM_IMAGE_${problem}`
  }
}

export type PmuProblem = ProblemOf<'PMU'>

/** No PMU for the guest; decided before any VM exists. */
export class PmuError extends TsvmmError {
  readonly code: `TSVMM_PMU_${PmuProblem}`

  constructor(problem: PmuProblem, message: string, explanation?: Explanation) {
    super(message, explanation)
    this.code = `TSVMM_PMU_${problem}`
  }
}

/** A system call failed. `errno` is positive. */
export class SyscallError extends TsvmmError {
  readonly code = 'TSVMM_SYSCALL'
  readonly syscall: string
  readonly errno: number
  readonly errnoName: string

  constructor(syscall: string, errno: number, on?: string) {
    const name = errnoName(errno)
    super(`${on === undefined ? '' : `${on}: `}${syscall} failed: ${name}, ${errnoText(errno)}`, {
      ...lookUp(syscall, undefined, name),
    })
    this.syscall = syscall
    this.errno = errno
    this.errnoName = name
  }
}

export interface IoctlFailure {
  /** The kernel's name, e.g. `KVM_SET_DEVICE_ATTR`. */
  readonly request: string
  /** The object, e.g. `vcpu 0`. */
  readonly on: string
  /** For device attributes: the kernel's names, e.g. `KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU`. */
  readonly attribute?: string
  /** The argument worth showing, e.g. `type 9`. */
  readonly argument?: string
  /** Positive. */
  readonly errno: number
}

/** `KVM_SET_DEVICE_ATTR KVM_ARM_VCPU_PMU_V3_CTRL/SET_PMU (type 9)`. */
export function renderRequest({
  request,
  attribute,
  argument,
}: Pick<IoctlFailure, 'request' | 'attribute' | 'argument'>): string {
  return [request, attribute, argument && `(${argument})`].filter(Boolean).join(' ')
}

/** An ioctl of KVM failed. Text and explanation are derived from the tables, never typed. */
export class IoctlError extends TsvmmError {
  readonly code = 'TSVMM_IOCTL'
  readonly request: string
  readonly on: string
  readonly attribute: string | undefined
  readonly errno: number
  readonly errnoName: string

  constructor(failure: IoctlFailure) {
    const name = errnoName(failure.errno)
    super(
      `${failure.on}: ${renderRequest(failure)} failed: ${name}, ${errnoText(failure.errno)}`,
      lookUp(failure.request, failure.attribute, name),
    )
    this.request = failure.request
    this.on = failure.on
    this.attribute = failure.attribute
    this.errno = failure.errno
    this.errnoName = name
  }
}

/** The guest did what it cannot go on from. */
export class GuestError extends TsvmmError {
  readonly code = 'TSVMM_GUEST'
}

/** The guest said that it panicked. */
export class GuestPanicError extends TsvmmError {
  readonly code = 'TSVMM_GUEST_PANIC'
}

/** The guest asked for a reset, and is not to have one. */
export class GuestResetError extends TsvmmError {
  readonly code = 'TSVMM_GUEST_RESET'
}

/** KVM refused a vCPU where its thread was, and it was not or could not be put back. */
export class CpuUnsupportedError extends TsvmmError {
  readonly code = 'TSVMM_CPU_UNSUPPORTED'
}

/** `--timeout` expired. */
export class TimeoutError extends TsvmmError {
  readonly code = 'TSVMM_TIMEOUT'
}

export type LabProblem = ProblemOf<'LAB'>

/** The emulated host could not be provided or did not live long enough. */
export class LabError extends TsvmmError {
  readonly code: `TSVMM_LAB_${LabProblem}`

  constructor(problem: LabProblem, message: string, explanation?: Explanation) {
    super(message, explanation)
    this.code = `TSVMM_LAB_${problem}`
  }
}

const EXIT_OF_SIGNAL = {
  SIGINT: 'interrupted',
  SIGTERM: 'terminated',
  SIGHUP: 'hungUp',
  SIGPIPE: 'closedPipe',
} as const satisfies Record<string, ExitName>

/** A signal ended us, or, as SIGPIPE, the reader of our output; the exit status is 128 + its number. */
export class InterruptedError extends TsvmmError {
  readonly code = 'TSVMM_INTERRUPTED'
  readonly signal: keyof typeof EXIT_OF_SIGNAL

  constructor(signal: keyof typeof EXIT_OF_SIGNAL) {
    super(`ended by ${signal}`)
    this.signal = signal
  }

  override get exit(): ExitName {
    return EXIT_OF_SIGNAL[this.signal]
  }
}

/** An error that was met elsewhere, on the machine that was saved. */
export class RecordedError extends TsvmmError {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, explanation?: Explanation) {
    super(message, explanation)
    this.code = code
  }
}

/** A broken invariant of ours: never the user's fault. */
export class BugError extends TsvmmError {
  readonly code = 'TSVMM_BUG'
}
