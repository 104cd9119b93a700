import { EXIT_CODES, TsvmmError } from '../errors/index.ts'
import { renderMidr, type HostFacts } from '../host/index.ts'
import { pmuEventName } from '../pmu/events.ts'
import { renderPmuVersion } from '../pmu/version.ts'
import type { GuestView } from '../vm/identify.ts'
import type { KvmFacts } from '../vm/look.ts'
import { coresOf, pmuOf, type Probed } from './facts.ts'
import { hex } from './hex.ts'

/** Version of the object that `--json` writes; raised when a field changes its meaning or goes. */
const SCHEMA_VERSION = 1

/** What `--json` says of it: schema/probe.schema.json describes it. */
export function probedToJson({ topic, source, about, host, kvm }: Probed): object {
  return {
    topic,
    source,
    about,
    host: host && jsonHost(host),
    kvm: kvm instanceof TsvmmError ? { error: jsonError(kvm) } : kvm && jsonKvm(kvm),
  }
}

function jsonHost(host: HostFacts): object {
  const { possible, present, online, offline, uncovered, affinity, cpuset, problems } = host
  return {
    cpus: { possible, present, online, offline, uncovered },
    affinity,
    cpuset,
    cores: host.cores.map(({ cpu, midr, capacity, ...place }) => ({
      cpu,
      ...(midr !== undefined && { midr: hex(midr), core: renderMidr(midr) }),
      capacity,
      pmu: pmuOf(host, cpu)?.name,
      ...place,
    })),
    pmus: host.pmus.map(pmu => ({ ...pmu, cores: coresOf(host, pmu) })),
    problems,
  }
}

function jsonKvm({ apiVersion, pmus, guests, capabilities, vms }: KvmFacts): object {
  return {
    apiVersion,
    pmus: orError(pmus),
    guests: guests instanceof TsvmmError ? orError(guests) : guests?.map(jsonView),
    capabilities:
      capabilities instanceof TsvmmError
        ? orError(capabilities)
        : capabilities &&
          Object.fromEntries(capabilities.map(({ name, value }) => [name, value ?? null])),
    vms: orError(vms),
  }
}

function jsonView({ events, pmuVer, ...view }: GuestView): object {
  return {
    ...view,
    pmuVer,
    pmuVersion: pmuVer === undefined ? undefined : renderPmuVersion(pmuVer),
    events: events?.map(number => ({ number, name: pmuEventName(number) ?? null })),
  }
}

function orError(part: object | undefined): object | undefined {
  return part instanceof TsvmmError ? { error: jsonError(part) } : part
}

function jsonError({ code, message, why, try: steps, see }: TsvmmError): object {
  return { code, message, why, try: steps, see }
}

/** The object of `--json` as text: what every probe says, and the error if there is one. */
export function renderJson(fields: object, error: TsvmmError | undefined): string {
  const object = {
    schemaVersion: SCHEMA_VERSION,
    command: 'probe',
    exitStatus: error?.exitStatus ?? EXIT_CODES.ok.status,
    ...fields,
    ...(error && { error: jsonError(error) }),
  }
  return `${JSON.stringify(object, null, 2)}\n`
}
