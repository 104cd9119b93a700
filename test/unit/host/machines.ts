/*
 * What sysfs says on machines we do not have, as files for `madeSysfs`.
 */

type Files = Record<string, string>

interface Machine {
  readonly possible: string
  readonly present?: string
  readonly online?: string
  /** By CPU; an offline CPU has none. */
  readonly midrs: Readonly<Record<number, string>>
  readonly capacities?: Readonly<Record<number, number>>
}

/** Below `devices/system/cpu`. */
export function cpuFiles(machine: Machine): Files {
  const { possible, present = possible, online = present, midrs, capacities = {} } = machine
  const base = 'devices/system/cpu'
  const perCpu = (values: Readonly<Record<number, string | number>>, name: string) =>
    Object.fromEntries(
      Object.entries(values).map(([cpu, value]) => [`${base}/cpu${cpu}/${name}`, `${value}\n`]),
    )
  return {
    [`${base}/possible`]: `${possible}\n`,
    [`${base}/present`]: `${present}\n`,
    [`${base}/online`]: `${online}\n`,
    ...perCpu(midrs, 'regs/identification/midr_el1'),
    ...perCpu(capacities, 'cpu_capacity'),
  }
}

/** Below `bus/event_source/devices`; the values are whole lines. */
export function pmuFiles(name: string, files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([file, line]) => [
      `bus/event_source/devices/${name}/${file}`,
      `${line}\n`,
    ]),
  )
}

const NO_CAPS = {
  'caps/slots': '0x00000000',
  'caps/bus_slots': '0x00000000',
  'caps/bus_width': '0x00000000',
  'caps/threshold_max': '0x00000000',
}

const A53 = '0x00000000410fd034'
const A72 = '0x00000000410fd082'

/** A board with big.LITTLE; perf types are not in the order of the CPUs. */
export const RK3399: Files = {
  ...cpuFiles({
    possible: '0-5',
    midrs: { 0: A53, 1: A53, 2: A53, 3: A53, 4: A72, 5: A72 },
    capacities: { 0: 485, 1: 485, 2: 485, 3: 485, 4: 1024, 5: 1024 },
  }),
  ...pmuFiles('software', { type: '1' }),
  ...pmuFiles('armv8_cortex_a53', {
    type: '8',
    cpus: '0-3',
    ...NO_CAPS,
    'events/cpu_cycles': 'event=0x0011',
    'events/ld_retired': 'event=0x0006',
  }),
  ...pmuFiles('armv8_cortex_a72', {
    type: '7',
    cpus: '4-5',
    ...NO_CAPS,
    'events/cpu_cycles': 'event=0x0011',
    'events/inst_spec': 'event=0x001b',
  }),
}

/** A server of the cloud, with ACPI; the mesh and SPE have PMUs that are not the cores'. */
export const GRAVITON3: Files = {
  ...cpuFiles({ possible: '0-1', midrs: { 0: '0x00000000411fd401', 1: '0x00000000411fd401' } }),
  ...pmuFiles('armv8_pmuv3_0', {
    type: '9',
    cpus: '0-1',
    ...NO_CAPS,
    'caps/slots': '0x00000008',
    'events/cpu_cycles': 'event=0x0011',
    'events/stall_slot': 'event=0x003f',
  }),
  ...pmuFiles('arm_cmn_0', { type: '10', cpumask: '0' }),
  ...pmuFiles('arm_spe_0', { type: '11', cpumask: '0-1' }),
}

/** Apple's driver has no caps. */
export const APPLE_M1: Files = {
  ...cpuFiles({
    possible: '0-3',
    midrs: {
      0: '0x00000000611f0221',
      1: '0x00000000611f0221',
      2: '0x00000000611f0231',
      3: '0x00000000611f0231',
    },
  }),
  ...pmuFiles('apple_icestorm_pmu', {
    type: '10',
    cpus: '0-1',
    'events/cycles': 'event=0x0002',
    'events/instructions': 'event=0x008c',
  }),
  ...pmuFiles('apple_firestorm_pmu', {
    type: '11',
    cpus: '2-3',
    'events/cycles': 'event=0x0002',
    'events/instructions': 'event=0x008c',
  }),
}

/** Room for 8 CPUs, 6 are there, 4 run; no PMU knows of CPUs that never ran. */
export const HOTPLUG: Files = {
  ...cpuFiles({
    possible: '0-7',
    present: '0-5',
    online: '0-2,5',
    midrs: { 0: A72, 1: A72, 2: A72, 5: '0x00000000410fabc2' },
  }),
  ...pmuFiles('armv8_pmuv3_0', { type: '8', cpus: '0-3' }),
}

/** A virtual machine without a vPMU on a server: only an interconnect counts. */
export const UNCORE_ONLY: Files = {
  ...cpuFiles({ possible: '0-1', midrs: { 0: A72, 1: A72 } }),
  ...pmuFiles('software', { type: '1' }),
  ...pmuFiles('smmuv3_pmcg_2b442', { type: '9', cpumask: '0' }),
  ...pmuFiles('hisi_sccl1_ddrc0', { type: '10', cpumask: '0' }),
}
