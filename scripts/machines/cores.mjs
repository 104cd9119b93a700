/*
 * What is the same on every machine with such a core. `pmceid` is PMCEID0_EL0 and PMCEID1_EL0 of the
 * hardware: the events that Linux's perf lists for the core, and CHAIN, which it does not list.
 */

const QEMU = 'QEMU, id_aa64dfr0 of the core in cpu64.c of target/arm'
const PERF = 'Linux 6.12, tools/perf/pmu-events/arch/arm64/arm'

const counters = core => ({
  fact: `a ${core} has 6 event counters and the cycle counter`,
  source: `Arm, ${core} Technical Reference Manual, Performance Monitor Unit`,
})

const events = (core, folder) => ({
  fact: `the common events of a ${core}`,
  source: `${PERF}/${folder}/*.json, written by Arm`,
})

const version = (core, value) => ({
  fact: `ID_AA64DFR0_EL1.PMUVer of a ${core} is ${value}`,
  source: QEMU,
})

/** The core in another revision. */
export const revision = (core, midr) => ({ ...core, midr })

export const CORTEX_A53 = {
  midr: 0x410fd034,
  counters: 6,
  pmuVer: 1,
  aarch32: true,
  pmceid: [0x67ffbfffn, 0n],
  published: [
    counters('Cortex-A53'),
    version('Cortex-A53', 1),
    {
      fact: 'PMCEID0_EL0 of a Cortex-A53 with an L2 cache is 0x67ffbfff, and PMCEID1_EL0 is 0',
      source:
        'event numbers of Broadcom’s BUZZZ tracer for Cortex-A53, in published router firmware',
    },
  ],
}

export const CORTEX_A55 = {
  midr: 0x412fd050,
  counters: 6,
  pmuVer: 4,
  aarch32: true,
  pmceid: [0x7fffffffn, 0x1f0ae7fn],
  published: [counters('Cortex-A55'), events('Cortex-A55', 'cortex-a55')],
  assumed: ['ID_AA64DFR0_EL1.PMUVer of a Cortex-A55: 4, as in Armv8.2'],
}

export const CORTEX_A72 = {
  midr: 0x410fd082,
  counters: 6,
  pmuVer: 1,
  aarch32: true,
  pmceid: [0x7fff0f3fn, 0n],
  published: [
    counters('Cortex-A72'),
    version('Cortex-A72', 1),
    events('Cortex-A72', 'cortex-a57-a72'),
  ],
}

export const CORTEX_A76 = {
  midr: 0x414fd0b0,
  counters: 6,
  pmuVer: 4,
  aarch32: true,
  pmceid: [0x7fff0f3fn, 0xf2ae7fn],
  published: [counters('Cortex-A76'), version('Cortex-A76', 4), events('Cortex-A76', 'cortex-a76')],
}

export const NEOVERSE_N1 = {
  midr: 0x413fd0c1,
  counters: 6,
  pmuVer: 4,
  aarch32: true,
  pmceid: [0xf7fff0f3fn, 0xf2ae7fn],
  published: [
    counters('Neoverse N1'),
    version('Neoverse N1', 4),
    events('Neoverse N1', 'neoverse-n1'),
  ],
}

export const NEOVERSE_V1 = {
  midr: 0x411fd401,
  counters: 6,
  pmuVer: 5,
  aarch32: true,
  slots: 8,
  pmceid: [0xa7f7fff0f3fn, 0xfef2ae7fn],
  published: [events('Neoverse V1', 'neoverse-v1')],
  assumed: ['event counters of a Neoverse V1: 6, as of a Neoverse N1',
    'ID_AA64DFR0_EL1.PMUVer of a Neoverse V1: 5, as in Armv8.4; PMMIR_EL1.SLOTS: 8'],
}

export const NEOVERSE_V2 = {
  midr: 0x410fd4f1,
  counters: 6,
  pmuVer: 6,
  aarch32: false,
  slots: 8,
  pmceid: [0xf0f1a7f7fff0f3fn, 0x77fef2ae7fn],
  published: [events('Neoverse V2', 'neoverse-n2-v2')],
  assumed: [
    'event counters of a Neoverse V2: 6, as of a Neoverse N1',
    'ID_AA64DFR0_EL1.PMUVer of a Neoverse V2: 6, as in Armv8.5; PMMIR_EL1.SLOTS: 8',
    'events of tracing and memory tags: as perf lists them for Neoverse N2 and V2 together',
  ],
}

/** Linux makes up what guests see: the driver counts for them, and there is no PMCEID in hardware. */
const APPLE = {
  counters: 1,
  pmuVer: 1,
  aarch32: false,
  synthetic: true,
  pmceid: [0x40020101n, 0x6n],
  driverEvents: { cycles: 0x02, instructions: 0x8c },
}

export const ICESTORM_M1 = { ...APPLE, midr: 0x611f0221, published: [] }
export const FIRESTORM_M1 = { ...APPLE, midr: 0x611f0231, published: [] }

export const ORYON = { midr: 0x511f0011, published: [] }
