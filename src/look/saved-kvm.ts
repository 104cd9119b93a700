import { ERROR_CODES, RecordedError, TsvmmError, type ErrorCode } from '../errors/index.ts'
import { MAX_CPUS, type HostPmu } from '../host/index.ts'
import type { CapabilityName, DeviceTypeName } from '../ioctl/index.ts'
import type { Answer, FixedCountersOnly, PmuProbe, ProbedPmu } from '../pmu/probe.ts'
import type { GuestView } from '../vm/identify.ts'
import type { Capability, GicFacts, KvmFacts, VmFacts } from '../vm/look.ts'
import {
  amount,
  flag,
  integer,
  list,
  map,
  object,
  oneOf,
  optional,
  ownField,
  text,
  textLike,
  toObject,
  type Shape,
} from './shape.ts'

/*
 * KVM's answers in a saved machine: those of `KvmFacts` as they are, an error as `{ "error": … }`.
 */

const words = text(4096)
const name = text(256)
const kernelName = <T extends string>(prefix: string) =>
  textLike(
    new RegExp(`^${prefix}[A-Z0-9_]{1,60}$`),
    `a name that begins with ${prefix}`,
  ) as Shape<T>

const answer = object<Answer>({
  call: words,
  ok: flag,
  errno: optional(name),
  meaning: optional(words),
})

const hostPmu = object<HostPmu>({
  name,
  type: integer(2 ** 31 - 1),
  cpus: list(integer(MAX_CPUS - 1), MAX_CPUS),
})

const probedPmu = object<ProbedPmu>({
  pmu: hostPmu,
  setPmu: answer,
  isDefault: optional(answer),
  counters: optional(integer(31)),
  setNrCounters: optional(
    object<NonNullable<ProbedPmu['setNrCounters']>>({ most: answer, beyond: answer }),
  ),
})

const pmuProbe = object<PmuProbe>({
  pmuV3: flag,
  unasked: optional(flag),
  pmus: list(probedPmu, 64),
  setPmu: answer,
  setNrCounters: answer,
  filter: answer,
  filterEvents: optional(integer(2 ** 16)),
  strict: answer,
  fixedCountersOnly: object<Pick<FixedCountersOnly, 'is' | 'answers'>>({
    is: oneOf(['available', 'absent', 'something-else']),
    answers: list(answer, 16),
  }),
  milliseconds: amount,
})

const registers: Shape<Readonly<Record<string, string>>> = (value, where) =>
  Object.fromEntries(
    map(
      textLike(/^0x[\da-f]{1,16}$/, 'a hexadecimal number'),
      textLike(/^[A-Z][A-Z0-9_]{1,60}$/, 'the name of a register'),
    )(value, where),
  )

const guestView = object<GuestView>({
  pmu: hostPmu,
  answer,
  pmuVer: optional(integer(15)),
  registers: optional(registers),
  events: optional(list(integer(0xffff), 0x10000)),
})

/** Of a later tsvmm there may be names that we do not know. */
const capability = object<Capability>({
  name: kernelName<CapabilityName>('KVM_CAP_'),
  number: integer(2 ** 31 - 1),
  value: optional(integer(Number.MAX_SAFE_INTEGER)),
  errno: optional(name),
  ofVm: flag,
})

const gic = object<GicFacts>({
  name,
  device: kernelName<DeviceTypeName>('KVM_DEV_TYPE_'),
  available: flag,
  maxVcpus: optional(integer(2 ** 31 - 1)),
})

const vmFacts = object<VmFacts>({
  ipaBits: integer(64),
  maxVcpus: integer(2 ** 31 - 1),
  recommendedVcpus: integer(2 ** 31 - 1),
  gics: list(gic, 16),
})

const kvmFacts = object<KvmFacts>({
  apiVersion: integer(2 ** 31 - 1),
  pmus: optional(orError(pmuProbe)),
  guests: optional(orError(list(guestView, 64))),
  capabilities: optional(orError(list(capability, 1024))),
  vms: optional(orError(vmFacts)),
})

/** What {@link kvmToSaved} made. */
export const savedKvm: Shape<KvmFacts | TsvmmError> = orError(kvmFacts)

interface SavedError {
  readonly code: ErrorCode
  readonly message: string
  readonly why?: string
  readonly try: readonly string[]
  readonly see: readonly string[]
}

const savedError = object<SavedError>({
  code: oneOf(Object.keys(ERROR_CODES) as ErrorCode[]),
  message: words,
  why: optional(words),
  try: list(words, 64),
  see: list(words, 64),
})

function orError<T>(shape: Shape<T>): Shape<T | TsvmmError> {
  return (value, where) => {
    const error = ownField(toObjectOrList(value, where), 'error')
    if (error === undefined) return shape(value, where)
    const { code, message, ...explanation } = savedError(error, `${where}.error`)
    return new RecordedError(code, message, explanation)
  }
}

function toObjectOrList(value: unknown, where: string): object {
  return Array.isArray(value) ? value : toObject(value, where)
}

/** KVM's answers as they are saved. */
export function kvmToSaved(kvm: KvmFacts | TsvmmError): object {
  if (kvm instanceof TsvmmError) return errorToSaved(kvm)
  return Object.fromEntries(
    Object.entries(kvm).map(([part, answers]: [string, unknown]) => [
      part,
      answers instanceof TsvmmError ? errorToSaved(answers) : answers,
    ]),
  )
}

/** Errors with texts from our tables. Others may name files, and so the user whose they are. */
const IMPERSONAL: readonly ErrorCode[] = [
  'TSVMM_IOCTL',
  'TSVMM_SYSCALL',
  'TSVMM_HOST_ARCH',
  'TSVMM_HOST_NO_KVM',
  'TSVMM_HOST_KVM_ACCESS',
  'TSVMM_HOST_KVM_API',
]

function errorToSaved({ code, message, why, try: steps, see }: TsvmmError): object {
  if (IMPERSONAL.includes(code)) return { error: { code, message, why, try: steps, see } }
  const meaning = code === 'TSVMM_INTERRUPTED' ? 'interrupted' : ERROR_CODES[code].meaning
  return { error: { code, message: meaning, try: [], see: [] } }
}
