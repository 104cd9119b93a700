import { encodeMachine } from '../../dist/look/saved.js'
import { filesOf } from './files.mjs'
import { kvmOf, NO_KVM } from './kvm.mjs'

/** What nobody measured of any of them. */
const ASSUMED_OF_ALL = 'perf types and affinity; PMUs that are no core’s are left out'

const assumedOfKvm = kernel =>
  `KVM’s answers: what the code of Linux ${kernel} says on such a machine, the rest as tsvmm lab’s emulated host on Linux 6.12`

const ASSUMED_OF_PMCEID = 'PMCEID0_EL0 and PMCEID1_EL0: just the events published for the core'

/**
 * A machine as the text of its file.
 *
 * @param machine `name`, `kernel`; `groups` of CPUs that are alike, with their `core` (of cores.mjs);
 *   `pmus`; `kvm` (undefined where Linux has none); what is `published`, and what `assumed` beyond
 *   what is assumed of all
 */
export function encodeDescribed(machine) {
  const { name, kernel, groups, published, assumed, kvm } = machine
  const cores = [...new Set(groups.map(({ core }) => core))]
  const fromCores = cores.flatMap(core => core.published)
  const knowsEvents = cores.some(core => core.pmceid && !core.synthetic)
  return encodeMachine({
    tsvmm: '0.1.0',
    about: {
      name: `${name}, Linux ${kernel}`,
      published: [...published, ...fromCores],
      assumed: [
        ...assumed,
        ...cores.flatMap(core => core.assumed ?? []),
        ...(knowsEvents ? [ASSUMED_OF_PMCEID] : []),
        ...(kvm ? [assumedOfKvm(kernel)] : []),
        ASSUMED_OF_ALL,
      ],
    },
    files: filesOf(machine),
    kvm: kvm ? kvmOf(machine) : NO_KVM,
  })
}
