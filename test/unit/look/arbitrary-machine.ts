import fc from 'fast-check'
import { RecordedError, type ErrorCode } from '../../../src/errors/index.ts'
import type { CapabilityName, DeviceTypeName } from '../../../src/ioctl/index.ts'
import type { SavedMachine } from '../../../src/look/saved.ts'
import { hex } from '../../../src/look/hex.ts'
import type { Answer, PmuProbe } from '../../../src/pmu/probe.ts'
import type { GuestView } from '../../../src/vm/identify.ts'
import type { KvmFacts, VmFacts } from '../../../src/vm/look.ts'

const CPU = '/sys/devices/system/cpu'
const PMU = '/sys/bus/event_source/devices'

const word = fc.string({ maxLength: 20, unit: 'binary' })
const count = fc.nat(2 ** 31 - 1)
const maybe = (key: string, value: fc.Arbitrary<unknown>) =>
  fc.option(value, { nil: undefined }).map(some => (some === undefined ? {} : { [key]: some }))

/** All required fields of an object, and some of the others. */
function record<T>(
  required: { readonly [Key in keyof T]?: fc.Arbitrary<T[Key]> },
  ...others: fc.Arbitrary<object>[]
): fc.Arbitrary<T> {
  return fc
    .tuple(fc.record(required as Record<string, fc.Arbitrary<unknown>>), ...others)
    .map(parts => Object.assign({}, ...parts) as unknown as T)
}

const answer = record<Answer>(
  { call: word, ok: fc.boolean() },
  maybe('errno', word),
  maybe('meaning', word),
)

const pmus = record<PmuProbe>(
  {
    pmuV3: fc.boolean(),
    pmus: fc.array(
      record<PmuProbe['pmus'][number]>(
        {
          pmu: fc.record({ name: word, type: count, cpus: fc.array(fc.nat(8191)) }),
          setPmu: answer,
        },
        maybe('isDefault', answer),
        maybe('counters', fc.nat(31)),
        maybe('setNrCounters', fc.record({ most: answer, beyond: answer })),
      ),
      { maxLength: 3 },
    ),
    setPmu: answer,
    setNrCounters: answer,
    filter: answer,
    strict: answer,
    fixedCountersOnly: fc.record({
      is: fc.constantFrom('available', 'absent', 'something-else'),
      answers: fc.array(answer, { maxLength: 3 }),
    }),
    milliseconds: fc.nat(10 ** 6).map(tenths => tenths / 10),
  },
  maybe('unasked', fc.boolean()),
  maybe('filterEvents', fc.constantFrom(1024, 65536)),
)

const guests = fc.array(
  record<GuestView>(
    { pmu: fc.record({ name: word, type: count, cpus: fc.array(fc.nat(8191)) }), answer },
    maybe('pmuVer', fc.nat(15)),
    maybe(
      'registers',
      fc.record({ PMCEID0_EL0: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(hex) }),
    ),
    maybe('events', fc.array(fc.nat(0xffff))),
  ),
  { maxLength: 3 },
)

const capabilities = fc.array(
  record<{ name: CapabilityName; number: number; ofVm: boolean; value: number | undefined }>(
    {
      name: fc.constantFrom('KVM_CAP_IRQCHIP', 'KVM_CAP_ARM_PMU_V3'),
      number: count,
      ofVm: fc.boolean(),
    },
    maybe('value', fc.maxSafeNat()),
    maybe('errno', word),
  ),
  { maxLength: 4 },
)

const vms = fc.record<VmFacts>({
  ipaBits: fc.nat(64),
  maxVcpus: count,
  recommendedVcpus: count,
  gics: fc.array(
    record<VmFacts['gics'][number]>(
      {
        name: word,
        device: fc.constant<DeviceTypeName>('KVM_DEV_TYPE_ARM_VGIC_V3'),
        available: fc.boolean(),
      },
      maybe('maxVcpus', count),
    ),
    { maxLength: 4 },
  ),
})

const error = fc
  .tuple(
    fc.constantFrom<ErrorCode>('TSVMM_IOCTL', 'TSVMM_HOST_NO_KVM', 'TSVMM_HOST_ARCH'),
    word,
    fc.record({ try: fc.array(word), see: fc.array(word) }),
    maybe('why', word),
  )
  .map(
    ([code, message, explanation, why]) =>
      new RecordedError(code, message, { ...explanation, ...why }),
  )

const kvm = record<KvmFacts>(
  { apiVersion: count },
  maybe('pmus', fc.oneof(pmus, error)),
  maybe('guests', fc.oneof(guests, error)),
  maybe('capabilities', fc.oneof(capabilities, error)),
  maybe('vms', fc.oneof(vms, error)),
)

const cpuFile = fc
  .tuple(
    fc.nat(5),
    fc.constantFrom(
      'cpu_capacity',
      'regs/identification/midr_el1',
      'topology/physical_package_id',
      'topology/cluster_id',
      'topology/core_id',
      'topology/thread_siblings_list',
    ),
  )
  .map(([cpu, file]) => `${CPU}/cpu${cpu}/${file}`)

const pmuFile = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c'),
    fc.constantFrom('cpus', 'cpus', 'type', 'type', 'caps/slots', 'events/x'),
  )
  .map(([pmu, file]) => `${PMU}/${pmu}/${file}`)

/** Lists that fit together, or not; what cannot be read, and what nobody means. */
const content = fc.oneof(
  fc.constantFrom('0-3', '2', '0-1', '2-5', '8', '', '0x410fd034', 'event=0x11', null),
  fc.constantFrom('0-4294967295', '99999999999999999999', '-1'),
  word,
)

/** Paths that may be saved, with content of all kinds. */
const files = fc
  .tuple(
    fc.dictionary(
      fc.oneof(
        fc.constantFrom(`${CPU}/present`, `${CPU}/online`),
        fc.constantFrom(...[0, 1].map(node => `/sys/devices/system/node/node${node}/cpulist`)),
        cpuFile,
        pmuFile,
      ),
      content,
      { size: '+1' },
    ),
    // Without it there is no machine.
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('0-3', '0-5', '0,2-3') },
      { weight: 1, arbitrary: fc.option(content, { nil: undefined }) },
    ),
    fc.constantFrom(undefined, null, 'Cpus_allowed_list:\t0-2', 'Cpus_allowed_list:\tx'),
  )
  .map(([others, possible, status]) => ({
    ...others,
    ...(possible !== undefined && { [`${CPU}/possible`]: possible }),
    ...(status !== undefined && { '/proc/self/status': status }),
  }))

/** Any machine that can be saved as it is. */
export const arbitraryMachine: fc.Arbitrary<SavedMachine> = record<SavedMachine>(
  { tsvmm: word, files: files.map(each => new Map(Object.entries(each))) },
  maybe(
    'about',
    record<NonNullable<SavedMachine['about']>>(
      {},
      maybe('name', word),
      maybe('published', fc.array(fc.record({ fact: word, source: word }))),
      maybe('assumed', fc.array(word)),
    ),
  ),
  maybe('kvm', fc.oneof(kvm, error)),
)
