import { constants } from 'node:os'
import { catalogue, errnoName, errnoText } from '../errors/index.ts'
import { TERMS } from '../errors/terms.ts'
import {
  ATTRIBUTE_NOTES,
  CAPABILITY_NOTES,
  DEVICE_NOTES,
  EXIT_NOTES,
  FEATURE_NOTES,
  FEATURES_SEE,
  REQUEST_NOTES,
} from '../errors/topics.ts'
import { CAPABILITIES } from '../ioctl/capabilities.ts'
import { DEVICE_TYPES, VCPU_FEATURES } from '../ioctl/constants.ts'
import { attributeLabel, type DeviceAttribute } from '../ioctl/device-attribute.ts'
import {
  EXIT_REASONS,
  INTERNAL_ERRORS,
  KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED,
  SYSTEM_EVENTS,
} from '../ioctl/kvm-run.ts'
import type { Request } from '../ioctl/request.ts'
import { REQUESTS } from '../ioctl/requests.ts'
import { Struct } from '../ioctl/struct.ts'
import { VCPU_ATTRIBUTES, VM_ATTRIBUTES } from '../ioctl/vcpu-attributes.ts'
import {
  VGIC_ITS_ATTRIBUTES,
  VGIC_V2_ATTRIBUTES,
  VGIC_V3_ATTRIBUTES,
} from '../ioctl/vgic-attributes.ts'
import { withHistory } from './explain-history.ts'
import { checkTopics, errorCodeTopics, exitStatusTopics } from './explain-own-topics.ts'
import { facts, shortNames, type Kind, type Row, type Topic } from './explain-topic.ts'

/** Everything that can be explained, from the tables of src/errors, src/ioctl and src/doctor. */
export function allTopics(): Topic[] {
  return [
    ...errnoTopics(),
    ...attributes().map(attributeTopic),
    ...groupTopics(),
    ...requestTopics(),
    ...systemCallTopics(),
    ...deviceTopics(),
    ...capabilityTopics(),
    ...featureTopics(),
    ...exitTopics(),
    ...termTopics(),
    ...checkTopics(),
    ...errorCodeTopics(),
    ...exitStatusTopics(),
  ].map(withHistory)
}

const KERNEL_HEADER = 'include/uapi/linux/kvm.h (v7.3)'
const ALL_ROWS: readonly Row[] = Object.keys(catalogue()).flatMap(rowsOf)

function rowsOf(key: string): Row[] {
  return Object.entries(catalogue()[key] ?? {}).map(([errno, entry]) => ({
    of: key,
    errno,
    ...entry,
  }))
}

/** Errnos with a text; two names of one number are one topic. */
function errnoTopics(): Topic[] {
  const byNumber = new Map<number, string[]>()
  for (const [name, number] of Object.entries(constants.errno))
    byNumber.set(number, [...(byNumber.get(number) ?? []), name])
  return [...byNumber].flatMap(([number, names]) => {
    const rows = ALL_ROWS.filter(({ errno }) => names.includes(errno))
    const name = rows[0]?.errno ?? names.find(each => each === errnoName(number))
    if (name === undefined) return []
    const others = names.filter(each => each !== name)
    return {
      kind: 'errno' as const,
      name,
      aliases: [...others, `${number}`],
      what: errnoText(number),
      facts: [['number', `${number}`]] as const,
      ...(rows.length === 0 && {
        when: 'the catalogue knows no request of KVM that fails with it',
      }),
      rows,
    }
  })
}

interface NamedAttribute {
  readonly attribute: DeviceAttribute
  /** Kinds of fd that have it. */
  readonly on: readonly string[]
}

/** The attributes of all tables; several devices share some. */
function attributes(): NamedAttribute[] {
  const tables: [string, Readonly<Record<string, DeviceAttribute>>][] = [
    ['a vCPU', VCPU_ATTRIBUTES],
    ['a VM', VM_ATTRIBUTES],
    ['KVM_DEV_TYPE_ARM_VGIC_V2', VGIC_V2_ATTRIBUTES],
    ['KVM_DEV_TYPE_ARM_VGIC_V3', VGIC_V3_ATTRIBUTES],
    ['KVM_DEV_TYPE_ARM_VGIC_ITS', VGIC_ITS_ATTRIBUTES],
  ]
  const found = new Map<string, NamedAttribute>()
  for (const [on, table] of tables)
    for (const attribute of Object.values(table)) {
      const label = attributeLabel(attribute)
      found.set(label, { attribute, on: [...(found.get(label)?.on ?? []), on] })
    }
  return [...found.values()]
}

function attributeTopic({ attribute, on }: NamedAttribute): Topic {
  const { attrName, groupName, group, attr, payload, payloadIs, errors, source } = attribute
  const name = attrName ?? groupName
  const label = attributeLabel(attribute)
  const note = ATTRIBUTE_NOTES[name]
  const of = (errnos: readonly string[] = []) => errnos.join(', ')
  return {
    kind: 'device attribute',
    name,
    aliases: [...new Set([label, ...label.split('/').slice(1), ...shortNames(name)])],
    what: note?.what ?? '',
    facts: facts({
      number: attrName === undefined ? undefined : `${attr}`,
      group: `${groupName} (${group})`,
      on: on.join(', '),
      payload: payload === undefined ? 'none' : `${typeName(payload)}, the ${payloadIs}`,
      order: note?.order,
      status: attribute.unmerged
        ? 'proposed; in no released kernel, where the number may come to mean something else'
        : undefined,
      'set fails': of(errors.set),
      'get fails': of(errors.get),
    }),
    ...(attribute.unmerged ? {} : { see: [`${source.replace(' ', ', ')}() (v7.3)`] }),
    rows: rowsOf(label),
  }
}

function groupTopics(): Topic[] {
  const named = attributes().filter(({ attribute }) => attribute.attrName !== undefined)
  return [...new Set(named.map(({ attribute }) => attribute.groupName))].map(groupName => {
    const members = named.filter(({ attribute }) => attribute.groupName === groupName)
    return {
      kind: 'attribute group',
      name: groupName,
      aliases: shortNames(groupName),
      what: 'a group of device attributes',
      facts: facts({
        number: `${members[0]?.attribute.group}`,
        on: [...new Set(members.flatMap(({ on }) => on))].join(', '),
      }),
      rows: members.flatMap(({ attribute }) => rowsOf(attributeLabel(attribute))),
      members: members.map(({ attribute }) => attribute.attrName ?? ''),
    }
  })
}

const FD_NAMES = { kvm: '/dev/kvm', vm: 'a VM', vcpu: 'a vCPU', device: 'a device' } as const

function requestTopics(): Topic[] {
  return Object.entries<Request>(REQUESTS).map(([name, request]) => {
    const withAttributes = /^KVM_(SET|GET)_DEVICE_ATTR$/.exec(name)?.[1]?.toLowerCase()
    return {
      kind: 'ioctl',
      name,
      aliases: [...shortNames(name), hex(request.number)],
      what: REQUEST_NOTES[name] ?? '',
      facts: facts({
        number: hex(request.number),
        on: request.on.map(fd => FD_NAMES[fd]).join(', '),
        argument: argumentName(request),
        capability: request.capability,
      }),
      see: [`Documentation/virt/kvm/api.rst, ${name} (v7.3)`],
      ...(withAttributes === undefined
        ? { rows: rowsOf(name) }
        : {
            rows: attributeRows(withAttributes as 'set' | 'get'),
            members: attributes().map(({ attribute }) => attribute.attrName ?? attribute.groupName),
          }),
    }
  })
}

function attributeRows(direction: 'set' | 'get'): Row[] {
  return attributes().flatMap(({ attribute }) =>
    rowsOf(attributeLabel(attribute)).filter(({ errno }) =>
      attribute.errors[direction]?.includes(errno),
    ),
  )
}

function argumentName({ argument }: Request): string {
  if (argument === 'nothing') return 'none'
  return argument === 'number' ? 'a number' : typeName(argument)
}

function typeName(type: { readonly name: string; readonly size: number }): string {
  return `${type instanceof Struct ? 'struct ' : ''}${type.name} (${type.size} bytes)`
}

/** What the catalogue knows besides ioctls and attributes: opening /dev/kvm. */
function systemCallTopics(): Topic[] {
  const known = new Set([
    ...Object.keys(REQUESTS),
    ...attributes().map(({ attribute }) => attributeLabel(attribute)),
  ])
  return Object.keys(catalogue())
    .filter(key => !known.has(key))
    .map(key => ({
      kind: 'system call',
      name: key,
      aliases: key.split(' '),
      what: 'a system call that is no ioctl',
      facts: [],
      rows: rowsOf(key),
    }))
}

function deviceTopics(): Topic[] {
  return Object.entries(DEVICE_TYPES).map(([name, number]) => ({
    kind: 'device type',
    name,
    aliases: shortNames(name),
    what: '',
    ...DEVICE_NOTES[name],
    facts: facts({
      number: `${number}, for KVM_CREATE_DEVICE`,
      attributes: attributes()
        .filter(({ on }) => on.includes(name))
        .map(({ attribute }) => attribute.attrName ?? attribute.groupName)
        .join(', '),
    }),
    rows: [],
  }))
}

function capabilityTopics(): Topic[] {
  return Object.entries(CAPABILITIES).map(([name, number]) => {
    const requests = Object.entries<Request>(REQUESTS).filter(([, row]) => row.capability === name)
    const features = Object.entries(FEATURE_NOTES).filter(([, row]) => row.capability === name)
    const announced = [...requests, ...features].map(([each]) => each)
    const bare = announced.length > 0 ? `announces ${announced.join(', ')}` : 'a capability of KVM'
    return {
      kind: 'capability',
      name,
      aliases: shortNames(name),
      what: CAPABILITY_NOTES[name] ?? bare,
      facts: facts({
        number: `${number}, for KVM_CHECK_EXTENSION, which answers 0 for no`,
        announces: announced.join(', '),
      }),
      see: [KERNEL_HEADER],
      rows: [],
    }
  })
}

function featureTopics(): Topic[] {
  return Object.entries(VCPU_FEATURES).map(([name, bit]) => {
    const { capability, ...note } = FEATURE_NOTES[name] ?? { what: '' }
    return {
      kind: 'vCPU feature',
      name,
      aliases: shortNames(name),
      ...note,
      facts: facts({
        bit: `${bit} of kvm_vcpu_init.features, for KVM_ARM_VCPU_INIT`,
        capability,
      }),
      see: [FEATURES_SEE, ...(note.see ?? [])],
      rows: [],
    }
  })
}

function exitTopics(): Topic[] {
  const topic = (kind: Kind, name: string, number: number | bigint, of: string): Topic => ({
    kind,
    name,
    aliases: [...shortNames(name), ...(kind === 'KVM exit reason' ? [`${number}`] : [])],
    ...(EXIT_NOTES[name] ?? { what: '' }),
    facts: [['number', `${number}, in ${of}`]],
    rows: [],
  })
  const unsupported = topic(
    'KVM exit reason',
    'KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED',
    KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED,
    'kvm_run.fail_entry.hardware_entry_failure_reason of a KVM_EXIT_FAIL_ENTRY',
  )
  return [
    ...Object.entries(EXIT_REASONS).map(([name, number]) =>
      topic('KVM exit reason', name, number, 'kvm_run.exit_reason'),
    ),
    { ...unsupported, aliases: shortNames(unsupported.name) },
    ...Object.entries(SYSTEM_EVENTS).map(([name, number]) =>
      topic('system event', name, number, 'kvm_run.system_event.type'),
    ),
    ...Object.entries(INTERNAL_ERRORS).map(([name, number]) =>
      topic('internal error', name, number, 'kvm_run.internal.suberror'),
    ),
  ]
}

function termTopics(): Topic[] {
  return Object.entries(TERMS).map(([name, { aliases = [], ...note }]) => ({
    kind: 'term',
    name,
    aliases,
    ...note,
    facts: [],
    rows: [],
  }))
}

function hex(number: number): string {
  return `0x${number.toString(16)}`
}
