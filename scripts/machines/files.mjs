import { PMU_EVENTS } from '../../dist/pmu/events.js'
import { decodePmceid } from '../../dist/pmu/pmceid.js'

const CPU = '/sys/devices/system/cpu'
const NODE = '/sys/devices/system/node'
const PMU = '/sys/bus/event_source/devices'

/** `0,3-5` as numbers. */
export function cpuList(list) {
  return list.split(',').flatMap(range => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/** What the machine has in /sys and /proc, by path. */
export function filesOf({ groups, pmus, nodes }) {
  const cpus = groups.flatMap(({ cpus }) => cpuList(cpus))
  const all = `0-${cpus.length - 1}`
  return new Map([
    ...['possible', 'present', 'online'].map(name => [`${CPU}/${name}`, all]),
    ['/proc/self/status', `Cpus_allowed_list:\t${all}`],
    ['/proc/self/cpuset', '/'],
    ['/proc/self/mountinfo', '1 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw'],
    ...pmus.flatMap(filesOfPmu),
    ...(nodes ?? [all]).map((list, node) => [`${NODE}/node${node}/cpulist`, list]),
    ...groups.flatMap(filesOfGroup),
  ])
}

/** Drivers of PMUv3 have caps; Apple's has none, and events of its own. */
function filesOfPmu({ name, type, cpus, core }) {
  const base = `${PMU}/${name}`
  const { slots = 0, driverEvents = pmuv3Events(core) } = core
  const caps = { bus_slots: 0, bus_width: 0, slots, threshold_max: 0 }
  return [
    [`${base}/cpus`, cpus],
    [`${base}/type`, `${type}`],
    ...(core.driverEvents ? [] : Object.entries(caps)).map(([cap, value]) => [
      `${base}/caps/${cap}`,
      hex(value, 8),
    ]),
    ...Object.entries(driverEvents).map(([event, number]) => [
      `${base}/events/${event}`,
      `event=${hex(number, 4)}`,
    ]),
  ]
}

/** Of those PMCEID names: SW_INCR and CHAIN are left out by the driver, since they are no use alone. */
function pmuv3Events({ pmceid }) {
  const known = pmceid ? decodePmceid(...pmceid) : []
  return Object.fromEntries(
    Object.entries(PMU_EVENTS)
      .filter(([name, number]) => known.includes(number) && !['SW_INCR', 'CHAIN'].includes(name))
      .map(([name, number]) => [name.toLowerCase(), number])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

function filesOfGroup({ cpus, core, package: packageId = 0, cluster, capacity = 1024, coreId }) {
  return cpuList(cpus).flatMap((cpu, index) => {
    const base = `${CPU}/cpu${cpu}`
    return [
      [`${base}/topology/physical_package_id`, `${packageId}`],
      ...(cluster ? [[`${base}/topology/cluster_id`, `${cluster(cpu)}`]] : []),
      [`${base}/topology/core_id`, `${coreId ? coreId(cpu) : index}`],
      [`${base}/topology/thread_siblings_list`, `${cpu}`],
      [`${base}/regs/identification/midr_el1`, hex(core.midr, 16)],
      [`${base}/cpu_capacity`, `${capacity}`],
    ]
  })
}

function hex(value, digits) {
  return `0x${value.toString(16).padStart(digits, '0')}`
}
