import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { goodPart, type Machine } from '../../../src/look/facts.ts'
import { placesOf, type Place } from '../../../src/look/places.ts'
import { renderTable } from '../../../src/look/table.ts'
import { treeTable, type Branches } from '../../../src/look/tree.ts'
import {
  BIG_LITTLE,
  HOLES,
  hostOf,
  hosts,
  M1,
  NO_PMU,
  PHONE,
  QUADRANTS,
  RK3588,
  TWO_SOCKETS,
  UNIFORM,
  withKvm,
} from './hosts.ts'

function drawn(machine: Machine, branches: Branches = 'unicode'): string {
  const { header, rows } = treeTable(machine.host!, goodPart(machine, 'pmus'), branches)
  return renderTable(header, rows).join('\n')
}

describe('the tree', () => {
  it('is one line where all CPUs are alike', () => {
    expect(drawn(withKvm(UNIFORM))).toBe(`\
TOPOLOGY  CORE                   PMU            TYPE  SET_PMU   COUNTERS  DEFAULT
CPUs 0-3  Cortex-A72 r0p2 (Arm)  armv8_pmuv3_0     8  accepted         6  yes`)
  })

  it('says of each cluster what its cores are and what KVM takes', () => {
    expect(drawn(withKvm(BIG_LITTLE, { armv8_cortex_a72: 'ENXIO' }))).toBe(`\
TOPOLOGY                CORE                   CAPACITY  PMU               TYPE  SET_PMU   COUNTERS  DEFAULT
CPUs 0-5
├─ cluster 0: CPUs 0-3  Cortex-A53 r0p4 (Arm)       485  armv8_cortex_a53     8  accepted         6  yes
└─ cluster 1: CPUs 4-5  Cortex-A72 r0p2 (Arm)      1024  armv8_cortex_a72     9  ENXIO            -  -`)
  })

  it('does not join a few that are alike', () => {
    expect(drawn(withKvm(RK3588))).toBe(`\
TOPOLOGY                CORE                   CAPACITY  PMU               TYPE  SET_PMU   COUNTERS  DEFAULT
CPUs 0-7
├─ cluster 0: CPUs 0-3  Cortex-A55 r1p0 (Arm)       414  armv8_cortex_a55     8  accepted         6  yes
├─ cluster 1: CPUs 4-5  Cortex-A76 r4p0 (Arm)      1024  armv8_cortex_a76     9  accepted         6  yes
└─ cluster 2: CPUs 6-7  Cortex-A76 r4p0 (Arm)      1024  armv8_cortex_a76     9  accepted         6  yes`)
  })

  it('divides by kind of core and capacity within a cluster', () => {
    expect(drawn(withKvm(PHONE))).toBe(`\
TOPOLOGY     CORE                   CAPACITY  PMU               TYPE  SET_PMU   COUNTERS  DEFAULT
CPUs 0-7
├─ CPUs 0-3  Cortex-A55 r1p0 (Arm)       261  armv8_cortex_a55     8  accepted         6  yes
├─ CPUs 4-6  Cortex-A76 r4p0 (Arm)       871  armv8_cortex_a76     9  accepted         6  yes
└─ CPU 7     Cortex-A76 r4p0 (Arm)      1024  armv8_cortex_a76     9  accepted         6  yes`)
  })

  it('keeps the two halves of an M1 apart', () => {
    expect(drawn(withKvm(M1))).toBe(`\
TOPOLOGY                CORE                       PMU                  TYPE  SET_PMU   COUNTERS  DEFAULT
CPUs 0-7
├─ cluster 0: CPUs 0-3  Icestorm-M1 r1p1 (Apple)   apple_icestorm_pmu      8  accepted         6  yes
└─ cluster 1: CPUs 4-7  Firestorm-M1 r1p1 (Apple)  apple_firestorm_pmu     9  accepted         6  yes`)
  })

  it('is short for a server with two sockets', () => {
    expect(drawn(withKvm(TWO_SOCKETS))).toBe(`\
TOPOLOGY                                                 CORE                    PMU            TYPE  SET_PMU   COUNTERS  DEFAULT
CPUs 0-255
├─ package 36, node 0, 64 clusters of 2: CPUs 0-127      Neoverse-N1 r3p1 (Arm)  armv8_pmuv3_0     8  accepted         6  yes
└─ package 4036, node 1, 64 clusters of 2: CPUs 128-255  Neoverse-N1 r3p1 (Arm)  armv8_pmuv3_0     8  accepted         6  yes`)
  })

  it('has NUMA nodes in one socket, and threads of cores', () => {
    expect(drawn(withKvm(QUADRANTS))).toBe(`\
TOPOLOGY               CORE                          THREADS  PMU            TYPE  SET_PMU   COUNTERS  DEFAULT
CPUs 0-63
├─ node 0: CPUs 0-15   ThunderX2-99xx r1p1 (Cavium)        4  armv8_pmuv3_0     8  accepted         6  yes
├─ node 1: CPUs 16-31  ThunderX2-99xx r1p1 (Cavium)        4  armv8_pmuv3_0     8  accepted         6  yes
├─ node 2: CPUs 32-47  ThunderX2-99xx r1p1 (Cavium)        4  armv8_pmuv3_0     8  accepted         6  yes
└─ node 3: CPUs 48-63  ThunderX2-99xx r1p1 (Cavium)        4  armv8_pmuv3_0     8  accepted         6  yes`)
  })

  it('has CPUs that are offline, absent or without a PMU, in ASCII', () => {
    expect(drawn(withKvm(HOLES), 'ascii')).toBe(`\
TOPOLOGY                STATE    CORE                   PMU            TYPE  SET_PMU   COUNTERS  DEFAULT
CPUs 0-7
|- cluster 0: CPUs 0-2  online   Cortex-A72 r0p2 (Arm)  armv8_pmuv3_0     8  accepted         6  yes
|- cluster 1: CPU 4     online   Cortex-A53 r0p4 (Arm)  none              -  -                -  -
|- CPU 3                offline  -                      armv8_pmuv3_0     8  accepted         6  yes
|- CPU 5                offline  -                      -                 -  -                -  -
\`- CPUs 6-7             absent   -                      -                 -  -                -  -`)
  })

  it('says what is known without KVM', () => {
    expect(drawn({ host: NO_PMU })).toBe(`\
TOPOLOGY  CORE                   PMU
CPUs 0-1  Cortex-A72 r0p2 (Arm)  none`)
  })

  it('tells a list of CPUs in short that nobody would read', () => {
    const groups = Array.from({ length: 60 }, (_, i) => ({ count: 1, midr: BigInt(i % 2) }))
    expect(drawn({ host: hostOf(...groups) })).toMatch(/^├─ 30 CPUs from 0 to 58 /m)
  })

  it('has a line for each of 8192 CPUs that have little in common', () => {
    const groups = Array.from({ length: 8192 }, (_, i) => ({
      count: 1,
      midr: BigInt(i % 3),
      packageId: i >> 8,
      clusterId: i >> 2,
      pmu: `pmu${i % 3}`,
    }))
    expect(drawn({ host: hostOf(...groups) }).split('\n').length).toBeGreaterThan(8192)
  })
})

describe('the places of any machine', () => {
  const leaves = (place: Place): readonly Place[] =>
    place.parts.length === 0 ? [place] : place.parts.flatMap(leaves)

  it('hold every CPU once, and parts together what the whole does', () => {
    fc.assert(
      fc.property(hosts, host => {
        const sorted = (cpus: readonly number[]) => cpus.toSorted((a, b) => a - b)
        const check = (place: Place) => {
          if (place.parts.length === 0) return
          expect(place.parts.length).toBeGreaterThan(1)
          expect(sorted(place.parts.flatMap(({ cpus }) => cpus))).toEqual(sorted(place.cpus))
          place.parts.forEach(check)
        }
        const root = placesOf(host)
        check(root)
        expect(sorted(leaves(root).flatMap(({ cpus }) => cpus))).toEqual(host.possible)
        expect(leaves(root).filter(({ kind }) => kind === undefined)).toEqual([])
      }),
    )
  })
})
